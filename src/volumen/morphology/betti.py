"""How many pieces a mask has, how many tunnels run through it and how many cavities it shuts in."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from jaxtyping import Bool, Int32

from volumen.morphology.components import Mask, require_mask

if TYPE_CHECKING:
    from volumen.morphology.run_kernels import Cells, Codes, Gaps, Runs


@dataclass(frozen=True)
class Topology:
    """The Betti numbers of a mask."""

    components: int
    tunnels: int
    cavities: int

    @property
    def euler(self) -> int:
        """Euler number: components − tunnels + cavities."""
        return self.components - self.tunnels + self.cavities


def measure_topology(mask: Mask, connectivity: Literal[6, 26] = 26) -> Topology:
    """Components, tunnels and cavities of a mask: its Betti numbers 0, 1 and 2.

    Background takes the dual connectivity: 26 where foreground takes 6, and 6 where it takes 26. What lies beyond the
    faces of the volume is background, so a tube that leaves the volume at both ends is a tunnel, as is a ring in 2D
    data (z = 1). Holds 2 bytes a voxel, and 35 a run: a longest row of foreground along z.

    Args:
        mask: foreground.
        connectivity: of the foreground; 26 joins voxels that touch at a corner, 6 only those that share a face.
    """
    require_mask(mask)
    if connectivity == 6:  # noqa: PLR2004 - faces
        return _measure_topology(mask)
    # Alexander duality: what is 26-connected has the tunnels of its 6-connected surroundings, whose cavities it fills
    around = _measure_topology(np.pad(~mask, 1, constant_values=True))
    return Topology(components=around.cavities, tunnels=around.tunnels, cavities=around.components - 1)


def encode_masks(one: Mask, other: Mask | None = None) -> "Codes":
    """Two masks of one shape as the kernels walk over them; 1 byte a voxel, and 16 a run."""
    from volumen.morphology.run_kernels import Codes

    voxels = np.pad(one, 1).view(np.uint8)
    if other is not None:
        voxels[1:-1, 1:-1, 1:-1] |= 2 * other.view(np.uint8)
    plane, row = voxels[0].size, voxels.shape[2]
    flat = voxels.ravel()
    return Codes(flat, plane + np.flatnonzero(flat[plane:] != flat[:-plane]), plane, row)


def survey_mask(codes: "Codes", bits: int) -> "tuple[Topology, Cells]":
    """The Betti numbers and the cells of the mask that has any of the bits; tunnels follow from the Euler number."""
    _, cells = find_runs(codes, bits)
    _, cavities = find_gaps(codes, bits)
    euler = cells.runs - cells.edges + cells.faces
    return Topology(cells.components, cells.components + cavities - euler, cavities), cells


def find_runs(codes: "Codes", bits: int) -> "tuple[Runs, Cells]":
    """The runs of the mask that has any of the bits, and what they make up."""
    from volumen.morphology.run_kernels import Runs, join_runs

    runs = Runs(bits, *_make_room(codes), holds=np.zeros(len(codes.changes) + 1, np.uint8))
    return runs, join_runs(codes, runs)


def find_gaps(codes: "Codes", bits: int) -> "tuple[Gaps, int]":
    """The gaps between the runs of that mask, and how many cavities they make up."""
    from volumen.morphology.run_kernels import Gaps, join_gaps

    gaps = Gaps(bits, *_make_room(codes), before=np.zeros(len(codes.changes) + 1, np.int32))
    return gaps, join_gaps(codes, gaps)


def _make_room(codes: "Codes") -> tuple[Int32[np.ndarray, " columns"], Int32[np.ndarray, " most"]]:
    """The outside for each column, and itself for each run: there are no more of them than changes."""
    return np.zeros(codes.plane, np.int32), np.arange(len(codes.changes) + 1, dtype=np.int32)


def _measure_topology(mask: Bool[np.ndarray, "z y x"]) -> Topology:
    topology, _ = survey_mask(encode_masks(mask), 1)
    return topology
