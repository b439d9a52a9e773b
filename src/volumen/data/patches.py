"""Boxes read from many volumes, the small ones kept in memory whole."""

from collections import OrderedDict

import numpy as np
from jaxtyping import Shaped

from volumen.geometry import Box, Shape
from volumen.volumes import Volume, open_volume

# Decoded volumes that all processes of a loader keep together. Decompressing pages of a TIFF for every patch would
# cost 100 ms and more; a patch copied from memory costs 1 ms. Thirty pairs of 320³ in 8 bits fit.
CACHE_BYTES = 2 << 30

# The largest share of the memory that one volume may take: with fewer than four nothing would stay till its next use.
LARGEST_SHARE = 0.25

# Handles kept open. Systems allow 1024 open files to a process and a data set may hold more volumes.
OPEN_VOLUMES = 128


class PatchReader:
    """Reads boxes of volumes by their specs.

    Memory: at most `budget` bytes of decoded volumes, the least recently used dropped first, besides the box asked
    for. A volume over a quarter of the budget is never read whole: its boxes come from the open handle.
    """

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._handles: OrderedDict[str, Volume] = OrderedDict()
        self._arrays: OrderedDict[str, np.ndarray] = OrderedDict()
        self._held = 0

    def find_shape(self, spec: str) -> Shape:
        """The shape of a volume."""
        return self._open(spec).shape

    def read(self, spec: str, box: Box) -> Shaped[np.ndarray, "z y x"]:
        """The voxels of a box that lies inside the volume; a view that must not be written to."""
        whole = self._keep_whole(spec)
        return self._open(spec).read(box) if whole is None else whole[box.slices]

    def _open(self, spec: str) -> Volume:
        handle = self._handles.pop(spec, None) or open_volume(spec)
        self._handles[spec] = handle
        if len(self._handles) > OPEN_VOLUMES:
            self._handles.popitem(last=False)
        return handle

    def _keep_whole(self, spec: str) -> np.ndarray | None:
        """The whole volume when it is small enough to keep."""
        array = self._arrays.pop(spec, None)
        if array is None:
            handle = self._open(spec)
            if Box.whole(handle.shape).size * handle.dtype.itemsize > LARGEST_SHARE * self._budget:
                return None
            array = handle.read()
            self._held += array.nbytes
        self._arrays[spec] = array
        while self._held > self._budget:
            self._held -= self._arrays.popitem(last=False)[1].nbytes
        return array


def pad_end(array: Shaped[np.ndarray, "..."], shape: Shape, *, value: int) -> Shaped[np.ndarray, "..."]:
    """The array filled up to `shape` at the end of each axis."""
    missing = [(0, edge - extent) for extent, edge in zip(array.shape, shape, strict=True)]
    return np.pad(array, missing, constant_values=value) if any(map(any, missing)) else array
