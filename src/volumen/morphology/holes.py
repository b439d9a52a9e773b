"""Cavities: background that the foreground shuts in, in three dimensions and never slice by slice.

Foreground and background take dual connectivities, so that a wall that holds together also holds tight: background is
6-connected where foreground is 26- or 18-connected, and 26-connected where foreground is 6-connected. A cavity is a
component of the background that does not reach the border of the volume. An axis of a single voxel has no border:
2D data, stored with z = 1, have their holes in the plane.
"""

import numpy as np
from jaxtyping import Bool, Integer

from volumen.morphology.components import Connectivity, Mask, label_components, measure_sizes, require_mask

DUAL: dict[Connectivity, Connectivity] = {6: 26, 18: 6, 26: 6}


def fill_holes(mask: Mask, voxels: int, connectivity: Connectivity = 26) -> Mask:
    """The mask with its cavities of fewer than `voxels` voxels filled.

    Holds the numbered background, 2 to 4 bytes a voxel and about as much again on the way, and the result.

    Args:
        mask: what may have holes.
        voxels: a cavity of exactly this size stays open.
        connectivity: of the foreground; the background takes the dual one.
    """
    numbered = _label_background(mask, connectivity)
    fill = _find_cavities(numbered)
    if len(fill) > 1:
        fill &= measure_sizes(numbered) < voxels
    filled: Mask = mask | fill[numbered]
    return filled


def count_cavities(mask: Mask, connectivity: Connectivity = 26) -> int:
    """How many cavities the mask has; `connectivity` is the foreground's, memory as for `fill_holes`."""
    return int(_find_cavities(_label_background(mask, connectivity)).sum())


def _label_background(mask: Mask, connectivity: Connectivity) -> Integer[np.ndarray, "z y x"]:
    require_mask(mask)
    return label_components(~mask, DUAL[connectivity])


def _find_cavities(numbered: Integer[np.ndarray, "z y x"]) -> Bool[np.ndarray, " numbers"]:
    """Whether each number of the background, from 0, is a cavity."""
    inside = np.ones(int(numbered.max(initial=0)) + 1, dtype=bool)
    inside[0] = False
    bordered = [axis for axis, extent in enumerate(numbered.shape) if extent > 1] or [0]
    for axis in bordered:
        inside[np.take(numbered, [0, -1], axis=axis)] = False
    return inside
