"""Kasthuri++: mitochondria of mouse cortex, with voxels outside of what was annotated."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from volumen.data.inspection import Faults
from volumen.data.layouts.layout import Draft, Layout, read_voxel_size
from volumen.data.layouts.stacks import Part, draft_stacks, explain_absence, find_root
from volumen.data.values import LabelValues

_OUTSIDE = 2  # of all three colours, where nobody looked


@dataclass(frozen=True)
class KasthuriLayout(Layout):
    """`Kasthuri++/Train_In/*.png` with `Train_Out/*.png`: white is a mitochondrion, (2, 2, 2) was not annotated.

    Args:
        parts: which volumes; the test volume is left out when not said.
        voxel_size: nm (z y x), which the files do not say.
    """

    parts: Sequence[Part] = ("train",)
    voxel_size: Sequence[float] | None = None

    @staticmethod
    def recognise(root: Path) -> bool:
        """Whether there are folders of that name with images that are not those of Lucchi++."""
        place = find_root(root, "Kasthuri++")
        return place is not None and not any((place / "Train_In").glob("mask*.png"))

    def draft(self, root: str, faults: Faults) -> Draft:
        """The volumes that are wanted."""
        place = find_root(Path(root), "Kasthuri++")
        if place is None:
            raise explain_absence(root, "Kasthuri++", "kasthuri")
        values = LabelValues(ignore=(_OUTSIDE,), classes={255: 1}, rest="refuse")
        return draft_stacks(place, self.parts, faults, values=values, voxel_size=read_voxel_size(self.voxel_size))
