"""A box of a volume at another voxel size: images smoothly, labels by the nearest voxel."""

import math
from collections.abc import Callable
from typing import NamedTuple

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
    taps = [_weigh_linear(*axis) for axis in axes]
    source = Box(
        to_shape([int(tap.places.min()) for tap in taps]), to_shape([int(tap.places.max()) + 1 for tap in taps])
    )
    array: Float32[np.ndarray, "*c z y x"] = read(source).astype("f4")
    for axis, start, tap, step in zip((-3, -2, -1), source.start, taps, scale, strict=True):
        if step != 1:
            array = _sum_taps(array, axis, _Taps(tap.places - start, tap.weights))
    return array


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


class _Taps(NamedTuple):
    """Along one axis, the source voxels that each new one is made of, and what they count: 0 for those outside."""

    places: Int64[np.ndarray, "new taps"]
    weights: Float32[np.ndarray, "new taps"]


def _weigh_linear(extent: int, start: int, stop: int, step: float) -> _Taps:
    """The taps of the new voxels from `start` to `stop`."""
    middles = (np.arange(start, stop) + 0.5) * step - 0.5
    if step == 1:
        return _Taps(np.arange(start, stop)[:, None], np.ones((stop - start, 1), np.float32))
    reach = max(step, 1.0)
    first = np.floor(middles - reach).astype(np.int64) + 1
    voxels = first[:, None] + np.arange(math.ceil(2 * reach))
    weights = np.maximum(1 - np.abs(voxels - middles[:, None]) / reach, 0.0)
    weights[(voxels < 0) | (voxels >= extent)] = 0
    places = voxels.clip(0, extent - 1)
    return _Taps(places, (weights / weights.sum(1, keepdims=True)).astype(np.float32))


def _sum_taps(array: Float32[np.ndarray, "..."], axis: int, taps: _Taps) -> Float32[np.ndarray, "..."]:
    """The weighted sums along an axis, tap after tap, so that no bit depends on where a box begins."""
    shape = [1, 1, 1]
    shape[axis] = len(taps.places)
    total: Float32[np.ndarray, ...] = np.take(array, taps.places[:, 0], axis) * taps.weights[:, 0].reshape(shape)
    for places, weights in zip(taps.places.T[1:], taps.weights.T[1:], strict=True):
        total += np.take(array, places, axis) * weights.reshape(shape)
    return total
