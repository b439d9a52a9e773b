"""Boundaries: voxels near another label than their own."""

import itertools
from dataclasses import dataclass
from typing import Annotated, Literal, final

import numpy as np
from jaxtyping import Bool
from pydantic import Field

from volumen.errors import DataError
from volumen.geometry import Shape, VoxelSize, pair_slices, to_shape
from volumen.heads import Offset, Unit
from volumen.targets.label_patch import LabelPatch, measure_edges
from volumen.targets.target import ArrayTarget
from volumen.targets.turning import Dimensions, Scalars

# A thickness of whole voxels must not lose its outermost voxels to the last bit of a division.
SLACK = 1e-6


@final
@dataclass(frozen=True, kw_only=True)
class BoundaryTarget(ArrayTarget):
    """1 on voxels that have a voxel of another label within `thickness` of them.

    Where only an ignored voxel could make the difference, nothing is known.

    Args:
        thickness: how far a boundary reaches to either side of where labels meet; 1 is one voxel.
        unit: of the thickness: voxels of the finest axis, or nm.
        side: which voxels can be boundary: those of objects, those of the background, or both.
        touching: only where two objects meet, not where one meets the background.
        dimensions: 2 looks within each section only; the patch's when not said.
    """

    activations = ("sigmoid", "none")
    parts = (Scalars(),)
    losses = ("cross_entropy", "dice")
    decoding = ("threshold",)
    names_voxels = True

    thickness: Annotated[float, Field(gt=0)] = 1.0
    unit: Unit = "voxel"
    side: Literal["inside", "outside", "both"] = "inside"
    touching: bool = False
    dimensions: Dimensions = 3

    def find_halo(self, voxel_size: VoxelSize | None) -> Shape:
        """The thickness in voxels."""
        return to_shape([max(steps) for steps in zip(*self._list_reaches(voxel_size), strict=True)])

    def encode_patch(self, patch: LabelPatch) -> tuple[Bool[np.ndarray, "1 z y x"], Bool[np.ndarray, "1 z y x"]]:
        """1 on boundaries, and where that is known."""
        found, doubtful = np.zeros(patch.shape, bool), np.zeros(patch.shape, bool)
        for reach in self._list_reaches(patch.voxel_size):
            here, there = pair_slices(patch.shape, reach)
            meets = (patch.labels[here] != patch.labels[there]) & patch.known[there]
            if self.touching:
                meets &= patch.mask[here] & patch.mask[there]
            found[here] |= meets
            doubtful[here] |= ~patch.known[there]
        able = self._find_able(patch)
        found &= able & patch.known
        doubtful &= able & ~found
        return found[None], (patch.known & ~doubtful)[None]

    def _list_reaches(self, voxel_size: VoxelSize | None) -> list[Offset]:
        """Every step to a voxel within the thickness."""
        reaches = list_steps(self.thickness, measure_edges(voxel_size, self.unit), self.dimensions)
        if not reaches:
            raise DataError(f"a boundary {self.thickness:g} {self.unit} thick reaches no other voxel; make it thicker")
        return reaches

    def _find_able(self, patch: LabelPatch) -> Bool[np.ndarray, "z y x"]:
        """Voxels on the side that boundaries lie on."""
        if self.touching or self.side == "inside":
            return patch.mask
        return ~patch.mask if self.side == "outside" else np.ones(patch.shape, bool)


def list_steps(radius: float, edges: tuple[float, float, float], dimensions: Dimensions = 3) -> list[Offset]:
    """Every step to another voxel whose centre lies within the radius."""
    most = [int(radius / edge + SLACK) for edge in edges]
    if dimensions == 2:  # noqa: PLR2004 - within sections
        most[0] = 0
    steps = itertools.product(*(range(-far, far + 1) for far in most))
    squares = ((step, sum((count * edge) ** 2 for count, edge in zip(step, edges, strict=True))) for step in steps)
    return [(step[0], step[1], step[2]) for step, square in squares if 0 < square <= (radius + SLACK) ** 2]
