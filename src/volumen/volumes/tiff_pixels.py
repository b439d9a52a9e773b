"""Where the voxels of a TIFF lie in the file, and reading of no more of them than a box needs."""

import itertools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Int64

from volumen.errors import FormatError
from volumen.geometry import Box, Shape, to_shape
from volumen.volumes.axes import AxisPlan
from volumen.volumes.cache import PIECES, identify_file
from volumen.volumes.volume import Voxels

if TYPE_CHECKING:
    import tifffile

Table = Int64[np.ndarray, "pages segments"]
Decode = Callable[..., tuple[Any, tuple[int, ...], tuple[int, ...]]]


@dataclass(frozen=True)
class PlainPixels:
    """Voxels that lie in the file as in an array."""

    path: Path
    start: int
    dtype: np.dtype
    plan: AxisPlan

    def read(self, box: Box, *, keep: bool = False) -> Voxels:  # noqa: ARG002 - the system keeps what is mapped
        """The voxels of a box, in native byte order."""
        return self.plan.arrange(self._map("r")[self.plan.index(box)]).astype(self.dtype.newbyteorder("="), order="C")

    def write(self, box: Box, array: Voxels) -> None:
        """Put voxels on disk."""
        pixels = self._map("r+")
        pixels[self.plan.index(box)] = self.plan.store(array)
        pixels.flush()

    def check(self) -> None:
        """Refuse a file that ends before its voxels do."""
        end = self.start + int(np.prod(self.plan.shape, dtype=object)) * self.dtype.itemsize
        _check_end(self.path, end)

    def _map(self, mode: Any) -> "np.memmap[Any, Any]":
        return np.memmap(self.path, self.dtype, mode, self.start, self.plan.shape)


@dataclass(frozen=True)
class PagedPixels:
    """Voxels in compressed strips or tiles.

    Args:
        path: the file.
        starts: offset of each segment, a row a page; `counts` likewise in bytes.
        decode: tifffile's decoder of a page's segments.
        depth: slices a page holds; 1 but for volumetric tiles.
        segment: extent of a segment.
        grid: segments of a page along each axis.
        dtype: of the voxels.
    """

    path: Path
    starts: Table
    counts: Table
    decode: Decode
    depth: int
    segment: Shape
    grid: Shape
    dtype: np.dtype

    def read(self, box: Box, *, keep: bool = False) -> Voxels:
        """The voxels of a box; only the segments that meet it are read and decoded, and kept when `keep`."""
        voxels = np.zeros(box.shape, self.dtype)
        identity = identify_file(self.path)
        with self.path.open("rb") as file:
            for page, number in self._find_segments(box):
                if not self.counts[page, number]:
                    continue  # never written: it stays zero
                decode = partial(self._decode, file, page, number)
                values = PIECES.find((identity, int(self.starts[page, number])), decode) if keep else decode()
                self._place(voxels, box, self._locate(page, number), values)
        return voxels

    def check(self) -> None:
        """Refuse a file that ends before its last segment does."""
        _check_end(self.path, int((self.starts + self.counts).max()))

    def _find_segments(self, box: Box) -> Iterator[tuple[int, int]]:
        """Page and number of each segment that meets the box."""
        if not box.size:
            return
        for page in range(box.start[0] // self.depth, -(-box.stop[0] // self.depth)):
            local = box.shift((-page * self.depth, 0, 0)).clip(Box.whole((self.depth, *box.stop[1:])))
            spans = [
                range(low // edge, -(-high // edge))
                for low, high, edge in zip(local.start, local.stop, self.segment, strict=True)
            ]
            for z, y, x in itertools.product(*spans):
                yield page, (z * self.grid[1] + y) * self.grid[2] + x

    def _decode(self, file: BufferedReader, page: int, number: int) -> np.ndarray:
        """What a segment holds: z y x and a sample."""
        data = os.pread(file.fileno(), int(self.counts[page, number]), int(self.starts[page, number]))
        return np.asarray(self.decode(data, number)[0])

    def _locate(self, page: int, number: int) -> Shape:
        """The first voxel of a segment."""
        row, column = divmod(number, self.grid[2])
        layer, row = divmod(row, self.grid[1])
        deep, high, wide = self.segment
        return page * self.depth + layer * deep, row * high, column * wide

    @staticmethod
    def _place(voxels: Voxels, box: Box, place: Shape, values: np.ndarray) -> None:
        """Copy what a decoded segment shares with the box."""
        into, taken = [], []
        for start, extent, low, high in zip(place, values.shape, box.start, box.stop, strict=False):
            first, last = max(start, low), min(start + extent, high)
            into.append(slice(first - low, last - low))
            taken.append(slice(first - start, last - start))
        voxels[tuple(into)] = values[..., 0][tuple(taken)]


@dataclass(frozen=True)
class StackedPixels:
    """Channels, each in pages of its own."""

    channels: tuple[PagedPixels, ...]

    def read(self, box: Box, *, keep: bool = False) -> Voxels:
        """The voxels of a box."""
        return np.stack([channel.read(box, keep=keep) for channel in self.channels])

    def check(self) -> None:
        """Refuse a file that ends before its last segment does."""
        for channel in self.channels:
            channel.check()


Pixels = PlainPixels | PagedPixels | StackedPixels


def locate_pixels(tif: "tifffile.TiffFile", path: Path, plan: AxisPlan) -> Pixels:
    """Where the voxels of an open TIFF lie; reads the tags of all its pages, once a process."""
    series = tif.series[0]
    start = series.dataoffset
    if start is not None:
        return PlainPixels(path, start, series.dtype.newbyteorder(tif.byteorder), plan)
    frames: list[Any] = list(series)
    if any(frame is None for frame in frames):
        raise FormatError(f"{path} is one of several files of an OME set; convert the set to Zarr or to one TIFF")
    starts = [frame.dataoffsets for frame in frames]
    counts = [frame.databytecounts for frame in frames]
    grid = _pad(series.keyframe.chunked)
    if {len(row) for row in (*starts, *counts)} != {int(np.prod(grid))}:
        raise FormatError(f"{path} is damaged: a page lacks some of its strips or tiles")
    tables = np.array(starts, np.int64), np.array(counts, np.int64)
    channels = tuple(_build_pages(series, path, tables, pages) for pages in _order_pages(len(frames), series, plan))
    return channels[0] if plan.channels is None else StackedPixels(channels)


def _order_pages(count: int, series: Any, plan: AxisPlan) -> list[Int64[np.ndarray, " pages"]]:
    """Numbers of each channel's pages, in the order of z."""
    numbers = np.arange(count)
    if series.keyframe.imagedepth > 1:
        return [numbers]  # a page is several slices, and there is one channel
    leading = [number for number, name in enumerate(plan.names) if name not in "yx"]
    table = numbers.reshape([plan.shape[number] for number in leading])
    names = [plan.names[number] for number in leading]
    cut = table[tuple(plan.fixed[number] if plan.names[number] == "-" else slice(None) for number in leading)]
    kept = [name for name in names if name != "-"]
    ordered = cut.transpose([kept.index(name) for name in "cz" if name in kept])
    return list(ordered.reshape(plan.channels or 1, -1))


def _build_pages(series: Any, path: Path, tables: tuple[Table, Table], pages: Int64[np.ndarray, " n"]) -> PagedPixels:
    page = series.keyframe
    starts, counts = (table[pages] for table in tables)
    grid, segment = _pad(page.chunked), _pad(page.chunks)
    return PagedPixels(path, starts, counts, page.decode, page.imagedepth, segment, grid, series.dtype)


def _pad(extent: tuple[int, ...]) -> Shape:
    """An extent along y and x as one along z, y and x."""
    return to_shape((*[1] * (3 - len(extent)), *extent))


def _check_end(path: Path, end: int) -> None:
    size = path.stat().st_size
    if end > size:
        raise FormatError(f"{path} is truncated: its voxels end at byte {end} and the file at {size}")
