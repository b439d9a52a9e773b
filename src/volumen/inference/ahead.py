"""Work that a thread does ahead, so that neither a GPU nor the processor beside it waits for the other."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from jaxtyping import Float32

from volumen.inference.blending import Finished

# Finished planes come a tile's depth at a time: so many lots of them may wait before the GPU does.
LOTS_AHEAD = 8

Item = TypeVar("Item")


@dataclass(frozen=True)
class Fetched:
    """Finished planes in the processor's memory, from plane `z` of the volume on, by head."""

    z: int
    heads: dict[str, Float32[np.ndarray, "_ z y x"]]


def fetch_planes(slabs: Iterator[Finished], device: torch.device) -> Iterator[Fetched]:
    """Finished planes brought to the processor; from a GPU while it computes on."""
    if device.type == "cpu":
        for slab in slabs:
            yield Fetched(slab.z, {name: planes.numpy() for name, planes in slab.heads.items()})
        return
    for fetched, copied in run_ahead(_begin_copies(slabs), LOTS_AHEAD):
        copied.synchronize()
        yield fetched


def run_ahead(items: Iterator[Item], count: int) -> Iterator[Item]:
    """The same items in the same order; a thread makes up to `count` of them before they are asked for.

    An error comes out where its item would have.
    """
    end = object()
    with ThreadPoolExecutor(1) as thread:
        waiting: deque[Future[Item | object]] = deque(thread.submit(next, items, end) for _ in range(count))
        try:
            while (item := waiting.popleft().result()) is not end:
                waiting.append(thread.submit(next, items, end))
                yield item  # type: ignore[misc]  # only `end` is no item
        finally:
            thread.shutdown(cancel_futures=True)


def _begin_copies(slabs: Iterator[Finished]) -> Iterator[tuple[Fetched, torch.cuda.Event]]:
    """Planes that are on their way into page-locked memory, and what tells when they are there."""
    for slab in slabs:
        heads = {name: planes.to("cpu", non_blocking=True).numpy() for name, planes in slab.heads.items()}
        copied = torch.cuda.Event()  # type: ignore[no-untyped-call]
        copied.record()
        yield Fetched(slab.z, heads), copied
