"""A box of a volume at another voxel size: images smoothly, labels by the nearest voxel."""

import math
from collections.abc import Callable

import numpy as np
from jaxtyping import Float32, Int64

from volumen.geometry import Box, Shape, to_shape
from volumen.volumes.volume import Voxels

# Source voxels along one edge of a new voxel, z y x: 2.0 halves the extent, 0.5 doubles it.
Scale = tuple[float, float, float]


def scale_shape(shape: Shape, scale: Scale) -> Shape:
    """Voxels along each axis after resampling: as many as fit, at least one."""
    return to_shape([max(1, round(extent / step)) for extent, step in zip(shape, scale, strict=True)])


def read_linear(read: Callable[[Box], Voxels], shape: Shape, box: Box, scale: Scale) -> Float32[np.ndarray, "*c z y x"]:
    """A box of the resampled image: linear, and averaged over what a voxel covers where it shrinks.

    The weights are triangles about the new voxel's middle, as wide as two new voxels and no narrower than two old ones
    (the antialiased bilinear filter of imaging libraries); beyond the volume's faces nothing counts. A voxel has the
    same value in whatever box it is read. Memory: the box's source voxels in float32, and once more on the way.

    Args:
        read: gives source voxels of a box.
        shape: of the source.
        box: of the resampled volume.
        scale: source voxels per new voxel.
    """
    axes = zip(shape, box.start, box.stop, scale, strict=True)
    starts, matrices = zip(*(_weigh_linear(*axis) for axis in axes), strict=True)
    array: Float32[np.ndarray, "*c z y x"] = read(Box.at(starts, [len(matrix.T) for matrix in matrices])).astype("f4")
    for axis, matrix in zip((-3, -2, -1), matrices, strict=True):
        if not _is_identity(matrix):
            array = np.moveaxis(np.tensordot(array, matrix, axes=(axis, 1)), -1, axis)
    return np.ascontiguousarray(array)


def read_nearest(read: Callable[[Box], Voxels], shape: Shape, box: Box, scale: Scale) -> Voxels:
    """A box of the resampled labels: of each new voxel the old one that holds its middle, whatever its type."""
    axes = zip(shape, box.start, box.stop, scale, strict=True)
    places = [find_nearest(extent, start, stop, step) for extent, start, stop, step in axes]
    source = Box(to_shape([int(axis[0]) for axis in places]), to_shape([int(axis[-1]) + 1 for axis in places]))
    z, y, x = (axis - low for axis, low in zip(places, source.start, strict=True))
    return read(source)[..., z[:, None, None], y[:, None], x]


def find_nearest(extent: int, start: int, stop: int, step: float) -> Int64[np.ndarray, " n"]:
    """Along one axis, the source voxel that holds the middle of each new voxel from `start` to `stop`."""
    middles: Int64[np.ndarray, " n"] = np.floor((np.arange(start, stop) + 0.5) * step).astype(np.int64)
    middles[middles >= extent] = extent - 1
    return middles


def _weigh_linear(extent: int, start: int, stop: int, step: float) -> tuple[int, Float32[np.ndarray, "new old"]]:
    """The first source voxel that counts, and what it and those after it count for each new voxel."""
    middles = (np.arange(start, stop) + 0.5) * step - 0.5
    reach = max(step, 1.0)
    low, high = math.floor(middles[0] - reach) + 1, math.ceil(middles[-1] + reach)
    voxels = np.arange(max(low, 0), min(high, extent))
    weights = np.maximum(1 - np.abs(voxels - middles[:, None]) / reach, 0.0)
    return int(voxels[0]), (weights / weights.sum(1, keepdims=True)).astype(np.float32)


def _is_identity(matrix: Float32[np.ndarray, "new old"]) -> bool:
    new, old = matrix.shape
    return new == old and bool((matrix == np.eye(new, dtype=np.float32)).all())
