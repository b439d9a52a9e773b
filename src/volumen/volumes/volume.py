"""What every array with a voxel size looks like, wherever it lies."""

from abc import ABC, abstractmethod
from collections.abc import Iterator

import numpy as np

from volumen.errors import OutputError, ShapeError
from volumen.geometry import Box, Shape, VoxelSize, to_shape

Offset = tuple[float, float, float]


class Volume(ABC):
    """A `z y x` or `c z y x` array read box by box; subclasses are final and pickle by their spec.

    Attributes:
        spec: the path or name it was opened by.
        shape: voxels along z, y and x.
        channels: length of the channel axis, None when there is none.
        dtype: type of the voxels.
        voxel_size: None when the file does not say.
        offset: place of the first voxel in nm, z y x; None when the file does not say.
        chunks: what is cheapest to read at once.
    """

    spec: str
    shape: Shape
    channels: int | None
    dtype: np.dtype
    voxel_size: VoxelSize | None
    offset: Offset | None
    chunks: Shape

    def read(self, box: Box | None = None) -> np.ndarray:
        """Voxels of a box, or all: `z y x`, or `c z y x` with channels. Held: the box."""
        return self._read(self.check_box(box or Box.whole(self.shape)))

    def write(self, box: Box, array: np.ndarray) -> None:
        """Put voxels into a box; they are on disk when this returns."""
        self.check_box(box)
        expected = box.shape if self.channels is None else (self.channels, *box.shape)
        if array.shape != expected:
            raise ShapeError(f"{self.spec}: the box {box} takes an array of {expected}; got {array.shape}")
        self._write(box, array)

    def check_box(self, box: Box) -> Box:
        """The box, when it lies inside; else a ShapeError."""
        if not Box.whole(self.shape).contains(box):
            raise ShapeError(f"{self.spec}: the box {box} leaves the volume of {self.shape}")
        return box

    def iterate_slabs(self, thickness: int | None = None) -> Iterator[Box]:
        """Boxes of a few planes that cover the volume, low z first."""
        step = thickness or self.chunks[0]
        for z in range(0, self.shape[0], step):
            yield Box((z, 0, 0), (min(z + step, self.shape[0]), *self.shape[1:]))

    def uncached(self) -> "Volume":
        """The same volume for one pass over it, which keeps nothing of what it reads."""
        return self

    @abstractmethod
    def _read(self, box: Box) -> np.ndarray: ...

    def _write(self, box: Box, array: np.ndarray) -> None:  # noqa: ARG002 - for those that can
        raise OutputError(f"{self.spec} was opened to be read; create_volume makes one that can be written")


def split_channels(shape: tuple[int, ...], spec: str) -> tuple[int | None, Shape]:
    """Channels and `z y x` of an array's shape; a 2D array has z = 1."""
    if len(shape) == 2:  # noqa: PLR2004 - y x
        return None, to_shape((1, *shape))
    if len(shape) == 3:  # noqa: PLR2004 - z y x
        return None, to_shape(shape)
    if len(shape) == 4:  # noqa: PLR2004 - c z y x
        return shape[0], to_shape(shape[1:])
    raise ShapeError(f"{spec}: an array of {len(shape)} axes {shape}; y x, z y x or c z y x is needed")
