"""Tiles through one model or several into finished planes of probabilities."""

from collections.abc import Iterator, Mapping, Sequence

import torch
from jaxtyping import Float32, Num
from torch import Tensor

from volumen.errors import ModelError
from volumen.geometry import Box, TileGrid
from volumen.heads import HeadSpec
from volumen.inference.activation import activate_planes
from volumen.inference.blending import Finished
from volumen.inference.execution import EnsembleForward, Execution, name_output
from volumen.inference.fetching import Fetched, fetch_planes
from volumen.inference.knobs import Stored
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
    stored: Stored = "float32",
    on_tiles: TilesDone | None = None,
) -> Iterator[Fetched]:
    """Finished planes of the region: logits blended for each model, activated, averaged over models, as stored."""
    first = models[0]
    feeder = TileFeeder(first.channels, grid.tile, execution.batch, first.device)
    forward = EnsembleForward(models, execution)
    slabs = stream_slabs(forward, grid, region, cut, feeder=feeder, on_tiles=on_tiles)
    averaged = (
        Finished(slab.z, {head.name: store_planes(_average_models(slab, head, models), stored) for head in first.heads})
        for slab in slabs
    )
    return fetch_planes(averaged, first.device)


def store_planes(probabilities: Float32[Tensor, "c z y x"], stored: Stored) -> Num[Tensor, "c z y x"]:
    """Probabilities as they are stored, where they are; the same numbers on any device."""
    if stored == "uint8":
        return (probabilities * 255).round_().to(torch.uint8)
    return probabilities.to(getattr(torch, stored))


def _average_models(slab: Finished, head: HeadSpec, models: Sequence[Model]) -> Float32[Tensor, "c z y x"]:
    """Probabilities of one head, summed in the order of the models."""
    average: Float32[Tensor, "c z y x"] | None = None
    for number, model in enumerate(models):
        logits = _find_logits(slab.heads, number, head, model)
        if not torch.isfinite(logits).all():
            raise ModelError(
                f"{model.folder} gives values that are not numbers (head {head.name!r}); "
                "predict with precision fp32, or train it anew"
            )
        probabilities = activate_planes(logits, head.activation)
        average = probabilities if average is None else average.add_(probabilities)
    assert average is not None  # noqa: S101 - there is a model
    return average if len(models) == 1 else average.div_(len(models))


def _find_logits(
    heads: Mapping[str, Float32[Tensor, "_ _ _ _"]], number: int, head: HeadSpec, model: Model
) -> Float32[Tensor, "c z y x"]:
    name = name_output(number, head.name)
    if name not in heads or heads[name].shape[0] != head.channels:
        raise ModelError(f"{model.folder} does not give {head.channels} channels for its head {head.name!r}")
    return heads[name]
