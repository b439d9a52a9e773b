"""AxonEM: axons of human and mouse cortex, as padded HDF5 crops."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from volumen.data.cases import Case
from volumen.data.inspection import NO_IMAGE, Faults
from volumen.data.layouts.hdf5 import find_matches
from volumen.data.layouts.layout import Draft, Layout, read_voxel_size
from volumen.data.values import LabelValues
from volumen.errors import MissingError

LABEL = "axons"


@dataclass(frozen=True)
class AxonemLayout(Layout):
    """`im_Z-Y-X_pad.h5` with `seg_Z-Y-X_pad.h5`, in the folder or in those inside it (`human/`, `mouse/`).

    An image without labels, of which the mouse has one, is left out.

    Args:
        voxel_size: nm (z y x), which the files do not say.
    """

    voxel_size: Sequence[float] | None = None

    @staticmethod
    def recognise(root: Path) -> bool:
        """Whether there are labels of that name."""
        return bool(list_folders(root))

    def draft(self, root: str, faults: Faults) -> Draft:
        """A case for each image with labels; those of folders inside are called after these."""
        folders = list_folders(Path(root))
        if not folders:
            raise MissingError(f"{root} has no im_*_pad.h5 with seg_*_pad.h5; volumen data download axonem brings them")
        cases, alone = [], []
        for folder in folders:
            images, labels = (find_matches(folder, f"{kind}_*_pad.h5") for kind in ("im", "seg"))
            group = None if folder == Path(root) else folder.name
            cases += [
                self._draft_case(star[0], spec, labels[star], group) for star, spec in images.items() if star in labels
            ]
            alone += [Path(spec).name for star, spec in images.items() if star not in labels]
            faults.add(NO_IMAGE, *(Path(spec).name for star, spec in labels.items() if star not in images))
        return Draft(cases, notes=(f"{', '.join(alone)} have no labels and are left out",) if alone else ())

    def _draft_case(self, place: str, image: str, labels: str, group: str | None) -> Case:
        return Case(
            place if group is None else f"{group}_{place}",
            image,
            {LABEL: labels},
            voxel_size=read_voxel_size(self.voxel_size),
            group=group,
            values={LABEL: LabelValues(ignore=())},
        )


def list_folders(root: Path) -> list[Path]:
    """Where labels of that name are: in the folder, or in those inside it."""
    inside = sorted(path for path in root.iterdir() if path.is_dir())
    return [folder for folder in (root, *inside) if any(folder.glob("seg_*_pad.h5"))]
