"""Finished planes on their way from where they were computed to the processor's memory."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Num

from volumen.blocks import run_ahead
from volumen.inference.blending import Finished

# Finished planes come a tile's depth at a time: so many lots of them may wait before the GPU does.
LOTS_AHEAD = 8


@dataclass(frozen=True)
class Fetched:
    """Finished planes in the processor's memory, from plane `z` of the volume on, by head."""

    z: int
    heads: dict[str, Num[np.ndarray, "_ z y x"]]


def fetch_planes(slabs: Iterator[Finished], device: torch.device) -> Iterator[Fetched]:
    """Finished planes brought to the processor; from a GPU while it computes on."""
    if device.type == "cpu":
        for slab in slabs:
            yield Fetched(slab.z, {name: planes.numpy() for name, planes in slab.heads.items()})
        return
    for fetched, copied in run_ahead(_begin_copies(slabs), LOTS_AHEAD):
        copied.synchronize()
        yield fetched


def _begin_copies(slabs: Iterator[Finished]) -> Iterator[tuple[Fetched, torch.cuda.Event]]:
    """Planes that are on their way into page-locked memory, and what tells when they are there."""
    for slab in slabs:
        heads = {name: planes.to("cpu", non_blocking=True).numpy() for name, planes in slab.heads.items()}
        copied = torch.cuda.Event()  # type: ignore[no-untyped-call]
        copied.record()
        yield Fetched(slab.z, heads), copied
