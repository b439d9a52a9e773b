"""TIFF stacks: pages, strips, tiles, BigTIFF, any compression imagecodecs knows; read by box."""

import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from volumen.blocks import replace_path
from volumen.errors import FormatError, OutputError, ShapeError
from volumen.geometry import Box, to_shape
from volumen.volumes.axes import AxisPlan
from volumen.volumes.faults import explain_reading, explain_writing
from volumen.volumes.pictures import Head
from volumen.volumes.spec import Spec
from volumen.volumes.tiff_chain import check_chain
from volumen.volumes.tiff_pages import plan_pages
from volumen.volumes.tiff_pixels import Pixels, PlainPixels, locate_pixels
from volumen.volumes.tiff_placement import describe_placement, read_placement
from volumen.volumes.volume import Layout, Storage, Volume, Voxels, check_dtype

if TYPE_CHECKING:
    import tifffile

_BIG = 2**32 - 2**25  # bytes; tifffile's own bound, which leaves room for the tags of all pages

logging.getLogger("tifffile").addHandler(logging.NullHandler())  # it logs, and never to a stderr nobody asked for


class TiffVolume(Volume):
    """A TIFF stack as z y x; every read opens the file anew, so that there is no handle to hold.

    Decoded strips and tiles are kept while they fit the cache, but not those of a read of the whole.
    """

    def __init__(
        self, spec: str, layout: Layout, *, path: Path, plan: AxisPlan, writable: bool = False, cached: bool = True
    ) -> None:
        super().__init__(spec, layout)
        self._cached = cached and not writable
        self._path = path
        self.plan = plan
        self._writable = writable
        self._pixels: Pixels | None = None

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_pixels": None}

    def uncached(self) -> "TiffVolume":
        """The same volume for one pass over it, which keeps nothing of what it reads."""
        return TiffVolume(
            self.spec, self.layout, path=self._path, plan=self.plan, writable=self._writable, cached=False
        )

    def describe(self) -> Storage:
        """How its voxels are kept."""
        return Storage("TIFF")

    def _read(self, box: Box) -> Voxels:
        with explain_reading(self.spec, "TIFF"):
            keep = self._cached and box != Box.whole(self.shape)
            return self._locate().read(box, keep=keep).astype(self.dtype, copy=False)

    def _write(self, box: Box, array: Voxels) -> None:
        pixels = self._locate()
        if not self._writable or not isinstance(pixels, PlainPixels):
            raise OutputError(f"{self.spec} was opened to be read; create_volume makes a TIFF that can be written")
        with explain_writing(self.spec):
            pixels.write(box, array)

    def _locate(self) -> Pixels:
        if self._pixels is None:
            import tifffile

            with explain_reading(self.spec, "TIFF"), tifffile.TiffFile(self._path, _multifile=False) as tif:
                self._pixels = locate_pixels(tif, self._path, self.plan)
        return self._pixels


def open_tiff(spec: Spec) -> TiffVolume:
    """A TIFF for reading; a file that is cut, or is no single stack, is refused here."""
    import tifffile

    if spec.path.is_dir():
        raise FormatError(f"{spec.text} is a folder; a TIFF is a file")
    with explain_reading(spec.text, "TIFF"):
        check_chain(spec.path)
        with tifffile.TiffFile(spec.path, _multifile=False) as tif:
            plan = plan_pages(tif, spec)
            layout = _read_layout(tif, plan, spec.text)
            locate_pixels(tif, spec.path, plan).check()
    return TiffVolume(spec.text, layout, path=spec.path.absolute(), plan=plan)


def read_tiff_head(path: Path) -> Head:
    """What a TIFF of one page says of itself."""
    import tifffile

    with tifffile.TiffFile(path, _multifile=False) as tif:
        page = tif.pages.first
        if len(tif.pages) > 1:
            raise FormatError(f"{path} holds {len(tif.pages)} pages; a slice has one: open it by itself")
        if not all(isinstance(extent, int) for extent in page.shape):
            raise ValueError("the extents of its page are damaged")
        if page.ndim != 2:  # noqa: PLR2004 - y x
            raise FormatError(f"{path} has the shape {page.shape}; a slice is grey, with rows and columns")
        dtype = check_dtype(np.dtype(page.dtype), str(path))
        height, width = page.shape
        return Head((height, width), dtype, "one bit" if page.dtype == np.bool_ else "grey")


def create_tiff(spec: str, layout: Layout) -> TiffVolume:
    """An uncompressed TIFF full of zeros, with its whole room on disk taken."""
    import tifffile

    _check_channels(spec, layout)
    with explain_writing(spec):
        with replace_path(Path(spec)) as temporary:
            pixels = tifffile.memmap(temporary, shape=layout.shape, dtype=layout.dtype, **_choose_tags(layout))
            del pixels
            _take_room(temporary)
        made = open_tiff(Spec(spec, spec))
        return TiffVolume(spec, made.layout, path=Path(spec).absolute(), plan=made.plan, writable=True)


def write_tiff(spec: str, layout: Layout, pages: Iterable[np.ndarray], *, place: Path) -> None:
    """Write a compressed TIFF page by page at `place`; errors call it `spec`."""
    import tifffile

    _check_channels(spec, layout)
    with explain_writing(spec):
        tifffile.imwrite(
            place, iter(pages), shape=layout.shape, dtype=layout.dtype, compression="zlib",
            compressionargs={"level": 1}, **_choose_tags(layout),
        )  # fmt: skip


def _read_layout(tif: "tifffile.TiffFile", plan: AxisPlan, spec: str) -> Layout:
    page = tif.series[0].keyframe
    dtype = check_dtype(tif.series[0].dtype, spec)
    voxel_size, offset = read_placement(tif)
    shape = plan.volume_shape
    chunks = to_shape((1, *(page.chunks[-2:] if page.is_tiled else shape[1:])))
    return Layout(shape, dtype, chunks, plan.channels, voxel_size, offset)


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
