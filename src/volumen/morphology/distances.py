"""Euclidean distance to the background."""

import itertools
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32, Int64

from volumen.morphology.components import Mask, require_mask

# Squared distances are float32 sums of squares: exact for whole voxels, rounded in the seventh digit otherwise.
FLOAT_SLACK = 1e-6


def measure_distance(mask: Mask, sampling: Sequence[float | int] = (1, 1, 1)) -> Float32[np.ndarray, "z y x"]:
    """Distance of each foreground voxel's centre to that of the nearest background voxel; 0 in the background.

    What lies beyond the faces of the volume is unknown and counts as neither, so a mask without background is
    infinitely far from it. Holds the result, 4 bytes a voxel.

    Args:
        mask: foreground.
        sampling: edges of a voxel, z first; distances come back in the same unit.
    """
    import edt

    require_mask(mask)
    distance: Float32[np.ndarray, "z y x"] = edt.edt(np.ascontiguousarray(mask), anisotropy=tuple(sampling))
    return distance


def find_near(mask: Mask, radius: float | int, sampling: Sequence[float | int] = (1, 1, 1)) -> Mask:
    """Which voxels are in the mask or at most `radius` from it; holds 6 bytes a voxel on the way."""
    import edt

    require_mask(mask)
    squared = edt.edtsq(~np.ascontiguousarray(mask), anisotropy=tuple(sampling))
    near: Mask = squared <= np.float32(radius**2 * (1 + FLOAT_SLACK))
    return near


def list_steps(radius: float | int, sampling: Sequence[float | int] = (1, 1, 1)) -> Int64[np.ndarray, "steps 3"]:
    """Steps along z, y and x to all voxels at most `radius` away, as `find_near` counts them, the nearest first."""
    reaches = [int(radius * (1 + FLOAT_SLACK) // edge) for edge in sampling]
    steps = np.array(list(itertools.product(*(range(-reach, reach + 1) for reach in reaches))))
    squares = ((steps * np.array(sampling)) ** 2).sum(1)
    order = np.argsort(squares, kind="stable")
    near: Int64[np.ndarray, "steps 3"] = steps[order[squares[order] <= radius**2 * (1 + FLOAT_SLACK)]]
    return near
