"""Whether a case's volumes fit together, judged by the heads of their files."""

from dataclasses import replace
from pathlib import Path

from volumen.data.cases import Case
from volumen.errors import VolumenError
from volumen.geometry import Shape
from volumen.volumes import Volume, open_volume

UNREADABLE = "unreadable"
NOT_3D = "not 3D"
OTHER_SHAPE = "of another shape than its image"
NOT_INTEGER = "labels that are not whole numbers"


class Faults:
    """What is wrong with a data set, gathered by kind and told in one line."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._places: dict[str, list[str]] = {}

    def add(self, kind: str, *places: str) -> None:
        """Remember faults of one kind."""
        if places:
            self._places.setdefault(kind, []).extend(places)

    def kinds(self) -> set[str]:
        """The kinds that were found."""
        return set(self._places)

    def __str__(self) -> str:
        kinds = [f"{kind} ({len(places)}): {', '.join(places)}" for kind, places in self._places.items()]
        return f"cases in {self._root}: {'; '.join(kinds)}"


def inspect_case(case: Case, faults: Faults, *, flat: bool) -> Case:
    """The case with its voxel size; what is wrong with its volumes goes into `faults`."""
    image = _open_part(case.image, faults, flat=flat)
    if image is None:
        return case
    for spec in case.labels.values():
        labels = _open_part(spec, faults, flat=True)
        if labels is not None:
            _compare_shapes(spec, labels.shape, image.shape, faults)
            if labels.dtype.kind not in "biu":
                faults.add(NOT_INTEGER, f"{_name(spec)} ({labels.dtype})")
    for spec in filter(None, (case.mask, *case.label_masks.values())):
        mask = _open_part(spec, faults, flat=True)
        if mask is not None:
            _compare_shapes(spec, mask.shape, image.shape, faults)
    return replace(case, voxel_size=image.voxel_size)


def _open_part(spec: str, faults: Faults, *, flat: bool) -> Volume | None:
    """The volume if it is one and 3D."""
    try:
        volume = open_volume(spec)
        shape, channels = volume.shape, volume.channels
    except VolumenError as error:
        faults.add(UNREADABLE, str(error))
        return None
    if channels is not None:
        faults.add(NOT_3D, f"{_name(spec)} ({_write_shape((channels, *shape))})")
        return None
    if shape[0] == 1 and not flat:
        faults.add(NOT_3D, f"{_name(spec)} (one slice; set data.patch_size to [1, …] to learn from slices)")
        return None
    return volume


def _compare_shapes(spec: str, shape: Shape, image: Shape, faults: Faults) -> None:
    if shape != image:
        faults.add(OTHER_SHAPE, f"{_name(spec)} ({_write_shape(shape)}, not {_write_shape(image)})")


def _write_shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


def _name(spec: str) -> str:
    """The folder and file that a user recognises."""
    return "/".join(Path(spec).parts[-2:])
