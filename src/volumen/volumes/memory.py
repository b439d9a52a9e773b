"""Arrays in memory as volumes, so that whatever takes a volume takes an array."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from volumen.errors import OutputError
from volumen.geometry import Box, VoxelSize, to_shape
from volumen.volumes.volume import Layout, Offset, Storage, Volume, Voxels, check_dtype, place_axes

if TYPE_CHECKING:
    from volumen.volumes.layers import Layer

_CHUNK = (64, 64, 64)


class ArrayVolume(Volume):
    """An array that is read and written in place; it pickles whole."""

    def __init__(
        self,
        array: np.ndarray,
        voxel_size: VoxelSize | None = None,
        *,
        offset: Offset | None = None,
        spec: str = "array",
    ) -> None:
        shape, channels = place_axes(array.shape, spec)
        dtype = check_dtype(array.dtype, spec)
        chunks = to_shape([min(edge, extent) for edge, extent in zip(_CHUNK, shape, strict=True)])
        super().__init__(spec, Layout(shape, dtype, chunks, channels, voxel_size, offset))
        self._array = (array.view(np.uint8) if array.dtype == np.bool_ else array).reshape(self.layout.array_shape)

    def describe(self) -> Storage:
        """How its voxels are kept."""
        return Storage("array in memory")

    def _read(self, box: Box) -> Voxels:
        return self._array[(..., *box.slices)].astype(self.dtype)

    def _write(self, box: Box, array: Voxels) -> None:
        if not self._array.flags.writeable:
            raise OutputError(f"{self.spec} is a read-only array; copy it to write")
        self._array[(..., *box.slices)] = array


def to_volume(source: "Volume | np.ndarray | str | Path | Layer") -> Volume:
    """The volume itself, an array or a napari layer as one, or the volume that a spec names."""
    if isinstance(source, Volume):
        return source
    if isinstance(source, np.ndarray):
        return ArrayVolume(source)
    from volumen.volumes.layers import Layer, open_layer
    from volumen.volumes.opening import open_volume

    return open_layer(source) if isinstance(source, Layer) else open_volume(source)
