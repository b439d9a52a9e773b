"""Voxels that lie in a file one after another, packed or not: NPY, NPZ, NIfTI and NRRD."""

import bz2
import gzip
import logging
import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path
from typing import Literal, cast

import numpy as np

from volumen.errors import FormatError
from volumen.geometry import Box, Shape
from volumen.volumes.axes import AxisPlan
from volumen.volumes.cache import PIECES, find_cache_bytes, identify_file
from volumen.volumes.faults import explain_reading
from volumen.volumes.volume import Layout, ReadOnlyVolume, Storage, Voxels

logger = logging.getLogger(__name__)

Packing = Literal["none", "gzip", "bzip2", "zip"]

_EDGE = 64
_SLAB_BYTES = 64 * 2**20


@dataclass(frozen=True)
class RawArray:
    """Where an array lies in a file.

    Args:
        path: the file.
        start: bytes before the first value, counted after unpacking.
        dtype: as it is stored, with its byte order.
        shape: as it is stored, the last axis running fastest.
        packing: how the file, or the member of a zip, is packed.
        member: the member of a zip.
        packed_at: bytes of the file before the packed ones.
    """

    path: Path
    start: int
    dtype: np.dtype
    shape: tuple[int, ...]
    packing: Packing = "none"
    member: str = ""
    packed_at: int = 0

    @property
    def nbytes(self) -> int:
        """Bytes of all values."""
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def is_kept(self) -> bool:
        """Whether it is unpacked once and kept, because it fits the cache."""
        return self.packing != "none" and self.nbytes <= find_cache_bytes()

    def check(self) -> None:
        """Refuse a file that ends before its values do, where that can be seen without unpacking."""
        end, size = self.start + self.nbytes, self.path.stat().st_size
        if self.packing == "none" and end > size:
            raise FormatError(f"{self.path} is truncated: its voxels end at byte {end} and the file at {size}")

    def cut(self, index: tuple[slice | int, ...], *, keep: bool = True) -> np.ndarray:
        """Values at an index of slices and ints; what had to be unpacked for them is kept when `keep`."""
        if not self.nbytes:
            return np.zeros(self.shape, self.dtype)[index]
        if self.packing == "none":
            return np.memmap(self.path, self.dtype, "r", self.start, self.shape)[index]
        if self.is_kept and keep:
            return PIECES.find((identify_file(self.path), self.member, self.start), self._unpack)[index]
        return self._stream(index)

    def choose_chunk(self) -> tuple[int, ...]:
        """Extent along the stored axes that is cheap to read at once."""
        if self.packing == "none" or self.is_kept:
            return tuple(min(_EDGE, extent) for extent in self.shape)
        plane = self.nbytes // max(self.shape[0], 1)
        return (max(1, min(self.shape[0], _SLAB_BYTES // max(plane, 1))), *self.shape[1:])

    def _unpack(self) -> np.ndarray:
        with self._open() as stream:
            stream.seek(self.start)
            return self._take(stream, self.shape)

    def _stream(self, index: tuple[slice | int, ...]) -> np.ndarray:
        """Values of an array too large to keep: everything before them is unpacked too."""
        first = index[0]
        low, high = (first.start, first.stop) if isinstance(first, slice) else (first, first + 1)
        plane = self.nbytes // self.shape[0]
        with self._open() as stream:
            stream.seek(self.start + low * plane)
            values = self._take(stream, (high - low, *self.shape[1:]))
        return values[(slice(None) if isinstance(first, slice) else 0, *index[1:])]

    def _take(self, stream: BufferedIOBase, shape: tuple[int, ...]) -> np.ndarray:
        wanted = math.prod(shape) * self.dtype.itemsize
        taken = stream.read(wanted)
        if len(taken) < wanted:
            raise FormatError(f"{self.path} is truncated: {wanted} bytes of voxels were due and {len(taken)} are there")
        stream.read(1)  # at the end of the file a checksum is compared
        return np.frombuffer(taken, self.dtype).reshape(shape)

    @contextmanager
    def _open(self) -> Iterator[BufferedIOBase]:
        """The unpacked bytes."""
        if self.packing == "zip":
            with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as stream:
                yield cast("BufferedIOBase", stream)
            return
        with self.path.open("rb") as file:
            file.seek(self.packed_at)
            unpack = gzip.open if self.packing == "gzip" else bz2.open
            with unpack(file, "rb") as stream:
                yield cast("BufferedIOBase", stream)


class RawVolume(ReadOnlyVolume):
    """An array in a file that holds little else; every read opens the file anew, so that there is no handle to hold.

    A packed one is unpacked whole when a box is first read, and kept while it fits the cache.
    """

    def __init__(
        self,
        spec: str,
        layout: Layout,
        *,
        raw: RawArray,
        plan: AxisPlan,
        storage: Storage,
        scaling: tuple[float, float] | None = None,
    ) -> None:
        super().__init__(spec, layout)
        self._raw = raw
        self._plan = plan
        self._storage = storage
        self._scaling = scaling

    def describe(self) -> Storage:
        """How its voxels are kept."""
        return self._storage

    def _read(self, box: Box) -> Voxels:
        with explain_reading(self.spec, self._storage.format):
            keep = box != Box.whole(self.shape)
            voxels = self._plan.arrange(self._raw.cut(self._plan.index(box), keep=keep))
            if self._scaling is not None:
                slope, shift = self._scaling
                voxels = voxels * np.float64(slope) + shift
            return np.array(voxels, self.dtype, order="C")


def chunk_volume(raw: RawArray, plan: AxisPlan) -> Shape:
    """Extent of a volume that is cheap to read at once; a packed one too large to keep is told here."""
    if raw.packing != "none" and not raw.is_kept:
        logger.warning(
            "%s unpacks to %d MB, more than the cache holds: every box is unpacked from the start; make a Zarr of it",
            raw.path,
            raw.nbytes >> 20,
        )
    return plan.order(raw.choose_chunk(), absent=1)
