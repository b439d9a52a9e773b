"""TIFF stacks: pages, strips, tiles, BigTIFF, any compression imagecodecs knows; read by box."""

import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from volumen.blocks import replace_path
from volumen.errors import FormatError, OutputError, ShapeError
from volumen.geometry import Box, Shape, to_shape
from volumen.volumes.faults import explain_reading, explain_writing
from volumen.volumes.placement import describe_placement, read_placement
from volumen.volumes.tiff_chain import check_chain
from volumen.volumes.tiff_pixels import Pixels, PlainPixels, locate_pixels
from volumen.volumes.volume import Layout, Volume, Voxels, check_dtype

if TYPE_CHECKING:
    import tifffile

_BIG = 2**32 - 2**25  # bytes; tifffile's own bound, which leaves room for the tags of all pages

logging.getLogger("tifffile").addHandler(logging.NullHandler())  # it logs, and never to a stderr nobody asked for


class TiffVolume(Volume):
    """A TIFF stack as z y x; every read opens the file anew, so that there is no handle to hold."""

    def __init__(self, spec: str, layout: Layout, *, writable: bool) -> None:
        super().__init__(spec, layout)
        self._writable = writable
        self._pixels: Pixels | None = None

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_pixels": None}

    def _read(self, box: Box) -> Voxels:
        with explain_reading(self.spec, "TIFF"):
            return self._locate().read(box)

    def _write(self, box: Box, array: Voxels) -> None:
        pixels = self._locate()
        if not self._writable or not isinstance(pixels, PlainPixels):
            raise OutputError(f"{self.spec} was opened to be read; create_volume makes a TIFF that can be written")
        with explain_writing(self.spec):
            pixels.write(box, array)

    def _locate(self) -> Pixels:
        if self._pixels is None:
            import tifffile

            with explain_reading(self.spec, "TIFF"), tifffile.TiffFile(self.spec, _multifile=False) as tif:
                self._pixels = locate_pixels(tif, Path(self.spec), self.shape)
        return self._pixels


def open_tiff(spec: str) -> TiffVolume:
    """A TIFF for reading; a file that is cut, or is no single stack, is refused here."""
    import tifffile

    path = Path(spec)
    if path.is_dir():
        raise FormatError(f"{spec} is a folder; a TIFF is a file")
    with explain_reading(spec, "TIFF"):
        check_chain(path)
        with tifffile.TiffFile(path, _multifile=False) as tif:
            layout = _read_layout(tif, spec)
            locate_pixels(tif, path, layout.shape).check()
    return TiffVolume(spec, layout, writable=False)


def create_tiff(spec: str, layout: Layout) -> TiffVolume:
    """An uncompressed TIFF full of zeros, with its whole room on disk taken."""
    import tifffile

    _check_channels(spec, layout)
    with explain_writing(spec):
        with replace_path(Path(spec)) as temporary:
            pixels = tifffile.memmap(temporary, shape=layout.shape, dtype=layout.dtype, **_choose_tags(layout))
            del pixels
            _take_room(temporary)
        return TiffVolume(spec, open_tiff(spec).layout, writable=True)


def write_tiff(spec: str, layout: Layout, pages: Iterable[np.ndarray], *, place: Path) -> None:
    """Write a compressed TIFF page by page at `place`; errors call it `spec`."""
    import tifffile

    _check_channels(spec, layout)
    with explain_writing(spec):
        tifffile.imwrite(
            place, iter(pages), shape=layout.shape, dtype=layout.dtype, compression="zlib",
            compressionargs={"level": 1}, **_choose_tags(layout),
        )  # fmt: skip


def _read_layout(tif: "tifffile.TiffFile", spec: str) -> Layout:
    if len(tif.series) != 1:
        raise FormatError(f"{spec} holds {len(tif.series)} images of different shapes; a volume is one stack")
    series = tif.series[0]
    shape = _place_pages(series.get_shape(False), series.get_axes(False), spec)  # noqa: FBT003
    dtype = check_dtype(series.dtype, spec)
    voxel_size, offset = read_placement(tif.pages.first.description)
    page = series.keyframe
    chunks = to_shape((1, *(page.chunks[-2:] if page.is_tiled else shape[1:])))
    return Layout(shape, dtype, chunks, None, voxel_size, offset)


def _place_pages(shape: tuple[int, ...], axes: str, spec: str) -> Shape:
    """Shape of the stack; axes of one voxel are dropped, and more than three refused."""
    sizes = {axis: size for axis, size in zip(axes, shape, strict=True) if axis in "YX"}
    others = [size for axis, size in zip(axes, shape, strict=True) if axis not in "YX" and size > 1]
    if sizes.keys() != {"Y", "X"} or "S" in [a for a, n in zip(axes, shape, strict=True) if n > 1] or len(others) > 1:
        found = tuple(size for axis, size in zip(axes, shape, strict=True) if size > 1 or axis in "YX")
        raise ShapeError(f"{spec} has the shape {found} (axes {axes}); a volume has one channel and the axes z y x")
    return (others[0] if others else 1, sizes["Y"], sizes["X"])


def _check_channels(spec: str, layout: Layout) -> None:
    if layout.channels is not None:
        raise ShapeError(f"{spec}: a TIFF holds one channel, not {layout.array_shape}; write a .zarr")


def _choose_tags(layout: Layout) -> dict[str, Any]:
    """What tifffile is told beside shape and type."""
    return {
        "photometric": "minisblack",
        "metadata": None,
        "description": describe_placement(layout),
        "bigtiff": layout.nbytes >= _BIG,
    }


def _take_room(path: Path) -> None:
    """Let a full disk be an error now; later a write through the mapping would end the process."""
    with path.open("r+b") as file:
        os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
