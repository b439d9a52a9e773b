"""Volumes of any size into predictions on disk: a region at a time, resumed where it stopped."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from volumen.blocks import (
    BlockPlan,
    BlockTask,
    Executor,
    Serial,
    Work,
    choose_executor,
    plan_blocks,
    run_plan,
)
from volumen.errors import ConfigError
from volumen.geometry import Box, TileGrid, to_shape
from volumen.inference.arrays import check_array, drop_sole_channel
from volumen.inference.execution import choose_execution
from volumen.inference.knobs import Compute, Tiling
from volumen.inference.layers import lay_image, lay_models, lay_tiling, lay_volume
from volumen.inference.memory import trim_memory
from volumen.inference.model import Model
from volumen.inference.plan import PredictionPlan, check_models, choose_tiling, fit_intensity, plan_prediction
from volumen.inference.prediction_files import (
    MARKS,
    SCALES,
    Prediction,
    begin_prediction,
    find_earlier,
    finish_prediction,
)
from volumen.inference.probabilities import stream_probabilities
from volumen.inference.stream import Progress, TilesDone, join_planes
from volumen.inference.threads import set_threads
from volumen.inference.tiles import InputSlab, count_tiles, cover_tiles
from volumen.inference.writer import PlaneWriter
from volumen.volumes import Volume


def predict_volume(
    models: Sequence[Model],
    source: Volume,
    out: str | Path,
    *,
    tiling: Tiling | None = None,
    compute: Compute | None = None,
    intensity: tuple[float, float] | None = None,
    roi: Box | None = None,
    progress: Progress | None = None,
) -> Prediction:
    """The prediction of a whole volume, written to a Zarr group; one that was begun before is finished.

    Held: slabs as deep as a tile and as wide as a region, whatever the volume, in each worker. The numbers of a voxel
    do not depend on regions, on `roi`, on who computes them or on where a run was interrupted.

    Where the models' recipe says a voxel size and the source has another, the prediction has the recipe's; labels that
    are made of it have the source's.

    Args:
        models: their probabilities are averaged; every tile is read once for all of them.
        source: image with the channels the models take; of a surface volume the window of layers that they look at.
        out: a path that ends in .zarr; what is there must be the same prediction.
        tiling: how the volume is cut.
        compute: what and who it is computed with, and how numbers are kept.
        intensity: darkest and brightest value to tell apart, instead of those measured over the whole volume.
        roi: the part to predict, in voxels of the source; tiles lie as for the whole volume.
        progress: called with tiles done and in all, those of an earlier run among them; several workers tell of whole
            regions.
    """
    path, tiling, compute = Path(out), tiling or Tiling(), compute or Compute()
    source = source.uncached()
    if path.suffix != ".zarr":
        raise ConfigError(f"a prediction is written to a path that ends in .zarr; got {path}")
    executor = choose_executor(workers=compute.workers, dask=compute.dask)
    moved = [model.move(compute.device) for model in models]
    check_models(moved, source.channels or 1)
    source = lay_volume(moved, source)
    plan = plan_prediction(
        lay_models(moved),
        source,
        tiling=lay_tiling(moved, tiling),
        compute=compute,
        intensity=intensity,
        roi=roi,
        earlier=find_earlier(path),
        workforce=None if executor == Serial() else executor.measure(),
    )
    seen = plan.resample(source)
    prediction = _begin(path, plan, moved, seen)
    _predict_regions(PredictRegion(tuple(moved), seen, plan, prediction), executor, progress or _ignore)
    return finish_prediction(prediction)


@dataclass(frozen=True)
class PredictRegion:
    """What is done with one block of a prediction; pickles as names of files."""

    models: tuple[Model, ...]
    source: Volume
    plan: PredictionPlan
    prediction: Prediction

    def locate(self, block: Box) -> Box:
        """Where a block of the output lies in the source."""
        return block.shift(self.plan.roi.start)

    def __call__(self, task: BlockTask, on_tiles: TilesDone | None = None) -> None:
        """Writes all chunks of the block."""
        plan, region = self.plan, self.locate(task.box)
        set_threads(plan.execution.threads)
        slab = InputSlab(self.source, cover_tiles(plan.grid, region), plan.grid.tile[0])

        def cut(box: Box) -> Float32[np.ndarray, "c z y x"]:
            return plan.intensity.apply(slab.cut(box))

        volumes = {head.name: self.prediction.open_head(head.name, writable=True) for head in plan.heads}
        on_gpu = plan.execution.device != "cpu"
        planes = stream_probabilities(
            *(lay_models(self.models), plan.grid, region, cut),
            execution=plan.execution,
            stored=plan.stored,
            on_tiles=on_tiles,
        )
        start, depth = region.start[0], plan.chunks[0]
        with PlaneWriter(volumes, task.box, start=start, depth=depth, stored=plan.stored, behind=on_gpu) as writer:
            for finished in planes:
                if writer.write(finished) and not on_gpu:
                    trim_memory()  # reading and writing break up the heap between activations


def predict_in_memory(
    models: Sequence[Model], array: np.ndarray, *, tiling: Tiling, compute: Compute
) -> dict[str, Float32[np.ndarray, "... z y x"]]:
    """Probabilities of an array by head, with the engine and the numbers of `predict_volume`."""
    if compute.workers != 1 or compute.dask is not None:
        raise ConfigError("an array in memory is predicted in this process; workers take volumes on disk")
    moved = [model.move(compute.device) for model in models]
    whole = check_array(array)
    check_models(moved, whole.shape[0])
    image, tiling, laid = lay_image(moved, whole), lay_tiling(moved, tiling), lay_models(moved)
    tile, overlap = choose_tiling(laid, tiling)
    grid = TileGrid.plan(to_shape(image.shape[1:]), tile, overlap)
    execution = choose_execution(laid, tile, tiling=tiling, compute=compute, tiles=len(grid))
    intensity = fit_intensity(moved[0], array)

    def cut(box: Box) -> Float32[np.ndarray, "c z y x"]:
        return intensity.apply(image[(slice(None), *box.slices)])

    region = Box.whole(grid.shape)
    heads = join_planes(stream_probabilities(laid, grid, region, cut, execution=execution), region)
    return {name: drop_sole_channel(planes) for name, planes in heads.items()}


def _begin(path: Path, plan: PredictionPlan, models: Sequence[Model], source: Volume) -> Prediction:
    """The group with its arrays, made now or found as it was left."""
    offset = None
    if source.voxel_size is not None:
        origin = source.offset or (0.0, 0.0, 0.0)
        steps = zip(origin, plan.roi.start, source.voxel_size, strict=True)
        z, y, x = (low + voxels * edge for low, voxels, edge in steps)
        offset = (z, y, x)
    attributes = {
        "models": [str(model.folder) for model in models],
        "heads": [head.to_dict() for head in plan.heads],
        "decoding": [step.model_dump(mode="json") for step in models[0].config.decoding],
        "shape": list(plan.roi.shape),
        "roi": str(plan.roi),
        "stored": plan.stored,
        "scale": SCALES[plan.stored],
        "source_grid": plan.source_grid and plan.source_grid.to_dict(),
        "plan": plan.to_dict(),
    }
    return begin_prediction(path, attributes, chunks=plan.chunks, voxel_size=source.voxel_size, offset=offset)


def _predict_regions(predict: PredictRegion, executor: Executor, progress: Progress) -> None:
    """Every block that has no done-mark yet; progress in tiles."""
    plan = predict.plan
    blocks = plan_blocks(plan.roi.shape, (plan.roi.shape[0], *plan.region), plan.to_dict(), chunks=plan.chunks)
    tiles = [count_tiles(plan.grid, predict.locate(task.box)) for task in blocks.tasks]
    marks = predict.prediction.path / MARKS
    if executor == Serial():
        run_plan(blocks, _follow_tiles(predict, blocks, tiles, progress), marks=marks)
    else:

        def count(done: int, total: int) -> None:
            progress(sum(tiles) * done // total, sum(tiles))

        run_plan(blocks, predict, marks=marks, executor=executor, progress=count)
    progress(sum(tiles), sum(tiles))


def _follow_tiles(predict: PredictRegion, blocks: BlockPlan, tiles: Sequence[int], progress: Progress) -> Work:
    """The work of this process, which tells of every tile."""
    before = dict(zip((task.id for task in blocks.tasks), accumulate(tiles, initial=0), strict=False))

    def do(task: BlockTask) -> None:
        done = before[task.id]

        def on_tiles(count: int) -> None:
            nonlocal done
            done += count
            progress(done, sum(tiles))

        predict(task, on_tiles)

    return do


def _ignore(_done: int, _total: int) -> None: ...
