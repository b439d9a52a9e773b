"""Whether a case's volumes fit together, judged by the heads of their files."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from volumen.data.cases import Case
from volumen.data.placement import place_case
from volumen.errors import VolumenError
from volumen.geometry import Box, Shape
from volumen.volumes import Volume, open_volume

NO_LABEL = "images without a label"
NO_IMAGE = "labels or masks without an image"
NO_MASK = "images without a mask"
DOUBLE = "several volumes of one name"
MISSING = "missing"
UNREADABLE = "unreadable"
NOT_3D = "not 3D"
OTHER_SHAPE = "of another shape than its image"
OUTSIDE = "beyond the image's edge"
NOT_INTEGER = "labels that are not whole numbers"


class Faults:
    """What is wrong with a data set, gathered by kind and told in one line."""

    def __init__(self, root: str) -> None:
        self.root = root
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
        return f"cases in {self.root}: {'; '.join(kinds)}"


def inspect_case(case: Case, faults: Faults, *, flat: bool) -> Case:
    """The case with its voxel size and place; what is wrong with its volumes goes into `faults`."""
    images = [_open_part(spec, faults, flat=flat, channels=True) for spec in case.images]
    image, *others = images
    if image is None:
        return case
    for other in filter(None, others):
        _compare_shapes(other.spec, other.shape, image.shape, faults)
    labels = _open_all(case.labels.values(), faults)
    masks = _open_all(filter(None, (case.mask, *case.label_masks.values())), faults)
    floats = {spec for name, spec in case.labels.items() if case.find_values(name).floats}
    faults.add(
        NOT_INTEGER,
        *(
            f"{_name(spec)} ({volume.dtype})"
            for spec, volume in labels.items()
            if volume.dtype.kind not in "biu" and spec not in floats
        ),
    )
    placed = place_case(case, image, labels, masks)
    _check_extents(placed, image, labels | masks, faults)
    return replace(placed, voxel_size=case.voxel_size or image.voxel_size)


def _open_all(specs: Iterable[str], faults: Faults) -> dict[str, Volume]:
    """The volumes of labels or masks that can be read, each once."""
    opened = {spec: _open_part(spec, faults, flat=True) for spec in dict.fromkeys(specs)}
    return {spec: volume for spec, volume in opened.items() if volume is not None}


def _open_part(spec: str, faults: Faults, *, flat: bool, channels: bool = False) -> Volume | None:
    """The volume if it is one and 3D; `channels` when it may have several."""
    try:
        volume = open_volume(spec)
    except VolumenError as error:
        faults.add(UNREADABLE, str(error))
        return None
    if volume.channels is not None and not channels:
        faults.add(NOT_3D, f"{_name(spec)} ({_write_shape((volume.channels, *volume.shape))})")
        return None
    if volume.shape[0] == 1 and not flat:
        faults.add(NOT_3D, f"{_name(spec)} (one slice; set data.patch_size to [1, …] to learn from slices)")
        return None
    return volume


def _check_extents(case: Case, image: Volume, volumes: Mapping[str, Volume], faults: Faults) -> None:
    """Whether the image, the labels and the masks cover the case."""
    whole = Box.whole(image.shape)
    crop = case.frame.crop or whole
    if not whole.contains(crop) or not crop.size:
        faults.add(OUTSIDE, f"{case.name} ({crop} of {_write_shape(image.shape)})")
        return
    if not case.frame.flat:
        _check_labels(case, image, volumes, faults)
    beyond = [number for number in case.frame.skipped if not 0 <= number < image.shape[0]]
    if beyond:
        faults.add(OUTSIDE, f"{case.name} (slices {beyond} of {image.shape[0]} are to be skipped)")
    if case.frame.flat and case.frame.skipped:
        faults.add(OTHER_SHAPE, f"labels of {case.name} (one slice for all layers, of which none can be skipped)")


def _check_labels(case: Case, image: Volume, volumes: Mapping[str, Volume], faults: Faults) -> None:
    """Whether labels and masks cover the part of the image that the case is made of."""
    crop = case.frame.crop or Box.whole(image.shape)
    for spec, volume in volumes.items():
        if case.frame.crop is None:
            _compare_shapes(spec, volume.shape, image.shape, faults)
        elif not Box.whole(volume.shape).contains(case.frame.locate_labels(spec).box or crop):
            faults.add(OTHER_SHAPE, f"{_name(spec)} ({_write_shape(volume.shape)}, does not cover {crop})")


def _compare_shapes(spec: str, shape: Shape, image: Shape, faults: Faults) -> None:
    if shape != image:
        faults.add(OTHER_SHAPE, f"{_name(spec)} ({_write_shape(shape)}, not {_write_shape(image)})")


def _write_shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


def _name(spec: str) -> str:
    """The folder and file that a user recognises."""
    return "/".join(Path(spec).parts[-2:])
