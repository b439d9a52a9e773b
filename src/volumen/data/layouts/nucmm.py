"""NucMM: nuclei of the zebrafish brain (electron microscopy) and of mouse cortex (X-ray), as HDF5 crops."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from volumen.data.cases import Case
from volumen.data.folds import Fold
from volumen.data.inspection import NO_LABEL, Faults
from volumen.data.layouts.layout import Draft, Layout, read_voxel_size
from volumen.data.values import LabelValues
from volumen.errors import MissingError
from volumen.volumes import sort_naturally

LABEL = "nuclei"
PARTS = ("train", "val")


@dataclass(frozen=True)
class NucmmLayout(Layout):
    """`Image/train/*.h5` with `Label/train/*.h5`, and `val` likewise, which is the split.

    The files of a part belong together in their order, as the publisher's own scripts read them. The root is
    `Mouse (NucMM-M)/` or `Zebrafish (NucMM-Z)/`.

    Args:
        voxel_size: nm (z y x), which the files do not say.
    """

    voxel_size: Sequence[float] | None = None

    @staticmethod
    def recognise(root: Path) -> bool:
        """Whether there are folders of that name."""
        return all((root / kind / "train").is_dir() for kind in ("Image", "Label"))

    def draft(self, root: str, faults: Faults) -> Draft:
        """A case for each image."""
        parts = {part: list(self._draft_part(Path(root), part, faults)) for part in PARTS}
        if not parts["train"]:
            raise MissingError(
                f"{root} has no Image/train/*.h5 with labels; give the folder Mouse (NucMM-M) or its like"
            )
        training, validation = (tuple(case.name for case in parts[part]) for part in PARTS)
        folds = (Fold(0, training, validation),) if validation else None
        return Draft([*parts["train"], *parts["val"]], folds)

    def _draft_part(self, root: Path, part: str, faults: Faults) -> Iterator[Case]:
        images, labels = (sort_naturally(list((root / kind / part).glob("*.h5"))) for kind in ("Image", "Label"))
        if len(images) != len(labels):
            faults.add(NO_LABEL, f"{part} has {len(images)} images and {len(labels)} labels")
            return
        for image, label in zip(images, labels, strict=True):
            yield Case(
                f"{part}_{image.stem}",
                str(image),
                {LABEL: str(label)},
                voxel_size=read_voxel_size(self.voxel_size),
                values={LABEL: LabelValues(ignore=())},
            )
