"""Tiles through one model or several into finished planes of probabilities."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from jaxtyping import Float32

from volumen.errors import ModelError
from volumen.geometry import Box, TileGrid
from volumen.heads import HeadSpec
from volumen.inference.activation import activate_logits
from volumen.inference.blending import Finished
from volumen.inference.execution import EnsembleForward, Execution, name_output
from volumen.inference.model import Model
from volumen.inference.stream import TileFeeder, TilesDone, stream_slabs
from volumen.inference.tiles import CutTile


def stream_probabilities(
    models: Sequence[Model],
    grid: TileGrid,
    region: Box,
    cut: CutTile,
    *,
    execution: Execution,
    on_tiles: TilesDone | None = None,
) -> Iterator[Finished]:
    """Finished planes of the region: logits blended for each model, activated, averaged over models."""
    first = models[0]
    feeder = TileFeeder(first.channels, grid.tile, execution.batch, first.device)
    forward = EnsembleForward(models, execution)
    for slab in stream_slabs(forward, grid, region, cut, feeder=feeder, on_tiles=on_tiles):
        yield Finished(slab.z, {head.name: _average_models(slab, head, models) for head in first.heads})


def _average_models(slab: Finished, head: HeadSpec, models: Sequence[Model]) -> Float32[np.ndarray, "c z y x"]:
    """Probabilities of one head, summed in the order of the models."""
    average: Float32[np.ndarray, "c z y x"] | None = None
    for number, model in enumerate(models):
        logits = _find_logits(slab.heads, number, head, model)
        if not np.isfinite(logits).all():
            raise ModelError(f"{model.folder} gives values that are not numbers (head {head.name!r}); train it anew")
        probabilities = activate_logits(logits, head.activation)
        average = probabilities if average is None else np.add(average, probabilities, out=average)
    assert average is not None  # noqa: S101 - there is a model
    return average if len(models) == 1 else np.divide(average, np.float32(len(models)), out=average)


def _find_logits(
    heads: Mapping[str, Float32[np.ndarray, "_ _ _ _"]], number: int, head: HeadSpec, model: Model
) -> Float32[np.ndarray, "c z y x"]:
    name = name_output(number, head.name)
    if name not in heads or heads[name].shape[0] != head.channels:
        raise ModelError(f"{model.folder} does not give {head.channels} channels for its head {head.name!r}")
    return heads[name]
