"""How many pieces a mask has, how many tunnels run through it and how many cavities it shuts in."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from jaxtyping import Bool

from volumen.morphology.components import Mask, require_mask

if TYPE_CHECKING:
    from volumen.morphology.run_kernels import Codes, Survey

WORD = 8  # bytes that the kernels look at at once


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
    data (z = 1). Holds 2 bytes a voxel, and 8 a run: a longest row of foreground along z.

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
    """Two masks of one shape as the kernels walk over them; 1 byte a voxel."""
    from volumen.morphology.run_kernels import Codes

    z, y, x = one.shape
    row = -(-(x + 2) // WORD) * WORD
    voxels = np.zeros((z + 2, y + 2, row), np.uint8)
    inside = voxels[1:-1, 1:-1, 1 : x + 1]
    inside[...] = one
    if other is not None:
        inside |= other.view(np.uint8) << 1
    planes = voxels.reshape(z + 2, -1)
    return Codes(planes, planes.view(np.uint64), row)


def read_topology(survey: "Survey") -> Topology:
    """The Betti numbers of what the kernels counted; tunnels follow from the Euler number."""
    euler = survey.cells.runs - survey.cells.edges + survey.cells.faces
    return Topology(survey.components, survey.components + survey.cavities - euler, survey.cavities)


def _measure_topology(mask: Bool[np.ndarray, "z y x"]) -> Topology:
    from volumen.morphology.run_kernels import survey

    return read_topology(survey(encode_masks(mask), 1))
