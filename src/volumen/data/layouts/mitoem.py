"""MitoEM: mitochondria of human and rat cortex, as numbered slices of which the first half is labelled."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from volumen.data.cases import Case
from volumen.data.folds import Fold
from volumen.data.frames import Frame
from volumen.data.inspection import OUTSIDE, Faults
from volumen.data.layouts.layout import Draft, Layout, read_voxel_size
from volumen.data.layouts.slices import find_slices
from volumen.data.values import LabelValues
from volumen.errors import MissingError

LABEL = "mitochondria"
_IMAGES, _LABELS = "-im", "-mito-train-val-v2"
LABELLED = {"train": "mito-train-v2", "val": "mito-val-v2"}


@dataclass(frozen=True)
class Stack:
    """The folders of one volume; its name is that of the folder it lies in, if that is not the data set's."""

    name: str
    images: Path
    labels: dict[str, Path]


@dataclass(frozen=True)
class MitoemLayout(Layout):
    """`im/im0000.png` …, `mito-train-v2/seg0000.tif` … and `mito-val-v2/seg0400.tif` … in one folder.

    Both volumes may lie beside each other, each in a folder of its own (`human/`, `rat/`), and either of them in the
    two folders that its archives make (`EM30-R-im/`, `EM30-R-mito-train-val-v2/`). Images of slices without labels are
    not used. Slices to learn from and to judge by are two cases, and that is the split.

    Args:
        voxel_size: nm (z y x).
    """

    voxel_size: Sequence[float] = (30, 8, 8)

    @staticmethod
    def recognise(root: Path) -> bool:
        """Whether there are images with labels of that name."""
        return bool(list_stacks(root))

    def draft(self, root: str, faults: Faults) -> Draft:
        """Two cases a volume."""
        stacks = list_stacks(Path(root))
        if not stacks:
            raise MissingError(
                f"{root} has no folder im/ with mito-train-v2/ beside it; volumen data download mitoem brings both"
            )
        cases = [case for stack in stacks for case in self._draft_stack(stack, faults)]
        training, validation = ([case.name for case in cases if case.name.endswith(part)] for part in LABELLED)
        folds = (Fold(0, tuple(training), tuple(validation)),) if training and validation else None
        return Draft(cases, folds)

    def _draft_stack(self, stack: Stack, faults: Faults) -> Iterator[Case]:
        """A case for each folder of labels."""
        images = find_slices(stack.images, faults)
        for part, folder in stack.labels.items():
            labels = find_slices(folder, faults)
            if images is None or labels is None:
                continue
            start = labels.first - images.first
            if start < 0 or start + labels.count > images.count:
                faults.add(OUTSIDE, f"{folder} (slices {labels.first} to {labels.first + labels.count - 1})")
                continue
            yield Case(
                f"{stack.name}_{part}".lstrip("_"),
                images.spec,
                {LABEL: labels.spec},
                voxel_size=read_voxel_size(self.voxel_size),
                group=stack.name or None,
                frame=Frame(starts={labels.spec: (start, 0, 0)}),
                values={LABEL: LabelValues(ignore=())},
            )


def list_stacks(root: Path) -> list[Stack]:
    """Every volume in a folder or in the folders inside it."""
    inside = sorted(path for path in root.iterdir() if path.is_dir())
    stacks = [
        stack for place in (root, *inside) for stack in _list_stacks_in(place, "" if place == root else place.name)
    ]
    return [stack for stack in stacks if stack.labels and stack.images.is_dir()]


def _list_stacks_in(place: Path, name: str) -> Iterator[Stack]:
    """Volumes of one folder: of `im/`, and of each `NAME-im/`; the archive of labels may be a folder of its own."""
    archives = sorted(place.glob(f"*{_LABELS}"))
    yield Stack(name, place / "im", _find_labels(place) or _find_labels(archives[0] if archives else place))
    for images in sorted(place.glob(f"*{_IMAGES}")):
        own = images.name.removesuffix(_IMAGES)
        yield Stack(own, _enter(images, "im"), _find_labels(place / f"{own}{_LABELS}") or _find_labels(place))


def _find_labels(place: Path) -> dict[str, Path]:
    return {part: place / name for part, name in LABELLED.items() if (place / name).is_dir()}


def _enter(place: Path, name: str) -> Path:
    """A folder of that name inside, or the place itself."""
    return place / name if (place / name).is_dir() else place
