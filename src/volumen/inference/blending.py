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
from jaxtyping import Float, Float32, Float64
from torch import Tensor

from volumen.errors import ShapeError
from volumen.geometry import Box, TileGrid, blend_window
from volumen.inference.tiles import wrap_planes

# Planes finished at a time: enough to be fast, few enough that the copies of them are small beside the slab.
FINISHED_PLANES = 16


@dataclass(frozen=True)
class Finished:
    """Planes of the region that no further tile changes, from plane `z` of the volume on, by head."""

    z: int
    heads: dict[str, Float32[np.ndarray, "_ z y x"]]


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
        self._planes: dict[tuple[int, int], tuple[Tensor, Tensor]] = {}

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
            yield Finished(self._done, {name: _copy_planes(means[:, place]) for name, means in self._means.items()})
            for means in self._means.values():
                means[:, place] = 0
            self._done += place.stop - place.start

    def _weigh_tile(self, tile: Box) -> Float32[Tensor, "z y x"]:
        """Weight of all tiles so far in units of this tile's weight: 1 where it is the first."""
        z, y, x = tile.start
        every, so_far = self._weigh_plane(y, x)
        before = torch.from_numpy(share_axis(self._grid, 0, z).before.astype(np.float32)).to(self._device)
        return (before[:, None, None] * every).add_(so_far)

    def _weigh_plane(self, y: int, x: int) -> tuple[Float32[Tensor, "y x"], Float32[Tensor, "y x"]]:
        """The same in the plane: of all tiles of a layer, and of those so far; kept, as every layer needs them."""
        if (y, x) not in self._planes:
            rows, columns = share_axis(self._grid, 1, y), share_axis(self._grid, 2, x)
            every = np.outer(rows.total, columns.total)
            so_far = np.outer(rows.before, columns.total) + columns.before + 1
            every_tensor, so_far_tensor = (
                torch.from_numpy(plane.astype(np.float32)).to(self._device) for plane in (every, so_far)
            )
            self._planes[y, x] = every_tensor, so_far_tensor
        return self._planes[y, x]

    def _find_means(self, name: str, output: Float[Tensor, "c tz ty tx"]) -> Float32[Tensor, "c z y x"]:
        if tuple(output.shape[1:]) != self._grid.tile:
            raise ShapeError(
                f"the network gave {tuple(output.shape[1:])} for a tile of {self._grid.tile}"
                f"{f' (head {name!r})' if name else ''}; it must give one value a voxel"
            )
        if name not in self._means:
            shape = (output.shape[0], self._depth, *self._region.shape[1:])
            self._means[name] = torch.zeros(shape, dtype=torch.float32, device=self._device)
        return self._means[name]


def _copy_planes(planes: Float32[Tensor, "c z y x"]) -> Float32[np.ndarray, "c z y x"]:
    copied: Float32[np.ndarray, "c z y x"] = planes.to("cpu", copy=True).numpy()
    return copied
