"""A Zarr copied block by block beside its place, gone on with after a crash, and moved there when it is whole."""

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from math import prod
from pathlib import Path
from typing import Any, cast

import numpy as np

from volumen.blocks import (
    BlockPlan,
    BlockSummary,
    BlockTask,
    Executor,
    Serial,
    hold_lock,
    list_differences,
    open_marks,
    plan_blocks,
    replace_path,
    run_plan,
)
from volumen.errors import ConfigError, ExistsError, VolumenError
from volumen.geometry import Shape, to_shape
from volumen.volumes.export import Progress
from volumen.volumes.faults import explain_writing
from volumen.volumes.intensity import choose_chunks
from volumen.volumes.opening import open_volume
from volumen.volumes.part import PartVolume
from volumen.volumes.places import LocalPlace
from volumen.volumes.pyramid import CoarseVolume, Level, Method
from volumen.volumes.pyramid_metadata import describe_pyramid
from volumen.volumes.spec import parse_spec
from volumen.volumes.store import StoreVolume
from volumen.volumes.volume import Volume
from volumen.volumes.zarr_creation import Grid, ZarrVersion, create_zarr, plan_grid
from volumen.volumes.zarr_files import read_node, remove_zarr, write_group

KEY = "volumen"
MARKS = ".done"

_FORMAT = "volumen-conversion"
_REPLACES = "overwrite"  # a file among the marks: the copy may take the place of what is there

_BLOCK_BYTES = 32 * 2**20  # with copies for reading, packing and writing, 200 MB a process
_PROBES = 27  # boxes of the source by which it is known again
_PROBE_EDGE = 64


@dataclass(frozen=True, eq=False)
class Copying:
    """All that decides what a copy becomes.

    Args:
        whole: the source.
        part: what of it is copied, in the copy's type.
        target: spec of the copy.
        levels: finest first; a single one for what is no pyramid.
        is_pyramid: whether they lie in a group that describes them.
        method: how a coarser level is made.
        shards: extent of a file of several chunks.
        version: of the Zarr format.
    """

    whole: Volume
    part: PartVolume
    target: str
    levels: tuple[Level, ...]
    is_pyramid: bool
    method: Method
    shards: Shape | None
    version: ZarrVersion

    @property
    def path(self) -> Path:
        """Where the copy is when it is whole."""
        return parse_spec(self.target).path

    @property
    def work(self) -> Path:
        """Where it is until then."""
        return self.path.with_name(f".{self.path.name}.converting")

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """Plain values for JSON: what a run that goes on must agree with."""
        finest = self.levels[0].layout
        return {
            "source": identify_volume(self.whole),
            "part": self.part.to_dict(),
            "chunks": list(finest.chunks),
            "shards": None if self.shards is None else list(self.shards),
            "levels": [list(level.layout.shape) for level in self.levels],
            "pyramid": self.method if self.is_pyramid else None,
            "voxel_size_nm": None if finest.voxel_size is None else list(finest.voxel_size),
            "offset_nm": None if finest.offset is None else list(finest.offset),
            "zarr": self.version,
        }

    def locate_level(self, number: int) -> Path:
        """Where a level is while it is written."""
        return self.work / str(number) if self.is_pyramid else self.work

    def plan_grid(self, level: Level) -> Grid:
        """Chunks and shards of a level."""
        return plan_grid(level.layout.shape, level.layout.chunks, self.shards)


@dataclass(frozen=True)
class CopyBlock:
    """What is done with a block; pickles as what it takes to find the voxels."""

    source: Volume
    target: Volume

    def __call__(self, task: BlockTask) -> None:
        """Writes all chunks of the block."""
        self.target.write(task.box, self.source.read(task.box))


def copy_volume(
    copying: Copying, *, executor: Executor, resume: bool, overwrite: bool, progress: Progress
) -> BlockSummary:
    """Blocks that were copied now, and those of earlier runs, over all levels."""
    path, work = copying.path, copying.work
    with hold_lock(path.with_name(f".{path.name}.lock"), path):
        if path.exists() and resume and not work.exists():
            return _accept_whole(copying)
        _check_free(copying, resume=resume, overwrite=overwrite)
        if not work.exists():
            _create_arrays(copying, overwrite=overwrite)
        open_marks(work / MARKS, BlockPlan((), copying.config))
        with _removed_when_useless(work):
            summary = _copy_levels(copying, executor, progress)
        _move_into_place(work, path)
    return summary


def identify_volume(volume: Volume) -> dict[str, Any]:
    """What tells a volume from another of its name: its layout, the size of its file, and voxels of 27 places."""
    digest = hashlib.sha256()
    edge = to_shape([min(chunk, _PROBE_EDGE) for chunk in volume.chunks])
    for box in choose_chunks(volume.shape, edge, most=_PROBES):
        digest.update(np.ascontiguousarray(volume.read(box)).tobytes())
    path = parse_spec(volume.spec).path
    return {
        "spec": volume.spec,
        "shape": list(volume.layout.array_shape),
        "dtype": volume.dtype.name,
        "bytes": path.stat().st_size if path.is_file() else None,
        "voxels": digest.hexdigest()[:16],
    }


def choose_block(shape: Shape, unit: Shape, source: Shape, *, voxels: int) -> Shape:
    """Extent of a block: whole units of the copy, then whole chunks of the source, then as long as there is room.

    Args:
        shape: of the volume.
        unit: what the copy writes as a whole; a block has at least one.
        source: what the source reads as a whole.
        voxels: the most that a block may have beyond one unit.
    """
    block = list(unit)
    steps = [-(-read // write) * write for read, write in zip(source, unit, strict=True)]
    needed = [-(-extent // write) * write for extent, write in zip(shape, unit, strict=True)]
    for wanted in (steps, needed):
        for axis in (2, 1, 0):
            others = prod(block) // block[axis]
            room = max(voxels // others, block[axis])
            block[axis] = max(block[axis], min(wanted[axis], needed[axis], room - room % unit[axis]))
    return to_shape(block)


@contextmanager
def _removed_when_useless(work: Path) -> Iterator[None]:
    """Leaves no copy after an error of which not a single block is done."""
    try:
        yield
    except VolumenError:
        if not any(work.glob(f"{MARKS}/*/*.done")):
            shutil.rmtree(work)
        raise


def _accept_whole(copying: Copying) -> BlockSummary:
    """Nothing to do for a copy that is whole; one of another source or with other settings is refused."""
    node = read_node(LocalPlace(copying.path))
    noted = {} if node is None else node.attributes.get(KEY)
    kept = noted.get("conversion") if isinstance(noted, dict) else None
    if not isinstance(kept, dict):
        raise ExistsError(f"{copying.target} is there and no conversion made it; ask for --overwrite or another name")
    if differences := list_differences(kept, copying.config):
        raise ConfigError(
            f"{copying.target} was made with other settings ({'; '.join(differences)}); "
            "ask for --overwrite or name another output"
        )
    shutil.rmtree(copying.path / MARKS, ignore_errors=True)  # a crash may have come just before
    return BlockSummary(done=0, skipped=sum(len(plan.tasks) for plan in _plan_levels(copying)), seconds=0.0)


def _check_free(copying: Copying, *, resume: bool, overwrite: bool) -> None:
    """Make room for the copy, or refuse to where nobody allowed it."""
    path, work = copying.path, copying.work
    begun = work.exists()
    if begun and overwrite:
        shutil.rmtree(work)
    elif begun and not resume:
        raise ExistsError(f"a copy to {copying.target} was begun before; ask for --resume or --overwrite")
    elif path.exists() and not overwrite and not (begun and (work / MARKS / _REPLACES).exists()):
        raise ExistsError(f"{copying.target} is there already; ask for --resume or --overwrite, or name another output")


def _create_arrays(copying: Copying, *, overwrite: bool) -> None:
    """The empty copy with a note of what it is to be: all of it or nothing."""
    note = {KEY: {"format": _FORMAT, "version": 1, "conversion": copying.config}}
    with replace_path(copying.work) as place:
        if copying.is_pyramid:
            name = copying.path.name.removesuffix(".zarr").removesuffix(".ome")
            described = describe_pyramid(copying.levels, name, copying.method, copying.version)
            write_group(place, {**described, **note}, version=copying.version)
        for number, level in enumerate(copying.levels):
            create_zarr(
                copying.target,
                level.layout,
                place=place / str(number) if copying.is_pyramid else place,
                shards=copying.shards,
                version=copying.version,
                attributes={} if copying.is_pyramid else note,
            )
        open_marks(place / MARKS, BlockPlan((), copying.config))
        if overwrite:
            (place / MARKS / _REPLACES).touch()


def _copy_levels(copying: Copying, executor: Executor, progress: Progress) -> BlockSummary:
    """Every level from the one below it, the finest from the source."""
    plans = _plan_levels(copying)
    total = sum(len(plan.tasks) for plan in plans)
    summaries: list[BlockSummary] = []
    for number, (plan, level) in enumerate(zip(plans, copying.levels, strict=True)):
        before = sum(len(plan.tasks) for plan in plans[:number])
        finer = copying.part if number == 0 else CoarseVolume(_open_level(copying, number - 1), level, copying.method)
        summary = run_plan(
            plan,
            CopyBlock(finer, _open_level(copying, number)),
            marks=copying.work / MARKS / f"level_{number}",
            executor=executor if len(plan.tasks) > 1 else Serial(),  # none is started for a lone block
            progress=partial(_report, progress, before, total),
        )
        summaries.append(summary)
    return BlockSummary(
        done=sum(summary.done for summary in summaries),
        skipped=sum(summary.skipped for summary in summaries),
        seconds=sum(summary.seconds for summary in summaries),
    )


def _report(progress: Progress, before: int, total: int, done: int, _of_level: int) -> None:
    progress(before + done, total)


def _plan_levels(copying: Copying) -> list[BlockPlan]:
    """Blocks of each level."""
    return [_plan_level(copying, number, level) for number, level in enumerate(copying.levels)]


def _plan_level(copying: Copying, number: int, level: Level) -> BlockPlan:
    unit = copying.plan_grid(level).unit
    itemsize = max(copying.whole.dtype.itemsize, level.layout.dtype.itemsize)
    voxels = _BLOCK_BYTES // (itemsize * (level.layout.channels or 1) * prod(level.factors))
    read = copying.part.chunks if number == 0 else unit
    block = choose_block(level.layout.shape, unit, read, voxels=voxels)
    return plan_blocks(level.layout.shape, block, {**copying.config, "level": number}, chunks=unit)


def _open_level(copying: Copying, number: int) -> StoreVolume:
    """A level as it is written; errors name the copy."""
    volume = cast("StoreVolume", open_volume(copying.locate_level(number), writable=True))
    volume.spec = copying.target
    return volume


def _move_into_place(work: Path, path: Path) -> None:
    with explain_writing(str(path)):
        if path.exists():
            remove_zarr(path)
        work.rename(path)
        shutil.rmtree(path / MARKS)
