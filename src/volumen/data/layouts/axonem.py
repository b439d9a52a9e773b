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
    """`im_Z-Y-X_pad.h5` with `seg_Z-Y-X_pad.h5`; an image without labels, of which the mouse has one, is left out.

    Args:
        voxel_size: nm (z y x), which the files do not say.
    """

    voxel_size: Sequence[float] | None = None

    @staticmethod
    def recognise(root: Path) -> bool:
        """Whether there are images and labels of that name."""
        return any(root.glob("im_*_pad.h5")) and any(root.glob("seg_*_pad.h5"))

    def draft(self, root: str, faults: Faults) -> Draft:
        """A case for each image with labels."""
        images, labels = (find_matches(Path(root), f"{kind}_*_pad.h5") for kind in ("im", "seg"))
        if not images or not labels:
            raise MissingError(f"{root} has no im_*_pad.h5 with seg_*_pad.h5; volumen data download axonem brings them")
        faults.add(NO_IMAGE, *(Path(spec).name for star, spec in labels.items() if star not in images))
        alone = [Path(spec).name for star, spec in images.items() if star not in labels]
        cases = [
            Case(
                star[0],
                images[star],
                {LABEL: labels[star]},
                voxel_size=read_voxel_size(self.voxel_size),
                values={LABEL: LabelValues(ignore=())},
            )
            for star in images
            if star in labels
        ]
        return Draft(cases, notes=(f"{', '.join(alone)} have no labels and are left out",) if alone else ())
