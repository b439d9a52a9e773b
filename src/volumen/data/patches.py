"""Boxes read from many volumes, the small ones kept in memory whole."""

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from jaxtyping import Shaped

from volumen.data.frames import Source
from volumen.geometry import Box, Shape
from volumen.volumes import Volume, open_volume, read_linear, read_nearest, scale_shape

# Decoded volumes that all processes of a loader keep together. Decompressing pages of a TIFF for every patch would
# cost 100 ms and more; a patch copied from memory costs 1 ms. Thirty pairs of 320³ in 8 bits fit.
CACHE_BYTES = 2 << 30

# The largest share of the memory that one volume may take: with fewer than four nothing would stay till its next use.
LARGEST_SHARE = 0.25

# Handles kept open. Systems allow 1024 open files to a process and a data set may hold more volumes.
OPEN_VOLUMES = 128


class PatchReader:
    """Reads boxes of volumes by where their voxels are.

    Memory: at most `budget` bytes of decoded volumes, the least recently used dropped first, besides the box asked
    for. A volume over a quarter of the budget is never read whole: its boxes come from the open handle.
    """

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._handles: OrderedDict[str, Volume] = OrderedDict()
        self._arrays: OrderedDict[tuple[str, Box], np.ndarray] = OrderedDict()
        self._held = 0

    def find_shape(self, source: Source) -> Shape:
        """Voxels along each axis, as the case counts them."""
        shape = self.find_base(source)
        return shape if source.scale is None else scale_shape(shape, source.scale)

    def find_base(self, source: Source) -> Shape:
        """Voxels of the file along each axis, those of the source's box."""
        return self._open(source.spec).shape if source.box is None else source.box.shape

    def read(self, source: Source, box: Box) -> Shaped[np.ndarray, "*c z y x"]:
        """The voxels of a box that lies inside; a view that must not be written to."""
        if source.scale is None:
            return self._read_base(source, box)
        resample = read_linear if source.linear else read_nearest
        return resample(lambda part: self._read_base(source, part), self.find_base(source), box, source.scale)

    def _read_base(self, source: Source, box: Box) -> Shaped[np.ndarray, "*c z y x"]:
        """File voxels, counted from the first of the source's box."""
        whole = source.box or Box.whole(self._open(source.spec).shape)
        kept = self._keep_whole(source.spec, whole)
        return self._open(source.spec).read(box.shift(whole.start)) if kept is None else kept[(..., *box.slices)]

    def _open(self, spec: str) -> Volume:
        handle = self._handles.pop(spec, None) or open_volume(spec)
        self._handles[spec] = handle
        if len(self._handles) > OPEN_VOLUMES:
            self._handles.popitem(last=False)
        return handle

    def _keep_whole(self, spec: str, box: Box) -> np.ndarray | None:
        """All voxels of a box when they are few enough to keep."""
        array = self._arrays.pop((spec, box), None)
        if array is None:
            handle = self._open(spec)
            if box.size * (handle.channels or 1) * handle.dtype.itemsize > LARGEST_SHARE * self._budget:
                return None
            array = handle.read(box)
            self._held += array.nbytes
        self._arrays[spec, box] = array
        while self._held > self._budget:
            self._held -= self._arrays.popitem(last=False)[1].nbytes
        return array


def pad_around(
    array: Shaped[np.ndarray, "z y x"], inside: Box, box: Box, *, value: int
) -> Shaped[np.ndarray, "z2 y2 x2"]:
    """The array of the box `inside` filled up to the larger `box` on all sides."""
    low = [first - start for start, first in zip(box.start, inside.start, strict=True)]
    high = [stop - last for stop, last in zip(box.stop, inside.stop, strict=True)]
    missing = list(zip(low, high, strict=True))
    return np.pad(array, missing, constant_values=value) if any(map(any, missing)) else array


def pad_end(array: Shaped[np.ndarray, "..."], shape: Sequence[int], *, value: int) -> Shaped[np.ndarray, "..."]:
    """The array filled up to `shape` at the end of each axis."""
    missing = [(0, edge - extent) for extent, edge in zip(array.shape, shape, strict=True)]
    return np.pad(array, missing, constant_values=value) if any(map(any, missing)) else array
