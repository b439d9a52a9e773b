"""How far the voxels of two masks lie from each other: whole at once, or block by block as far as a halo reaches."""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float32, Int64

from volumen.errors import ConfigError
from volumen.geometry import Box, Shape, VoxelSize
from volumen.metrics.sources import Mask
from volumen.morphology import measure_distance

Unit = Literal["voxels", "nm"]
ReadMasks = Callable[[Box], tuple[Mask, Mask]]
Slices = tuple[slice, slice, slice]

# A block with its halo is at most this long, as long as the halo leaves that much for the block.
GROWN_EDGE = 256
SMALLEST_EDGE = 64
FLOAT_SLACK = 1e-6


@dataclass(frozen=True)
class DistanceCounts:
    """Distances of the voxels of one mask to the nearest of the other.

    Args:
        values: rising, each once.
        voxels: how many have each.
        beyond: how many are farther than `reach`, by an unknown amount.
        reach: up to which distance all is known; infinite when the volume was measured whole.
    """

    values: Float32[np.ndarray, " values"]
    voxels: Int64[np.ndarray, " values"]
    beyond: int = 0
    reach: float = math.inf

    @property
    def total(self) -> int:
        """Voxels in all."""
        return int(self.voxels.sum()) + self.beyond

    def average(self) -> float:
        """The mean, 0 of nothing; what is beyond the reach counts as just there."""
        known = float(self.values.astype(np.float64) @ self.voxels)
        return (known + (self.beyond * self.reach if self.beyond else 0)) / max(1, self.total)

    def find_percentile(self, percent: float) -> float:
        """The percentile between the two nearest ranks, 0 of nothing; what is beyond the reach counts as just there."""
        place = percent / 100 * (self.total - 1)
        low, high = self._rank(math.floor(place)), self._rank(math.ceil(place))
        return low if low == high else low + (high - low) * (place - math.floor(place))

    def count_above(self, distance: float) -> int:
        """How many are farther than a distance, which is within reach."""
        return int(self.voxels[self.values > distance * (1 + FLOAT_SLACK)].sum()) + self.beyond

    def join(self, other: "DistanceCounts") -> "DistanceCounts":
        """Both together."""
        values, index = np.unique(np.concatenate([self.values, other.values]), return_inverse=True)
        voxels = np.zeros(len(values), np.int64)
        np.add.at(voxels, index, np.concatenate([self.voxels, other.voxels]))
        return DistanceCounts(values, voxels, self.beyond + other.beyond, self.reach)

    def _rank(self, rank: int) -> float:
        if not self.total:
            return 0.0
        place = int(np.searchsorted(np.cumsum(self.voxels), rank, side="right"))
        return float(self.values[place]) if place < len(self.values) else self.reach


def measure_apart(
    read: ReadMasks, shape: Shape, *, sampling: Sequence[float], halo: float | None
) -> tuple[DistanceCounts, DistanceCounts]:
    """Distances of the first mask's voxels to the second, and of the second's to the first.

    Without a halo both masks are held whole, about 9 bytes a voxel; with one, a block and its halo. To an empty mask
    every distance is infinite, with a halo too.

    Args:
        read: the two masks in a box.
        shape: of the volume.
        sampling: edges of a voxel; distances and halo are in its unit.
        halo: how far to look beyond a block; farther voxels are counted, not measured.
    """
    reach = math.inf if halo is None else halo
    there = back = _count(np.zeros(0, np.float32), reach)
    for inner, one, other in _walk_masks(read, shape, sampling, halo):
        there = there.join(_count(_list_distances(one, other, inner, sampling), reach))
        back = back.join(_count(_list_distances(other, one, inner, sampling), reach))
    return _set_apart(there, back), _set_apart(back, there)


def choose_sampling(unit: Unit, voxel_size: VoxelSize | None, *, metric: str) -> tuple[float, float, float]:
    """Edges of a voxel in the unit; an error where it needs a voxel size that nobody said."""
    if unit == "voxels":
        return 1.0, 1.0, 1.0
    if voxel_size is None:
        raise ConfigError(f"{metric} in nm needs the voxel size, which is not known; give it or use unit: voxels")
    z, y, x = voxel_size
    return z, y, x


def _walk_masks(
    read: ReadMasks, shape: Shape, sampling: Sequence[float], halo: float | None
) -> Iterator[tuple[Slices, Mask, Mask]]:
    """The two masks whole, or block by block with a halo, and where in them the block itself is."""
    whole = Box.whole(shape)
    if halo is None:
        yield whole.slices, *read(whole)
        return
    if halo <= 0:
        raise ConfigError(
            f"a halo is a positive distance; got {halo}; leave it out to measure the whole volume at once"
        )
    margins = [math.ceil(halo / edge) for edge in sampling]
    for box in _plan_blocks(shape, margins):
        grown = box.grow(margins).clip(whole)
        yield box.relative_to(grown.start).slices, *read(grown)


def _plan_blocks(shape: Shape, margins: Sequence[int]) -> list[Box]:
    """Blocks about as long as four halos, shorter where they would not fit in memory with them."""
    edges = [max(SMALLEST_EDGE, min(4 * margin, GROWN_EDGE - 2 * margin)) for margin in margins]
    starts = itertools.product(*(range(0, extent, edge) for extent, edge in zip(shape, edges, strict=True)))
    return [Box.at(start, edges).clip(Box.whole(shape)) for start in starts]


def _list_distances(one: Mask, other: Mask, inner: Slices, sampling: Sequence[float]) -> Float32[np.ndarray, " voxels"]:
    """How far each voxel of one mask within the inner box is from the other mask."""
    here = one[inner]
    if not here.any():
        return np.zeros(0, np.float32)
    distances: Float32[np.ndarray, " voxels"] = measure_distance(~other, sampling)[inner][here]
    return distances


def _count(distances: Float32[np.ndarray, " voxels"], reach: float) -> DistanceCounts:
    values, voxels = np.unique(distances, return_counts=True)
    near = values <= reach * (1 + FLOAT_SLACK)
    return DistanceCounts(values[near], voxels[near].astype(np.int64), int(voxels[~near].sum()), reach)


def _set_apart(counts: DistanceCounts, other: DistanceCounts) -> DistanceCounts:
    """The counts, infinite where there is nothing to be near to."""
    if not counts.beyond or other.total:
        return counts
    return DistanceCounts(np.array([np.inf], np.float32), np.array([counts.total], np.int64), 0, counts.reach)
