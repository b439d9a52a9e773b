"""Where losses that cost much look: a part of each sample, another one each step, the same one in every run."""

import numpy as np
from jaxtyping import Bool

from volumen.geometry import Box, to_shape

# Last word of the seeds of this stream of draws.
CROP_STREAM = 5


def draw_crop(wanted: Bool[np.ndarray, "z y x"], most: int, *, step: int, sample: int) -> Box:
    """A box of at most `most` voxels along each axis, round a wanted voxel drawn at random; anywhere if there is none.

    Args:
        wanted: where there is something to look at.
        most: edge of the box; the whole when it is no larger.
        step: optimiser steps done; the draw depends on this and `sample` alone.
        sample: which of a batch.
    """
    shape = to_shape(wanted.shape)
    edges = to_shape([min(extent, most) for extent in shape])
    rng = np.random.default_rng((step, sample, CROP_STREAM))
    voxels = np.flatnonzero(wanted) if edges != shape else np.empty(0, np.int64)
    place = rng.choice(voxels) if len(voxels) else rng.integers(wanted.size)
    centre = np.unravel_index(int(place), shape)
    starts = [
        min(max(int(middle) - edge // 2, 0), extent - edge)
        for middle, edge, extent in zip(centre, edges, shape, strict=True)
    ]
    return Box.at(starts, edges)
