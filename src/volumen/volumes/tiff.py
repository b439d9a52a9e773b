"""TIFF stacks: read page by page, written as a memory map, exported compressed."""

import logging
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import numpy as np

from volumen.errors import FormatError, OutputError, ShapeError
from volumen.geometry import Box, Shape, VoxelSize
from volumen.volumes.volume import Volume, split_channels

if TYPE_CHECKING:
    from tifffile import TiffFile

SUFFIXES = (".tif", ".tiff")
_NM = {"nm": 1.0, "µm": 1e3, "um": 1e3, "mm": 1e6, "cm": 1e7, "m": 1e9, "Å": 0.1, "pm": 1e-3}
# What decoders raise on bytes that are no TIFF, or not all of one.
_BROKEN = (
    ValueError,
    RuntimeError,
    OSError,
    IndexError,
    KeyError,
    TypeError,
    struct.error,
    EOFError,
    AssertionError,
    ArithmeticError,
)


@final
class TiffVolume(Volume):
    """A multi-page TIFF; only the pages that a box touches are decoded."""

    def __init__(self, spec: str, *, writable: bool = False) -> None:
        self.spec = spec
        self._writable = writable
        with _explain(spec), _open_tiff(spec) as file:
            series = file.series[0]
            self.channels, self.shape = split_channels(_check_axes(series, spec), spec)
            self.dtype = np.dtype(series.dtype)
            self.voxel_size = _read_voxel_size(file)
            self._mapped = series.dataoffset is not None
        self.offset = None
        self.chunks = (min(16, self.shape[0]), *self.shape[1:])

    def __reduce__(self) -> tuple[Any, ...]:
        return TiffVolume, (self.spec,)

    def _read(self, box: Box) -> np.ndarray:
        from tifffile import memmap

        with _explain(self.spec):
            if self._mapped:
                stack = memmap(self.spec, mode="r").reshape(self._full_shape)
                return np.array(stack[(..., *box.slices)])
            with _open_tiff(self.spec) as file:
                return self._read_pages(file.series[0], box)

    def _write(self, box: Box, array: np.ndarray) -> None:
        from tifffile import memmap

        if not self._writable:
            raise OutputError(f"{self.spec} was opened to be read; create_volume makes one that can be written")
        stack = memmap(self.spec, mode="r+")
        stack.reshape(self._full_shape)[(..., *box.slices)] = array
        stack.flush()

    @property
    def _full_shape(self) -> tuple[int, ...]:
        return self.shape if self.channels is None else (self.channels, *self.shape)

    def _read_pages(self, series: Any, box: Box) -> np.ndarray:
        if len(series.pages) * int(np.prod(self.shape[1:])) != int(np.prod(self._full_shape)):
            return np.asarray(series.asarray()).reshape(self._full_shape)[(..., *box.slices)].copy()
        out = np.empty((self.channels or 1, *box.shape), self.dtype)
        depth = self.shape[0]
        for channel in range(self.channels or 1):
            for z in range(box.start[0], box.stop[0]):
                page = series.pages[channel * depth + z]
                if page is None:
                    raise FormatError(f"{self.spec}: page {z} is missing; the file is truncated")
                plane = np.asarray(page.asarray()).reshape(self.shape[1:])
                out[channel, z - box.start[0]] = plane[box.slices[1:]]
        return out[0] if self.channels is None else out


def create_tiff(
    path: Path, *, shape: Shape, dtype: np.dtype, channels: int | None, voxel_size: VoxelSize | None
) -> TiffVolume:
    """A new uncompressed TIFF of zeros that takes boxes."""
    from tifffile import memmap

    full = shape if channels is None else (channels, *shape)
    options = _describe(channels, voxel_size)
    memmap(path, shape=full, dtype=dtype, bigtiff=int(np.prod(full)) * dtype.itemsize > 2**31, **options).flush()
    return TiffVolume(str(path), writable=True)


def export_tiff(source: Volume, path: Path, voxel_size: VoxelSize | None) -> None:
    """Write a volume page by page, LZW-compressed; held: a few planes."""
    from tifffile import imwrite

    def pages() -> Iterator[np.ndarray]:
        for channel in range(source.channels or 1):
            for slab in source.iterate_slabs():
                planes = source.read(slab)
                yield from planes if source.channels is None else planes[channel]

    full = source.shape if source.channels is None else (source.channels, *source.shape)
    size = int(np.prod(full)) * source.dtype.itemsize
    imwrite(
        path,
        pages(),
        shape=full,
        dtype=source.dtype,
        bigtiff=size > 2**31,
        compression="lzw",
        predictor=source.dtype.kind in "ui",
        **_describe(source.channels, voxel_size),
    )


def _describe(channels: int | None, voxel_size: VoxelSize | None) -> dict[str, Any]:
    axes = "ZYX" if channels is None else "CZYX"
    if voxel_size is None:
        return {"metadata": {"axes": axes}, "photometric": "minisblack"}
    sizes = {f"PhysicalSize{axis}": edge for axis, edge in zip("ZYX", voxel_size, strict=True)}
    units = {f"PhysicalSize{axis}Unit": "nm" for axis in "ZYX"}
    return {"metadata": {"axes": axes} | sizes | units, "ome": True, "photometric": "minisblack"}


def _open_tiff(spec: str) -> "TiffFile":
    from tifffile import TiffFile

    return TiffFile(spec)


def _check_axes(series: Any, spec: str) -> tuple[int, ...]:
    shape = tuple(int(extent) for extent in series.shape)
    if "S" in series.axes:
        raise ShapeError(f"{spec}: colour pages of {shape}; a volume of grey values is needed")
    if len(shape) == 4 and not series.axes.startswith("C"):  # noqa: PLR2004 - c z y x
        raise ShapeError(f"{spec}: four axes {series.axes} of {shape}; a volume has three (z y x), or channels first")
    return shape


def _read_voxel_size(file: "TiffFile") -> VoxelSize | None:
    """The voxel size that OME metadata give, else None."""
    if not file.is_ome or not file.ome_metadata:
        return None
    said = dict(re.findall(r'(PhysicalSize[XYZ](?:Unit)?)="([^"]*)"', file.ome_metadata))
    try:
        edges = [float(said[f"PhysicalSize{axis}"]) * _NM[said.get(f"PhysicalSize{axis}Unit", "µm")] for axis in "ZYX"]
        return VoxelSize.parse(edges)
    except (KeyError, ValueError):
        return None


class _Complaints(logging.Handler):
    """What the TIFF library logs where it goes on with less than the file should hold."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the message."""
        self.said.append(record.getMessage())


@contextmanager
def _explain(spec: str) -> Iterator[None]:
    """Errors of the decoder, and what it only logs, as one of ours that names the file."""
    library, complaints = logging.getLogger("tifffile"), _Complaints()
    library.addHandler(complaints)
    propagates, library.propagate = library.propagate, False
    try:
        yield
    except (FormatError, ShapeError, OutputError):
        raise
    except _BROKEN as error:
        raise _describe_damage(spec, str(error) or type(error).__name__) from error
    finally:
        library.removeHandler(complaints)
        library.propagate = propagates
    if complaints.said:
        raise _describe_damage(spec, complaints.said[0])


def _describe_damage(spec: str, reason: str) -> FormatError:
    return FormatError(f"{spec} cannot be read as TIFF ({reason.splitlines()[0][:160]}); is it truncated, or no TIFF?")
