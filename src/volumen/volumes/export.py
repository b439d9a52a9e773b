"""A volume written whole, slab by slab: there when it is finished, and not before."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from volumen.blocks import replace_path
from volumen.geometry import Box, Shape, VoxelSize, to_shape
from volumen.volumes.formats import HDF5, NIFTI, NPY, TIFF, ZARR
from volumen.volumes.hdf5 import write_hdf5
from volumen.volumes.memory import to_volume
from volumen.volumes.nifti import write_nifti
from volumen.volumes.numpy_files import write_npy
from volumen.volumes.opening import CHUNK, claim_target
from volumen.volumes.spec import parse_spec
from volumen.volumes.tiff import write_tiff
from volumen.volumes.volume import Layout, Volume, Voxels
from volumen.volumes.zarr_creation import create_zarr
from volumen.volumes.zarr_files import remove_zarr

_SLAB_BYTES = 64 * 2**20  # held up to four times by writers that turn axes about, as NIfTI does

Progress = Callable[[int, int], None]


def export_volume(
    source: Volume | np.ndarray,
    spec: str | Path,
    *,
    voxel_size: VoxelSize | None = None,
    progress: Progress | None = None,
) -> None:
    """Write a whole volume to a file or a Zarr: it takes the place of one that is there once it is whole.

    When it fails, nothing is left behind, and what was there is as it was. TIFF, NIfTI (as `.nii.gz`) and HDF5 are
    packed; other datasets of an HDF5 file stay.
    One slab of the source is in memory: 64 MB, or a slice or a row of Zarr chunks where that is more.

    Args:
        source: a volume, or an array z y x (for all but TIFF also c z y x).
        spec: `x.tif`, `x.zarr`, `x.zarr/name`, `x.h5`, `x.h5:dataset`, `x.nii`, `x.nii.gz` or `x.npy`.
        voxel_size: the source's own when not said.
        progress: told slices read and slices in all.
    """
    volume = to_volume(source)
    layout = replace(volume.layout, voxel_size=voxel_size or volume.voxel_size)
    form, path = claim_target(spec, EXPORTED, overwrite=True), parse_spec(spec).path
    with replace_path(path) as temporary:
        _WRITERS[form](volume, layout, str(spec), place=temporary, progress=progress or _ignore)
        if path.is_dir():
            remove_zarr(path)


def _write_tiff(volume: Volume, layout: Layout, spec: str, *, place: Path, progress: Progress) -> None:
    depth, height, width = layout.shape
    step = _fit_budget(layout, (1, height, width), most=volume.chunks[0] if volume.chunks[0] > 1 else depth)
    pages = (page for _, slab in _read_boxes(volume, (step, height, width), progress) for page in slab)
    write_tiff(spec, layout, pages, place=place)


def _write_zarr(volume: Volume, layout: Layout, spec: str, *, place: Path, progress: Progress) -> None:
    target = create_zarr(spec, replace(layout, chunks=CHUNK), place=place)
    for box, slab in _read_boxes(volume, _choose_rows(layout, target.chunks), progress):
        target.write(box, slab)


def _write_hdf5(volume: Volume, layout: Layout, spec: str, *, place: Path, progress: Progress) -> None:
    chunks = to_shape([min(edge, extent) for edge, extent in zip(CHUNK, layout.shape, strict=True)])
    rows = _read_boxes(volume, _choose_rows(layout, chunks), progress)
    write_hdf5(parse_spec(spec), replace(layout, chunks=chunks), rows, place=place)


def _write_npy(volume: Volume, layout: Layout, spec: str, *, place: Path, progress: Progress) -> None:
    write_npy(spec, layout, _read_boxes(volume, _choose_slab(volume, layout), progress), place=place)


def _write_nifti(volume: Volume, layout: Layout, spec: str, *, place: Path, progress: Progress) -> None:
    step = _choose_slab(volume, layout)
    write_nifti(spec, layout, lambda: (slab for _, slab in _read_boxes(volume, step, progress)), place=place)


_WRITERS = {TIFF: _write_tiff, ZARR: _write_zarr, HDF5: _write_hdf5, NPY: _write_npy, NIFTI: _write_nifti}
EXPORTED = tuple(_WRITERS)


def _choose_rows(layout: Layout, chunks: Shape) -> Shape:
    """Whole rows of chunks: as many as the budget allows."""
    (deep, high, _), width = chunks, layout.shape[2]
    rows = _fit_budget(layout, (deep, high, width), most=-(-layout.shape[1] // high))
    return deep, rows * high, width


def _choose_slab(volume: Volume, layout: Layout) -> Shape:
    """Whole slices: as many as the budget allows, in steps of the source's chunks where that is more than one."""
    depth, height, width = layout.shape
    step = _fit_budget(layout, (1, height, width), most=depth)
    return step - step % volume.chunks[0] or step, height, width


def _fit_budget(layout: Layout, unit: Shape, *, most: int) -> int:
    """How many boxes of `unit` are held at once: what the budget allows, at least one."""
    return max(1, min(most, _SLAB_BYTES // max(replace(layout, shape=unit).nbytes, 1)))


def _read_boxes(volume: Volume, step: Shape, progress: Progress) -> Iterator[tuple[Box, Voxels]]:
    """The volume in boxes of `step`, z outermost."""
    depth, height, width = volume.shape
    for low in range(0, depth, step[0]):
        for top in range(0, height, step[1]):
            box = Box((low, top, 0), (min(low + step[0], depth), min(top + step[1], height), width))
            slab = volume.read(box)
            if box.stop[1] == height:
                progress(box.stop[0], depth)
            yield box, slab


def _ignore(_done: int, _total: int) -> None: ...
