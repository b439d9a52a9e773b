"""Volumes by path: opened, created, exported, listed."""

import re
import shutil
from pathlib import Path

import numpy as np

from volumen.errors import ExistsError, FormatError, MissingError, OutputError
from volumen.geometry import Shape, VoxelSize
from volumen.volumes import tiff, zarr
from volumen.volumes.memory import to_volume
from volumen.volumes.volume import Offset, Volume

ALLOWED = "a TIFF (.tif, .tiff) or a Zarr store (.zarr, or an array inside one)"


def open_volume(spec: str | Path, *, writable: bool = False) -> Volume:
    """The volume at a path, to be read; a Zarr array takes boxes too when `writable`."""
    path = Path(spec)
    if path.suffix.lower() in tiff.SUFFIXES:
        if not path.is_file():
            raise MissingError(f"there is no file {path}")
        if path.stat().st_size == 0:
            raise FormatError(f"{path} is empty: 0 bytes")
        return tiff.TiffVolume(str(path))
    if _is_zarr(path):
        return zarr.ZarrVolume(str(path), writable=writable)
    if not path.exists():
        raise MissingError(f"there is no {path}; give {ALLOWED}")
    raise FormatError(f"{path} is of no known format; give {ALLOWED}")


def create_volume(
    spec: str | Path,
    *,
    shape: Shape,
    dtype: np.dtype | type | str,
    channels: int | None = None,
    voxel_size: VoxelSize | None = None,
    offset: Offset | None = None,
    chunks: Shape | None = None,
    overwrite: bool = False,
) -> Volume:
    """A new volume of zeros that takes boxes; booleans are stored as uint8.

    Args:
        spec: path ending in `.zarr` (or inside such a store), `.tif` or `.tiff`.
        shape: voxels along z, y and x.
        dtype: type of the voxels.
        channels: length of a leading channel axis; None for none.
        voxel_size: in nm, None when unknown.
        offset: place of the first voxel in nm; TIFF cannot keep it.
        chunks: voxels of a chunk, 64³ when not said; TIFF has none.
        overwrite: replace what is there.
    """
    path, stored = Path(spec), np.dtype(dtype)
    stored = np.dtype(np.uint8) if stored == np.bool_ else stored
    _make_room(path, overwrite=overwrite)
    if path.suffix.lower() in tiff.SUFFIXES:
        return tiff.create_tiff(path, shape=shape, dtype=stored, channels=channels, voxel_size=voxel_size)
    if not _is_zarr(path):
        raise OutputError(f"{path} cannot be made: its name must end in .tif, .tiff or .zarr")
    attributes = {"voxel_size_nm": list(voxel_size) if voxel_size else None, "offset_nm": offset}
    known = {key: value for key, value in attributes.items() if value is not None}
    return zarr.create_zarr(path, shape=shape, dtype=stored, channels=channels, chunks=chunks, attributes=known)


def export_volume(source: Volume | np.ndarray, spec: str | Path, *, voxel_size: VoxelSize | None = None) -> None:
    """Write a volume to a file, a few planes at a time; the file appears when it is whole.

    Args:
        source: what to write; booleans become 0 and 1.
        spec: path ending in `.tif`, `.tiff` or `.zarr`.
        voxel_size: the source's own when not given.
    """
    path = Path(spec)
    array = source.astype(np.uint8) if isinstance(source, np.ndarray) and source.dtype == np.bool_ else source
    volume = to_volume(array)
    size = voxel_size or volume.voxel_size
    partial = path.with_name(f".{path.stem}.partial{path.suffix}")
    _make_room(partial, overwrite=True)
    try:
        if path.suffix.lower() in tiff.SUFFIXES:
            tiff.export_tiff(volume, partial, size)
        else:
            _copy_slabs(volume, partial, size)
        if path.is_dir():
            shutil.rmtree(path)
        partial.replace(path)
    finally:
        if partial.is_dir():
            shutil.rmtree(partial)
        partial.unlink(missing_ok=True)


def list_volumes(folder: str | Path) -> list[Path]:
    """Every volume in a folder, numbers in names in their order; hidden files are left out."""
    path = Path(folder)
    if not path.is_dir():
        raise MissingError(f"there is no folder {path}")
    found = (
        child
        for child in path.iterdir()
        if not child.name.startswith(".") and (child.suffix.lower() in tiff.SUFFIXES or child.suffix == ".zarr")
    )
    return sorted(found, key=_split_numbers)


def _split_numbers(path: Path) -> list[int | str]:
    """A sort key by which `case_2` comes before `case_10`."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", path.name)]


def _copy_slabs(source: Volume, path: Path, voxel_size: VoxelSize | None) -> None:
    target = create_volume(
        path,
        shape=source.shape,
        dtype=source.dtype,
        channels=source.channels,
        voxel_size=voxel_size,
        offset=source.offset,
    )
    for slab in target.iterate_slabs():
        target.write(slab, source.read(slab))


def _is_zarr(path: Path) -> bool:
    return any(part.endswith(".zarr") for part in path.parts) or any((path / name).is_file() for name in zarr.METADATA)


def _make_room(path: Path, *, overwrite: bool) -> None:
    if path.exists():
        if not overwrite:
            raise ExistsError(f"{path} is there already; name another output or overwrite it")
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"the folder {path.parent} cannot be made: {error.strerror}") from error
