"""What a prediction is made of: everything that decides its numbers, settled once, kept in the file and obeyed."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from typing import Any

import numpy as np
import torch

from volumen.blocks import Workforce
from volumen.config import build_component
from volumen.errors import ConfigError, ModelError, ShapeError
from volumen.geometry import Box, Shape, TileGrid, count_overlap
from volumen.heads import HeadSpec
from volumen.inference.execution import Execution, choose_execution, warm_up
from volumen.inference.knobs import Compute, Stored, Tiling, parse_memory
from volumen.inference.memory import measure_memory, trim_memory
from volumen.inference.model import Model
from volumen.inference.regions import Buffers, check_region, choose_chunks, choose_region, estimate_load
from volumen.inference.tiles import count_tiles
from volumen.inference.voxel_sizes import SourceGrid, find_source_grid
from volumen.volumes import IntensityMap, LayeredVolume, RangeNormalisation, Volume, measure_intensity

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PredictionPlan:
    """A prediction as plain data: two runs with equal plans write equal bytes.

    Args:
        source: spec of the volume.
        roi: the part of it that is predicted, in predicted voxels; tiles lie as for the whole.
        region: voxels along y and x of one unit of work, a multiple of the chunks.
        weights: SHA-256 of each model's weights.
        source_grid: the source's own voxels, where those predicted are others.
    """

    source: str
    roi: Box
    grid: TileGrid
    overlap: Shape
    execution: Execution
    intensity: IntensityMap
    region: tuple[int, int]
    chunks: Shape
    stored: Stored
    heads: tuple[HeadSpec, ...]
    weights: tuple[str, ...]
    source_grid: SourceGrid | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON: what a resumed run must agree with."""
        return {
            "volumen": version("volumen"),
            "torch": torch.__version__,
            "source": self.source,
            "shape": list(self.grid.shape),
            "roi": str(self.roi),
            "tile": list(self.grid.tile),
            "overlap": list(self.overlap),
            "execution": self.execution.to_dict(),
            "intensity": self.intensity.to_dict(),
            "region": list(self.region),
            "chunks": list(self.chunks),
            "stored": self.stored,
            "heads": [head.to_dict() for head in self.heads],
            "weights": list(self.weights),
            "source_grid": self.source_grid and self.source_grid.to_dict(),
        }

    def resample(self, source: Volume) -> Volume:
        """The source with the voxels that are predicted."""
        return source if self.source_grid is None else self.source_grid.resample(source)


def plan_prediction(
    models: Sequence[Model],
    source: Volume,
    *,
    tiling: Tiling,
    compute: Compute,
    intensity: tuple[float, float] | None,
    roi: Box | None,
    earlier: Mapping[str, Any] | None,
    workforce: Workforce | None = None,
) -> PredictionPlan:
    """The plan of a prediction; what was not asked for is as in the `earlier` plan, else measured now.

    Who computes it is no part of it, but a `workforce` of several has a share of memory and threads each. Where
    the source is resampled, its intensities are measured before, as in training.
    """
    check_models(models, source.channels or 1)
    check_stored(compute.stored, models[0].heads)
    part = choose_part(source.shape, roi)
    source_grid = find_source_grid(models[0], source, part)
    part = source_grid.part if source_grid else part
    seen = source_grid.resample(source) if source_grid else source
    tile, overlap = choose_tiling(models, tiling)
    grid = TileGrid.plan(seen.shape, tile, overlap)
    tiling, compute = _obey_earlier(tiling, compute, earlier)
    if workforce is not None:
        compute = replace(compute, threads=compute.threads or workforce.threads)
    execution = choose_execution(models, tile, tiling=tiling, compute=compute, tiles=count_tiles(grid, part))
    region = compute.region and check_region(compute.region)
    if region is None:
        buffers = _count_buffers(models, seen, grid.tile, execution=execution, stored=compute.stored)
        workers = 1 if workforce is None else workforce.workers
        budget = _measure_budget(models, tile, execution, compute.memory, workers=workers)
        load = partial(estimate_load, grid, part, workers=workers)
        region = choose_region(part, buffers, budget, load=load, device=execution.device)
    return PredictionPlan(
        source=source.spec,
        roi=part,
        grid=grid,
        overlap=overlap,
        execution=execution,
        intensity=_choose_intensity(models[0], source, intensity, earlier),
        region=region,
        chunks=choose_chunks(part, region),
        stored=compute.stored,
        heads=models[0].heads,
        weights=tuple(model.weights_hash for model in models),
        source_grid=source_grid,
    )


def _choose_intensity(
    model: Model, source: Volume, asked: tuple[float, float] | None, earlier: Mapping[str, Any] | None
) -> IntensityMap:
    """The map that was asked for, else the one of the earlier plan, else one fitted now."""
    if asked is not None:
        return set_intensity(model, *asked)
    return fit_intensity(model, source) if earlier is None else IntensityMap.from_dict(earlier["intensity"])


def check_models(models: Sequence[Model], channels: int) -> None:
    """ModelError when models cannot be averaged, ShapeError when images have other channels than they take."""
    if not models:
        raise ModelError("no model was given; name at least one model folder")
    first = models[0]
    for model in models[1:]:
        for what in ("heads", "channels", "normalisation", "voxel_size"):
            if getattr(model, what) != getattr(first, what):
                raise ModelError(f"{model.folder} and {first.folder} have different {what} and cannot be averaged")
    if first.channels != channels:
        raise ShapeError(f"{first.folder} takes images of {first.channels} channels; this one has {channels}")


def choose_part(shape: Shape, roi: Box | None) -> Box:
    """What is predicted of a volume: all, or a box that must hold voxels of it."""
    whole = Box.whole(shape)
    part = roi or whole
    if not whole.contains(part) or not part.size:
        raise ShapeError(f"the region of interest {part} must hold voxels of the volume {whole}")
    return part


def check_stored(stored: Stored, heads: Sequence[HeadSpec]) -> None:
    """ConfigError when a head gives numbers that steps of 1/255 cannot keep."""
    wide = [head.name for head in heads if head.activation == "none"]
    if stored == "uint8" and wide:
        raise ConfigError(f"uint8 keeps numbers from 0 to 1; {', '.join(wide)} has no activation: choose float16")


def choose_tiling(models: Sequence[Model], tiling: Tiling) -> tuple[Shape, Shape]:
    """Tile and overlap in voxels: as asked, else as the first model's recipe says; checked against all networks."""
    config = models[0].config
    tile = tiling.tile or config.tile
    for model in models:
        wrong = [edge % step for edge, step in zip(tile, model.network.divisor, strict=True)]
        if any(wrong) or min(tile) < 1:
            raise ShapeError(
                f"a tile of {tile} does not fit {model.folder}; its edges must be multiples of {model.network.divisor}"
            )
    overlap = config.prediction.overlap if tiling.overlap is None else tiling.overlap
    return tile, count_overlap(overlap, tile)


def fit_intensity(model: Model, image: Volume | np.ndarray) -> IntensityMap:
    """The normalisation of the model's recipe, fitted to the whole image; a constant one is warned of."""
    measured = measure_intensity(image.inner if isinstance(image, LayeredVolume) else image)
    if measured.is_constant:
        log.warning("every voxel has the same value: the prediction says nothing about it")
    fitted: IntensityMap = build_component("normalisation", model.normalisation).fit(measured)
    return fitted


def set_intensity(model: Model, low: float, high: float) -> IntensityMap:
    """The map that a range given by hand stands for, where the recipe clips and scales."""
    if model.normalisation.name not in {"percentile", "range"}:
        raise ConfigError(
            f"an intensity range fits a model with percentile or range normalisation; "
            f"{model.folder} has {model.normalisation.name}"
        )
    ends = measure_intensity(np.array([[[low, high]]], np.float32))
    return RangeNormalisation(low, high).fit(ends)


def _obey_earlier(tiling: Tiling, compute: Compute, earlier: Mapping[str, Any] | None) -> tuple[Tiling, Compute]:
    """The knobs with what was left open filled in as it was chosen before."""
    if earlier is None:
        return tiling, compute
    if "execution" not in earlier:
        raise ConfigError("what is there is an average of predictions, with no tiles to go on with; name another path")
    execution = earlier["execution"]
    height, width = earlier["region"]
    return replace(tiling, batch=tiling.batch or execution["batch"]), replace(
        compute,
        layout=compute.layout or execution["layout"],
        threads=compute.threads or execution["threads"],
        precision=compute.precision or execution["precision"],
        region=compute.region or (height, width),
    )


def _count_buffers(
    models: Sequence[Model], source: Volume, tile: Shape, *, execution: Execution, stored: Stored
) -> Buffers:
    outputs = sum(head.channels for head in models[0].heads)
    return Buffers(
        tile=tile,
        batch=execution.batch,
        channels=models[0].channels,
        itemsize=source.dtype.itemsize,
        sums=len(models) * outputs,
        stored=outputs * np.dtype(stored).itemsize,
        layers=source.shape[0],
    )


def _measure_budget(
    models: Sequence[Model], tile: Shape, execution: Execution, memory: str | None, *, workers: int
) -> int | None:
    """Bytes of a budget that forwards leave for the buffers of each worker; None without a budget.

    Several workers each come to hold what this process does after a forward, beside what this one keeps.
    """
    if memory is None:
        return None
    warm_up(models, tile, execution)
    held = measure_memory()
    if workers == 1:
        return parse_memory(memory) - held
    trim_memory()
    return (parse_memory(memory) - measure_memory()) // workers - held
