"""From a spec to a volume, to read one or to make one."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from numpy.typing import DTypeLike

from volumen.errors import ExistsError, FormatError, ShapeError
from volumen.geometry import Shape, VoxelSize, to_shape
from volumen.volumes.formats import TIFF, ZARR, Format, find_by_suffix, find_format
from volumen.volumes.spec import parse_spec
from volumen.volumes.tiff import create_tiff
from volumen.volumes.volume import Layout, Offset, Volume, check_dtype
from volumen.volumes.zarr import open_zarr
from volumen.volumes.zarr_creation import create_zarr
from volumen.volumes.zarr_files import check_removable, is_zarr, remove_zarr

CREATED = (TIFF, ZARR)
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
    if claim_target(spec, CREATED, overwrite=overwrite) is TIFF:
        return create_tiff(name, layout)
    remove_zarr(Path(spec))
    return create_zarr(name, layout)


def claim_target(spec: str | Path, formats: Sequence[Format], *, overwrite: bool) -> Format:
    """The format of what is to be written, when it is one of `formats` and nothing is there or may be overwritten."""
    target = parse_spec(spec)
    if target.is_remote:
        raise FormatError(f"{spec}: volumes are written to this machine; copy them from here")
    form = ZARR if is_zarr(target.path) else find_by_suffix(target.path)
    if form is None or form not in formats:
        written = ", ".join(suffix for known in formats for suffix in known.suffixes)
        raise FormatError(f"{spec} is no format that is written here; it must be one of {written} or x.zarr/name")
    if target.path.exists() and not overwrite:
        raise ExistsError(f"{spec} is there already; choose another name or overwrite")
    if form is ZARR:
        check_removable(target.path)
    return form
