"""Dilation, erosion, closing and opening with a ball, by exact distances: any radius costs the same.

The volume is thought to go on past its faces as it ends there: a sheet that leaves the volume is neither worn away at
the face nor glued to it. A ball of radius 1 is a voxel and its six neighbours.
Memory: the padded mask, its distances and the result, together about 10 bytes a voxel.
"""

import math

import numpy as np
from jaxtyping import Bool

from volumen.errors import ShapeError
from volumen.morphology.components import Mask, require_mask
from volumen.morphology.distances import find_near

Padded = Bool[np.ndarray, "pz py px"]


def close_ball(mask: Mask, radius: float | int) -> Mask:
    """The mask with every gap filled that no ball of the radius fits in; nothing is ever taken away."""
    return _keep_inside(_close(_extend(mask, radius), radius), mask)


def open_ball(mask: Mask, radius: float | int) -> Mask:
    """The mask without the parts that no ball of the radius fits in: radius 1 removes sheets of two voxels."""
    return _keep_inside(~_close(~_extend(mask, radius), radius), mask)


def dilate_ball(mask: Mask, radius: float | int) -> Mask:
    """All voxels at most `radius` from the mask."""
    return _keep_inside(find_near(_extend(mask, radius), radius), mask)


def erode_ball(mask: Mask, radius: float | int) -> Mask:
    """The voxels of the mask that are more than `radius` from the background."""
    return _keep_inside(~find_near(~_extend(mask, radius), radius), mask)


def _close(mask: Padded, radius: float | int) -> Padded:
    return ~find_near(~find_near(mask, radius), radius)


def _extend(mask: Mask, radius: float | int) -> Padded:
    """The mask with its faces repeated as far as two balls in a row can see."""
    require_mask(mask)
    if not (math.isfinite(radius) and radius >= 0):
        raise ShapeError(f"the radius of a ball is a number of voxels, 0 or more; got {radius}")
    return np.pad(mask, 2 * math.ceil(radius), mode="edge")


def _keep_inside(padded: Padded, mask: Mask) -> Mask:
    """The middle of a padded result, where the mask lies."""
    starts = [(whole - extent) // 2 for whole, extent in zip(padded.shape, mask.shape, strict=True)]
    inside = tuple(slice(start, start + extent) for start, extent in zip(starts, mask.shape, strict=True))
    return np.ascontiguousarray(padded[inside])
