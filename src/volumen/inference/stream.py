"""The engine: tiles of a region through a network and into finished planes, memory a slab, whatever the volume."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

from volumen.blocks import run_ahead
from volumen.errors import ShapeError
from volumen.geometry import Box, TileGrid
from volumen.inference.blending import Finished, SlabAccumulator
from volumen.inference.fetching import Fetched
from volumen.inference.tiles import CutTile, select_tiles

# What a network gives for an image: a tensor, or by head a tensor or a list whose first is the finest.
Output = Tensor | Mapping[str, Tensor | Sequence[Tensor]]
Forward = Callable[[Tensor], Output]
TilesDone = Callable[[int], None]
Progress = Callable[[int, int], None]

Heads = dict[str, Float[Tensor, "_ _ _ _ _"]]

SOLE = ""  # the head of a network that gives a tensor
BATCHES_AHEAD = 2


def stream_slabs(
    forward: Forward,
    grid: TileGrid,
    region: Box,
    cut: CutTile,
    *,
    feeder: "TileFeeder",
    on_tiles: TilesDone | None = None,
) -> Iterator[Finished]:
    """Finished planes of the region, from low z to high: the same bits for any region that holds a voxel.

    Batches run on from one layer of tiles into the next, and the last is filled up, so that every forward sees the
    same shape.
    """
    slab = SlabAccumulator(grid, region, feeder.device)
    for boxes, image in feeder.feed(select_tiles(grid, region), cut, grid):
        outputs = _forward_batch(forward, image)
        for slot, box in enumerate(boxes):
            yield from slab.finish(box.start[0])
            slab.add(box, {name: output[slot] for name, output in outputs.items()})
        del outputs  # or they would lie in the way of the next forward's activations
        if on_tiles:
            on_tiles(len(boxes))
    yield from slab.finish(region.stop[0])


class TileFeeder:
    """Lays tiles into batches on the device; a GPU's are laid while it computes, the CPU's all into one place."""

    def __init__(self, channels: int, tile: Sequence[int], batch: int, device: torch.device) -> None:
        self.batch = batch
        self.device = device
        self._shape = (batch, channels, *tile)
        self._place = torch.zeros(self._shape) if device.type == "cpu" else None

    def feed(
        self, boxes: Iterator[Box], cut: CutTile, grid: TileGrid
    ) -> Iterator[tuple[list[Box], Float32[Tensor, "b c z y x"]]]:
        """Boxes and their batch, which is good until the next is asked for; its last slots may be left from before."""
        batches = ((some, self._fill(some, cut, grid)) for some in _split_batches(boxes, self.batch))
        return batches if self.device.type == "cpu" else run_ahead(batches, BATCHES_AHEAD)

    def _fill(self, boxes: Sequence[Box], cut: CutTile, grid: TileGrid) -> Float32[Tensor, "b c z y x"]:
        """The batch with a tile in each slot; voxels past the volume's end are 0."""
        batch = torch.zeros(self._shape, pin_memory=True) if self._place is None else self._place
        for slot, box in enumerate(boxes):
            inside = box.clip(Box.whole(grid.shape))
            target = batch[slot].numpy()
            if inside != box:
                target[:] = 0
            target[(slice(None), *inside.relative_to(box.start).slices)] = cut(inside)
        return batch.to(self.device, non_blocking=True)


def read_outputs(output: Output) -> Heads:
    """The finest output by head; a lone tensor goes under the empty name."""
    if isinstance(output, Tensor):
        return {SOLE: _check_axes(output)}
    finest = {name: scales if isinstance(scales, Tensor) else scales[0] for name, scales in output.items()}
    return {name: _check_axes(scale) for name, scale in finest.items()}


def _forward_batch(forward: Forward, image: Float32[Tensor, "b c z y x"]) -> Heads:
    with torch.inference_mode():
        return read_outputs(forward(image))


def _check_axes(output: Tensor) -> Float[Tensor, "b c z y x"]:
    if output.ndim != 5:  # noqa: PLR2004 - b c z y x
        raise ShapeError(f"the network gave {tuple(output.shape)}; b c z y x is needed")
    return output if output.is_floating_point() else output.float()


def _split_batches(boxes: Iterator[Box], size: int) -> Iterator[list[Box]]:
    while batch := list(islice(boxes, size)):
        yield batch


def join_planes(slabs: Iterator[Fetched], region: Box) -> dict[str, Float32[np.ndarray, "_ z y x"]]:
    """All finished planes in one array a head."""
    joined: dict[str, Float32[np.ndarray, "_ z y x"]] = {}
    for slab in slabs:
        first = slab.z - region.start[0]
        for name, planes in slab.heads.items():
            if name not in joined:
                joined[name] = np.empty((planes.shape[0], *region.shape), np.float32)
            joined[name][:, first : first + planes.shape[1]] = planes
    return joined
