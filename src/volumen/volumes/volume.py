"""What every volume can do, whatever keeps its voxels."""

import abc
from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Shaped
from numpy.typing import DTypeLike

from volumen.errors import DataError, OutputError, ShapeError
from volumen.geometry import Box, Shape, VoxelSize, to_shape

Offset = tuple[float, float, float]
Voxels = Shaped[np.ndarray, "*c z y x"]

_LARGEST_ITEM = 8  # bytes: no extended floats, which no other program reads


@dataclass(frozen=True)
class Layout:
    """All there is to know of a volume but its voxels.

    Args:
        shape: voxels along z, y and x.
        dtype: a native int or float.
        chunks: extent that is cheap to read at once.
        channels: None for a volume without channel axis.
        voxel_size: None when the file does not say.
        offset: nanometres from the world's origin to the first voxel (z y x); None when the file does not say.
    """

    shape: Shape
    dtype: np.dtype
    chunks: Shape
    channels: int | None = None
    voxel_size: VoxelSize | None = None
    offset: Offset | None = None

    @property
    def array_shape(self) -> tuple[int, ...]:
        """Shape of an array that holds all voxels: z y x, or c z y x."""
        return self.shape if self.channels is None else (self.channels, *self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes such an array takes."""
        return int(np.prod(self.array_shape, dtype=object)) * self.dtype.itemsize


@dataclass(frozen=True)
class Storage:
    """How voxels are kept, for people to read.

    Args:
        format: as it is called.
        shards: extent of what is one file, where that holds several chunks.
        levels: specs of the levels of the pyramid it belongs to, finest first.
        notes: what else a reader should know.
    """

    format: str
    shards: Shape | None = None
    levels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Volume(abc.ABC):
    """Voxels on disk or in memory; read and written by box.

    A volume pickles as what it takes to find its voxels, without handles: those are opened where voxels are first read.
    """

    def __init__(self, spec: str, layout: Layout) -> None:
        self.spec = spec
        self.layout = layout

    @property
    def shape(self) -> Shape:
        """Voxels along z, y and x."""
        return self.layout.shape

    @property
    def channels(self) -> int | None:
        """Channels, or None when there is no channel axis."""
        return self.layout.channels

    @property
    def dtype(self) -> np.dtype:
        """Type of the voxels; never bool, which is kept as uint8."""
        return self.layout.dtype

    @property
    def voxel_size(self) -> VoxelSize | None:
        """Edge lengths of a voxel, or None when nobody said."""
        return self.layout.voxel_size

    @property
    def offset(self) -> Offset | None:
        """Nanometres (z y x) of the first voxel from the world's origin, or None when nobody said."""
        return self.layout.offset

    @property
    def chunks(self) -> Shape:
        """Extent that is cheap to read at once."""
        return self.layout.chunks

    @final
    def read(self, box: Box | None = None) -> Voxels:
        """A new array with the voxels of `box` (all of them without one): z y x, or c z y x."""
        box = Box.whole(self.shape) if box is None else box
        self._check_inside(box)
        return self._read(box) if box.size else np.empty((*self.layout.array_shape[:-3], *box.shape), self.dtype)

    @final
    def write(self, box: Box, array: Voxels) -> None:
        """Put `array` where `box` is; it is on disk when this returns."""
        self._check_inside(box)
        expected = (*self.layout.array_shape[:-3], *box.shape)
        if array.shape != expected:
            raise ShapeError(f"{self.spec}: box {box} takes an array of shape {expected}; got {array.shape}")
        if not _fits(array.dtype, self.dtype):
            raise DataError(
                f"{self.spec} holds {self.dtype}; {array.dtype} does not fit without loss: convert it first"
            )
        if box.size:
            self._write(box, array.astype(self.dtype, copy=False))

    def uncached(self) -> "Volume":
        """The same volume for one pass over it, which keeps nothing of what it reads."""
        return self

    def describe(self) -> Storage:
        """How its voxels are kept."""
        return Storage(type(self).__name__)

    @abc.abstractmethod
    def _read(self, box: Box) -> Voxels:
        """The voxels of a box that lies inside."""

    @abc.abstractmethod
    def _write(self, box: Box, array: Voxels) -> None:
        """Keep voxels of the right shape and type in a box that lies inside."""

    def _check_inside(self, box: Box) -> None:
        if not Box.whole(self.shape).contains(box):
            raise ShapeError(f"{self.spec}: box {box} leaves the volume of shape {self.shape}")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.spec!r}, shape={self.layout.array_shape}, dtype={self.dtype})"


class ReadOnlyVolume(Volume):
    """A volume of a format whose boxes are only read."""

    @final
    def _write(self, box: Box, array: Voxels) -> None:  # noqa: ARG002 - of the interface
        raise OutputError(f"{self.spec} was opened to be read; write a .zarr")


def check_dtype(dtype: DTypeLike, spec: str) -> np.dtype:
    """The type voxels of `dtype` are kept in: native byte order, uint8 for bool."""
    try:
        found = np.dtype(dtype).newbyteorder("=")
    except TypeError as error:
        raise DataError(f"{spec}: {dtype!r} is no type of voxels: say uint8, float32 …") from error
    if found == np.bool_:
        return np.dtype(np.uint8)
    if found.kind not in "uif" or found.itemsize > _LARGEST_ITEM:
        raise DataError(f"{spec}: a volume holds ints or floats of at most 64 bits; got {found}")
    return found


def place_axes(shape: tuple[int, ...], spec: str) -> tuple[Shape, int | None]:
    """Shape (z y x) and channels of an array of two (y x), three (z y x) or four (c z y x) axes."""
    if len(shape) == 2:  # noqa: PLR2004 - y x
        return (1, shape[0], shape[1]), None
    if len(shape) == 3:  # noqa: PLR2004 - z y x
        return to_shape(shape), None
    if len(shape) == 4:  # noqa: PLR2004 - c z y x
        return to_shape(shape[1:]), shape[0]
    raise ShapeError(f"{spec}: an array of shape {shape} is no volume: 2 to 4 axes are (y x, z y x or c z y x)")


def _fits(given: np.dtype, kept: np.dtype) -> bool:
    """Whether values survive; floats may lose digits, ints nothing."""
    return np.can_cast(given, kept, "safe") or (given.kind == "f" and kept.kind == "f")
