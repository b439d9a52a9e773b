"""Predictions on disk into their average."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from volumen.blocks import BlockTask, plan_blocks, run_plan
from volumen.errors import ConfigError, DataError
from volumen.inference.prediction_files import (
    MARKS,
    SCALES,
    Prediction,
    begin_prediction,
    finish_prediction,
    open_prediction,
)
from volumen.inference.regions import CHUNK
from volumen.inference.stream import Progress

# Voxels along y and x that are averaged at a time.
BLOCK_EDGE = 512


def average_predictions(
    predictions: Sequence[Prediction | str | Path],
    out: str | Path,
    *,
    weights: Sequence[float] | None = None,
    progress: Progress | None = None,
) -> Prediction:
    """The mean of predictions of one volume, head by head, as a prediction of its own; one begun before is finished.

    The same numbers as `predict_volume` gives for their models together. Held: a block of `CHUNK` planes of 512 by 512
    voxels of every prediction.

    Args:
        predictions: finished ones with the same heads and the same part of a volume of the same shape.
        out: a path that ends in .zarr.
        weights: what each counts; all the same when not said.
        progress: called with blocks done and in all.
    """
    members = [member if isinstance(member, Prediction) else open_prediction(member) for member in predictions]
    shares = _check_weights(len(members), weights)
    _check_members(members)
    first = members[0]
    path, array = Path(out), first.open_head()
    chunks = (min(CHUNK, first.shape[0]), min(CHUNK, first.shape[1]), min(CHUNK, first.shape[2]))
    config = {
        "members": [dict(member.attributes["plan"]) for member in members],
        "weights": shares,
        "shape": list(first.shape),
    }
    attributes = {
        "models": [model for member in members for model in member.models],
        "heads": [head.to_dict() for head in first.heads],
        "decoding": first.attributes["decoding"],
        "shape": list(first.shape),
        "roi": first.attributes["roi"],
        "stored": "float32",
        "scale": SCALES["float32"],
        "source_grid": first.attributes.get("source_grid"),
        "plan": config,
    }
    mean = begin_prediction(path, attributes, chunks=chunks, voxel_size=array.voxel_size, offset=array.offset)
    blocks = plan_blocks(first.shape, (chunks[0], BLOCK_EDGE, BLOCK_EDGE), config)
    run_plan(blocks, lambda task: _average_block(members, shares, task, mean), marks=path / MARKS, progress=progress)
    return finish_prediction(mean)


def _average_block(members: Sequence[Prediction], shares: Sequence[float], task: BlockTask, mean: Prediction) -> None:
    for head in mean.heads:
        parts = [
            member.read(head.name, task.box) * np.float32(share) for member, share in zip(members, shares, strict=True)
        ]
        mean.open_head(head.name, writable=True).write(
            task.box, np.divide(sum(parts[1:], parts[0]), np.float32(sum(shares)))
        )


def _check_weights(members: int, weights: Sequence[float] | None) -> list[float]:
    if not members:
        raise ConfigError("no prediction was given; name at least one")
    shares = [1.0] * members if weights is None else [float(weight) for weight in weights]
    if len(shares) != members or min(shares) < 0 or not sum(shares):
        raise ConfigError(f"{members} predictions need {members} weights that are not negative nor all 0; got {shares}")
    return shares


def _check_members(members: Sequence[Prediction]) -> None:
    """DataError when predictions are not of the same thing."""
    first = members[0]
    for member in members[1:]:
        for what in ("heads", "shape", "roi", "source_grid"):
            if getattr(member, what) != getattr(first, what):
                raise DataError(
                    f"{member.path} and {first.path} have different {what} and cannot be averaged: "
                    f"{getattr(member, what)} and {getattr(first, what)}"
                )
