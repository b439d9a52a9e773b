"""Arrays in memory, as volumes."""

from pathlib import Path
from typing import final

import numpy as np

from volumen.geometry import Box, VoxelSize
from volumen.volumes.volume import Offset, Volume, split_channels


@final
class ArrayVolume(Volume):
    """A NumPy array that reads and writes like any other volume; what is written lands in the array."""

    def __init__(self, array: np.ndarray, voxel_size: VoxelSize | None = None, offset: Offset | None = None) -> None:
        self.spec = "array"
        self.channels, self.shape = split_channels(array.shape, self.spec)
        self.dtype = array.dtype
        self.voxel_size = voxel_size
        self.offset = offset
        self.chunks = (min(64, self.shape[0]), *self.shape[1:])
        self._array = array.reshape(self.shape if self.channels is None else (self.channels, *self.shape))

    def _read(self, box: Box) -> np.ndarray:
        return self._array[(..., *box.slices)].copy()

    def _write(self, box: Box, array: np.ndarray) -> None:
        self._array[(..., *box.slices)] = array


def to_volume(source: Volume | np.ndarray | str | Path) -> Volume:
    """The volume itself, an array as one, or what a spec opens."""
    if isinstance(source, Volume):
        return source
    if isinstance(source, np.ndarray):
        return ArrayVolume(source)
    from volumen.volumes.opening import open_volume

    return open_volume(source)
