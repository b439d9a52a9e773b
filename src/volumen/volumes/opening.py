"""From a spec to a volume, to read one or to make one."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

from numpy.typing import DTypeLike

from volumen.errors import ExistsError, FormatError, ShapeError
from volumen.geometry import Shape, VoxelSize, to_shape
from volumen.volumes.formats import TIFF, ZARR, find_format
from volumen.volumes.spec import parse_spec
from volumen.volumes.tiff import create_tiff
from volumen.volumes.volume import Layout, Offset, Volume, check_dtype
from volumen.volumes.zarr import create_zarr, open_zarr
from volumen.volumes.zarr_files import check_removable, is_zarr, remove_zarr

CHUNK = (64, 64, 64)  # 27 of them hold any 128³ patch: 7 M voxels to decode, against 17 M with 128³ chunks


def open_volume(spec: str | Path, *, writable: bool = False) -> Volume:
    """The volume that a path or URL names: `PLACE[@LEVEL][:DATASET][?OPTIONS]`, see docs/volumes.md.

    Only what describes the voxels is read now. A Zarr array takes boxes too when `writable`, and is not cached then.
    """
    parsed = parse_spec(spec)
    form = find_format(parsed)
    volume = open_zarr(parsed, writable=writable) if form is ZARR else form.open(parsed)
    if parsed.options.voxel_size is not None:
        volume.layout = replace(volume.layout, voxel_size=parsed.options.voxel_size)
    return volume


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
    if find_target_format(spec) == "tiff":
        return create_tiff(name, layout)
    remove_zarr(Path(spec))
    return create_zarr(name, layout)


def find_target_format(spec: str | Path) -> Literal["tiff", "zarr"]:
    """Which format a spec names that is to be written."""
    if parse_spec(spec).is_remote:
        raise FormatError(f"{spec}: volumes are written to this machine; copy them from here")
    if Path(spec).name.lower().endswith(TIFF.suffixes):
        return "tiff"
    if is_zarr(Path(spec)):
        return "zarr"
    raise FormatError(
        f"{spec} is no format that is written; it must be {', '.join(TIFF.suffixes)}, .zarr or x.zarr/name"
    )


def claim_target(spec: str | Path, *, overwrite: bool) -> Path:
    """Where output may go: a known format, and nothing there unless it may be overwritten."""
    form, path = find_target_format(spec), Path(spec)
    if path.exists() and not overwrite:
        raise ExistsError(f"{spec} is there already; choose another name or overwrite")
    if form == "zarr":
        check_removable(path)
    return path
