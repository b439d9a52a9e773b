"""From a spec to a volume: which format it is, and what is wrong when it is none."""

from pathlib import Path
from typing import Literal

from numpy.typing import DTypeLike

from volumen.errors import ExistsError, FormatError, MissingError, ShapeError
from volumen.geometry import Shape, VoxelSize, to_shape
from volumen.volumes.tiff import create_tiff, open_tiff
from volumen.volumes.volume import Layout, Offset, Volume, check_dtype
from volumen.volumes.zarr import create_zarr, open_zarr
from volumen.volumes.zarr_files import check_removable, is_zarr, remove_zarr

TIFF_SUFFIXES = (".tif", ".tiff")
SUFFIXES = (*TIFF_SUFFIXES, ".zarr")

CHUNK = (64, 64, 64)  # 27 of them hold any 128³ patch: 7 M voxels to decode, against 17 M with 128³ chunks


def open_volume(spec: str | Path, *, writable: bool = False) -> Volume:
    """The volume a path names: a TIFF, a Zarr array, or `x.zarr/name` for an array in a group.

    Only what describes the voxels is read now. A Zarr array takes boxes too when `writable`, and is not cached then.
    """
    if "://" not in str(spec) and not Path(spec).exists():
        raise MissingError(f"{spec} is not there")
    return open_tiff(str(spec)) if find_format(spec) == "tiff" else open_zarr(str(spec), writable=writable)


def create_volume(
    spec: str | Path,
    *,
    shape: Shape,
    dtype: DTypeLike,
    channels: int | None = None,
    voxel_size: VoxelSize | None = None,
    offset: Offset | None = None,
    chunks: Shape | None = None,
    overwrite: bool = False,
) -> Volume:
    """A new volume full of zeros that boxes can be written to; only a Zarr may be written by several processes.

    Args:
        spec: `x.tif` (uncompressed), `x.zarr`, or `x.zarr/name` for an array in a group.
        shape: voxels along z, y and x.
        dtype: an int or float; bool is kept as uint8.
        channels: None for no channel axis.
        voxel_size: left out of the file when None.
        offset: nanometres (z y x) of the first voxel from the world's origin.
        chunks: extent of a Zarr chunk, 64³ when not said; a TIFF has pages.
        overwrite: whether a volume that is there already is replaced.
    """
    name = str(spec)
    if any(extent < 1 for extent in (*shape, *(chunks or CHUNK), 1 if channels is None else channels)):
        raise ShapeError(f"{name}: shape {shape}, chunks {chunks} and channels {channels} must all be at least 1")
    layout = Layout(to_shape(shape), check_dtype(dtype, name), to_shape(chunks or CHUNK), channels, voxel_size, offset)
    claim_target(spec, overwrite=overwrite)
    if find_format(spec) == "tiff":
        return create_tiff(name, layout)
    remove_zarr(Path(spec))
    return create_zarr(name, layout)


def find_format(spec: str | Path) -> Literal["tiff", "zarr"]:
    """Which format a spec names."""
    if "://" in str(spec):
        raise FormatError(f"{spec}: only local files are read; copy it here first")
    if Path(spec).suffix.lower() in TIFF_SUFFIXES:
        return "tiff"
    if is_zarr(Path(spec)):
        return "zarr"
    raise FormatError(f"{spec} is no format known here; it must be one of {', '.join(SUFFIXES)} or x.zarr/name")


def claim_target(spec: str | Path, *, overwrite: bool) -> Path:
    """Where output may go: a known format, and nothing there unless it may be overwritten."""
    form, path = find_format(spec), Path(spec)
    if path.exists() and not overwrite:
        raise ExistsError(f"{spec} is there already; choose another name or overwrite")
    if form == "zarr":
        check_removable(path)
    return path
