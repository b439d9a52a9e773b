"""A volume copied into another format, type, part or pyramid: streamed, never held."""

import time
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from volumen.blocks import choose_executor, hold_lock
from volumen.errors import ConfigError, ShapeError
from volumen.geometry import Box, Shape
from volumen.volumes.casting import choose_cast
from volumen.volumes.export import EXPORTED, Progress, export_volume
from volumen.volumes.formats import ZARR, Format
from volumen.volumes.memory import to_volume
from volumen.volumes.opening import CHUNK, claim_target
from volumen.volumes.part import PartVolume
from volumen.volumes.spec import parse_spec
from volumen.volumes.volume import Layout, Volume, check_dtype
from volumen.volumes.zarr_creation import ZarrVersion

if TYPE_CHECKING:
    from volumen.volumes.zarr_conversion import Copying

_LABEL_BYTES = 4  # ints of so many hold ids, not intensities, where nobody says
_PYRAMID = ".ome.zarr"


@dataclass(frozen=True)
class ConvertOptions:
    """What is changed on the way, and how the copy is kept.

    Args:
        dtype: type of the copy's voxels, as uint8; a value that has no place in it is refused unless there is a range.
        range: intensities LOW,HIGH spread over all of the type (over 0 to 1 of floats); those outside are clipped.
        labels: whether voxels are names of things, of which a coarser level takes the most frequent and not the mean;
            when not said, ints of 32 bits and more are.
        crop: only this part, as z0:z1,y0:y1,x0:x1 in voxels.
        chunks: extent of a Zarr's chunks along z, y and x; 64 each when not said.
        shards: extent of its files, each of several chunks, where many small files are a burden.
        levels: makes an OME-Zarr pyramid of so many; for x.ome.zarr, when not said, until the last is an overview.
        zarr: version of the format, 2 or 3.
        resume: go on with a copy that was begun; done already, it is left as it is.
        overwrite: replace what is there once the copy is whole, and begin anew one that was begun.
        workers: processes that copy blocks side by side.
        dask: address or scheduler file of a Dask cluster that does, or a number of workers for one on this machine.
    """

    dtype: str | None = None
    range: tuple[float, float] | None = None
    labels: bool | None = None
    crop: str | None = None
    chunks: Shape | None = None
    shards: Shape | None = None
    levels: int | None = None
    zarr: ZarrVersion = 3
    resume: bool = False
    overwrite: bool = False
    workers: int = 1
    dask: str | None = None

    def __post_init__(self) -> None:
        if self.resume and self.overwrite:
            raise ConfigError("resume keeps what is there and overwrite replaces it; ask for one of them")
        if self.shards is not None and self.zarr != ConvertOptions.zarr:
            raise ConfigError("only Zarr 3 has shards; leave them out, or the version")
        for name in ("chunks", "shards"):
            if min(getattr(self, name) or (1,)) < 1:
                raise ShapeError(f"{name} have at least one voxel along each axis; got {getattr(self, name)}")


@dataclass(frozen=True)
class Converted:
    """What a conversion came to.

    Args:
        target: spec of the copy.
        layout: of its finest level.
        levels: how many it has; 1 for what is no pyramid.
        seconds: this run took.
        done: blocks that were copied now.
        skipped: blocks of earlier runs.
    """

    target: str
    layout: Layout
    levels: int
    seconds: float
    done: int
    skipped: int = 0

    @property
    def megabytes_a_second(self) -> float:
        """Of the copy's voxels, as they lie in memory, and of what was copied now."""
        share = self.done / max(self.done + self.skipped, 1)
        return self.layout.nbytes * share / 1e6 / max(self.seconds, 1e-9)


def convert_volume(
    source: Volume | np.ndarray | str | Path,
    target: str | Path,
    *,
    options: ConvertOptions | None = None,
    progress: Progress | None = None,
) -> Converted:
    """How it went to copy a volume; the copy is there when it is whole, and not before.

    A Zarr is copied block by block, by several processes when asked to, and a copy that was interrupted is gone on
    with. Other formats are written in one go. Held, in each process: a block of 32 MB or a shard, and as much again
    for each of reading, packing and writing it; for other formats a slab of 64 MB, or a slice.

    Args:
        source: a volume, an array or a spec.
        target: `x.zarr`, `x.zarr/name`, `x.ome.zarr`, `x.tif`, `x.h5:dataset`, `x.nii.gz` or `x.npy`.
        options: what is changed, and how the copy is kept.
        progress: told blocks (or slices) done and in all.
    """
    began, options, report = time.perf_counter(), options or ConvertOptions(), progress or _ignore
    form = claim_target(target, EXPORTED, overwrite=True)
    whole = to_volume(source).uncached()
    part = _choose_part(whole, options)
    if form is not ZARR:
        _export(part, str(target), form, options=options, progress=report)
        return Converted(str(target), part.layout, 1, time.perf_counter() - began, done=1)
    from volumen.volumes.zarr_conversion import copy_volume

    executor = choose_executor(workers=options.workers, dask=options.dask)
    copying = _plan_copying(whole, part, str(target), options)
    summary = copy_volume(
        copying, executor=executor, resume=options.resume, overwrite=options.overwrite, progress=report
    )
    return Converted(
        str(target),
        copying.levels[0].layout,
        len(copying.levels),
        time.perf_counter() - began,
        done=summary.done,
        skipped=summary.skipped,
    )


def is_labels(dtype: np.dtype, *, labels: bool | None) -> bool:
    """Whether voxels are names of things: as was said, else ints of 32 bits and more are."""
    return dtype.kind in "ui" and dtype.itemsize >= _LABEL_BYTES if labels is None else labels


def _choose_part(whole: Volume, options: ConvertOptions) -> PartVolume:
    """What is copied of a volume, in the type it is to have."""
    all_of_it = Box.whole(whole.shape)
    box = Box.parse(options.crop) if options.crop else all_of_it
    if not all_of_it.contains(box) or not box.size:
        raise ShapeError(f"the crop {box} must hold voxels of {whole.spec}, which is {all_of_it}")
    dtype = check_dtype(options.dtype or whole.dtype, str(whole.spec))
    labels = is_labels(whole.dtype, labels=options.labels)
    return PartVolume(whole, box, choose_cast(whole.dtype, dtype, options.range, labels=labels))


def _export(part: Volume, target: str, form: Format, *, options: ConvertOptions, progress: Progress) -> None:
    """Write a file, which knows nothing of chunks, levels, workers or going on."""
    of_zarr = ("chunks", "shards", "levels", "zarr", "resume", "workers", "dask")
    defaults = {field.name: field.default for field in fields(ConvertOptions)}
    asked = [name for name in of_zarr if getattr(options, name) != defaults[name]]
    if asked:
        raise ConfigError(f"{', '.join(asked)}: only a Zarr has that; {target} is written as one {form.name} file")
    claim_target(target, EXPORTED, overwrite=options.overwrite)
    path = parse_spec(target).path
    with hold_lock(path.with_name(f".{path.name}.lock"), path):
        export_volume(part, target, progress=progress)


def _plan_copying(whole: Volume, part: PartVolume, target: str, options: ConvertOptions) -> "Copying":
    from volumen.volumes.pyramid import plan_levels
    from volumen.volumes.zarr_conversion import Copying

    layout = replace(part.layout, chunks=options.chunks or CHUNK)
    is_pyramid = options.levels is not None or target.lower().rstrip("/").endswith(_PYRAMID)
    return Copying(
        whole=whole,
        part=part,
        target=target,
        levels=tuple(plan_levels(layout, options.levels if is_pyramid else 1)),
        is_pyramid=is_pyramid,
        method="mode" if is_labels(whole.dtype, labels=options.labels) else "mean",
        shards=options.shards,
        version=options.zarr,
    )


def _ignore(_done: int, _total: int) -> None: ...
