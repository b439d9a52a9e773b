"""Lucchi++: mitochondria of mouse hippocampus."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from volumen.data.inspection import Faults
from volumen.data.layouts.layout import Draft, Layout, read_voxel_size
from volumen.data.layouts.stacks import Part, draft_stacks, explain_absence, find_root
from volumen.data.values import LabelValues


@dataclass(frozen=True)
class LucchiLayout(Layout):
    """`Lucchi++/Train_In/mask0000.png` … with `Train_Out/0.png` …, where white is a mitochondrion.

    Args:
        parts: which volumes; the test volume is left out when not said.
        voxel_size: nm (z y x).
    """

    parts: Sequence[Part] = ("train",)
    voxel_size: Sequence[float] = (5, 5, 5)

    @staticmethod
    def recognise(root: Path) -> bool:
        """Whether a folder is called so, with images in it that are."""
        place = find_root(root, "Lucchi++")
        return place is not None and any((place / "Train_In").glob("mask*.png"))

    def draft(self, root: str, faults: Faults) -> Draft:
        """The volumes that are wanted."""
        place = find_root(Path(root), "Lucchi++")
        if place is None:
            raise explain_absence(root, "Lucchi++", "lucchi")
        values = LabelValues(ignore=(), classes={255: 1, 1: 1}, rest="refuse")
        return draft_stacks(place, self.parts, faults, values=values, voxel_size=read_voxel_size(self.voxel_size))
