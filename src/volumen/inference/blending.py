"""Overlapping tiles become one volume: a weighted mean that runs along with the tiles, in a rolling slab.

A tile's weight at a voxel is the product of three windows, so that the weight of all tiles up to one tile, in the order
z y x, follows from sums along the axes: with windows w, their sums over the tiles before (b) and over all tiles (s),

    b_z s_y s_x  +  w_z (b_y s_x + w_y (b_x + w_x)).

The mean moves towards each tile by the tile's share of that sum. Where tiles agree it does not move at all: a constant
stays the same constant to the last bit, however many tiles overlap, which a sum divided in the end does not.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32, Float64, Num
from torch import Tensor

from volumen.errors import ShapeError
from volumen.geometry import Box, TileGrid, blend_window
from volumen.inference.memory import set_aside
from volumen.inference.tiles import select_starts, wrap_planes

# Planes finished at a time: enough to be fast, few enough that the copies of them are small beside the slab.
FINISHED_PLANES = 16


@dataclass(frozen=True)
class Finished:
    """Planes of the region that no further tile changes, from plane `z` of the volume on, by head, on the device."""

    z: int
    heads: dict[str, Num[Tensor, "_ z y x"]]


@dataclass(frozen=True)
class AxisShares:
    """Along one axis of a tile, in units of its own window: the windows of the tiles before it, and of all tiles."""

    before: Float64[np.ndarray, " n"]
    total: Float64[np.ndarray, " n"]


def share_axis(grid: TileGrid, axis: int, start: int) -> AxisShares:
    """What the other tiles weigh beside the tile that begins at `start`."""
    tile = grid.tile[axis]
    window = blend_window(tile).astype(np.float64)
    before, total = np.zeros(tile), np.zeros(tile)
    for other in grid.starts[axis]:
        step = start - other
        if abs(step) >= tile:
            continue
        shared, theirs = slice(max(-step, 0), tile - max(step, 0)), slice(max(step, 0), tile - max(-step, 0))
        total[shared] += window[theirs]
        if other < start:
            before[shared] += window[theirs]
    return AxisShares(before / window, total / window)


class SlabAccumulator:
    """Running means of tiles over one region, as deep as a tile.

    Tiles must be added z outermost and in the same order everywhere: each voxel then sees the same numbers in the same
    order whatever the region is, so that results are equal to the last bit. Products and sums are separate operations
    because a fused one rounds differently at the ends of vectors.
    """

    def __init__(self, grid: TileGrid, region: Box, device: torch.device) -> None:
        self._grid = grid
        self._region = region
        self._device = device
        self._done = region.start[0]
        self._depth = min(grid.tile[0], region.shape[0])
        self._means: dict[str, Float32[Tensor, "_ _ _ _"]] = {}
        self._shares = [
            {start: self._place_shares(axis, start) for start in starts}
            for axis, starts in enumerate(select_starts(grid, region))
        ]

    def add(self, tile: Box, outputs: Mapping[str, Float[Tensor, "_ _ _ _"]]) -> None:
        """Moves the means towards what the network gave for one tile."""
        inside = tile.clip(self._region)
        local = inside.relative_to(tile.start).slices
        _, ys, xs = inside.relative_to(self._region.start).slices
        weight = self._weigh_tile(tile)[local]
        for name, output in outputs.items():
            means = self._find_means(name, output)
            values = output[(slice(None), *local)]
            for place, run in wrap_planes(inside.start[0], inside.stop[0], self._depth):
                mean = means[:, place, ys, xs]
                mean += (values[:, run] - mean).div_(weight[run])

    def finish(self, until: int) -> Iterator[Finished]:
        """The planes below `until` that were not given before, a few at a time; their room is free again."""
        stop = min(until, self._region.stop[0])
        while self._done < stop:
            place, _ = next(wrap_planes(self._done, min(self._done + FINISHED_PLANES, stop), self._depth))
            yield Finished(self._done, {name: means[:, place].clone() for name, means in self._means.items()})
            for means in self._means.values():
                means[:, place] = 0
            self._done += place.stop - place.start

    def _weigh_tile(self, tile: Box) -> Float32[Tensor, "z y x"]:
        """Weight of all tiles so far in units of this tile's weight: 1 where it is the first."""
        (before_z, _), (before_y, total_y), (before_x, total_x) = (
            shares[start] for shares, start in zip(self._shares, tile.start, strict=True)
        )
        layer = total_y[:, None] * total_x
        so_far = (before_y[:, None] * total_x).add_(before_x + 1)
        return (before_z[:, None, None] * layer).add_(so_far)

    def _place_shares(self, axis: int, start: int) -> tuple[Float32[Tensor, " n"], Float32[Tensor, " n"]]:
        shares = share_axis(self._grid, axis, start)
        before, total = (torch.from_numpy(share.astype(np.float32)) for share in (shares.before, shares.total))
        return before.to(self._device), total.to(self._device)

    def _find_means(self, name: str, output: Float[Tensor, "c tz ty tx"]) -> Float32[Tensor, "c z y x"]:
        if tuple(output.shape[1:]) != self._grid.tile:
            raise ShapeError(
                f"the network gave {tuple(output.shape[1:])} for a tile of {self._grid.tile}"
                f"{f' (head {name!r})' if name else ''}; it must give one value a voxel"
            )
        if name not in self._means:
            shape = (output.shape[0], self._depth, *self._region.shape[1:])
            on_cpu = self._device.type == "cpu"
            room = torch.from_numpy(set_aside(shape, np.float32)) if on_cpu else torch.zeros(shape, device=self._device)
            self._means[name] = room
        return self._means[name]
