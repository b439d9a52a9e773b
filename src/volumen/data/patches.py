"""Boxes read from many volumes, some of which are kept in memory whole."""

from collections import OrderedDict
from collections.abc import Container, Sequence

import numpy as np
from jaxtyping import Shaped

from volumen.data.frames import Source
from volumen.geometry import Box, Shape
from volumen.volumes import Volume, open_volume, read_linear, read_nearest, scale_shape

# Handles kept open. Systems allow 1024 open files to a process and a data set may hold more volumes.
OPEN_VOLUMES = 128


class PatchReader:
    """Reads boxes of volumes by where their voxels are, and keeps decoded volumes in memory whole.

    What is kept stays: cases come in shuffled turns, and of a data set that does not fit the share that is kept then
    needs no reading, where dropping the least recently used would drop nearly all before they come again.

    Memory: at most `budget` bytes of decoded volumes besides the box asked for. A volume that does not fit what is
    left of them is never read whole: its boxes come from the open handle.

    Args:
        budget: bytes of decoded volumes.
        kept: specs of the volumes that may be kept; all when None.
    """

    def __init__(self, budget: int, kept: Container[str] | None = None) -> None:
        self._budget = budget
        self._kept = kept
        self._handles: OrderedDict[str, Volume] = OrderedDict()
        self._arrays: dict[tuple[str, Box], np.ndarray] = {}
        self._held = 0

    def find_shape(self, source: Source) -> Shape:
        """Voxels along each axis, as the case counts them."""
        shape = self.find_base(source)
        return shape if source.scale is None else scale_shape(shape, source.scale)

    def find_base(self, source: Source) -> Shape:
        """Voxels of the file along each axis, those of the source's box."""
        return self._open(source.spec).shape if source.box is None else source.box.shape

    def describe(self, spec: str) -> dict[str, object]:
        """Shape, type and chunks of a volume, as plain values."""
        layout = self._open(spec).layout
        return {"shape": list(layout.array_shape), "dtype": layout.dtype.str, "chunks": list(layout.chunks)}

    def find_chunks(self, source: Source) -> Shape:
        """Extent that is cheap to read at once, as the case counts it."""
        chunks = self._open(source.spec).chunks
        return chunks if source.scale is None else scale_shape(chunks, source.scale)

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
        """All voxels of a box when they are kept, or few enough to be."""
        if (spec, box) in self._arrays:
            return self._arrays[spec, box]
        if self._kept is not None and spec not in self._kept:
            return None
        handle = self._open(spec)
        nbytes = box.size * (handle.channels or 1) * handle.dtype.itemsize
        if nbytes > self._budget - self._held:
            return None
        array = self._arrays[spec, box] = handle.read(box)
        self._held += nbytes
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
