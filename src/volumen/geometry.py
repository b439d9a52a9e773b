"""Boxes, voxel sizes, tile grids and blend windows: integers and NumPy, axes always z y x."""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from jaxtyping import Float32

from volumen.errors import ShapeError

Shape = tuple[int, int, int]
Slices = tuple[slice, slice, slice]

# The centre-weighted window: sigma is an eighth of the tile, as in nnU-Net and MONAI. On each axis no weight is below
# a thousandth of the largest, so that a voxel that only a tile's corner covers still divides by something.
WINDOW_SIGMA = 0.125
WINDOW_FLOOR = 1e-3


@dataclass(frozen=True)
class VoxelSize:
    """Edge lengths of a voxel in nanometres."""

    z: float
    y: float
    x: float

    def __post_init__(self) -> None:
        if not all(math.isfinite(edge) and edge > 0 for edge in self):
            raise ShapeError(f"a voxel size needs three positive lengths in nm; got {tuple(self)}")

    def __iter__(self) -> Iterator[float]:
        return iter((self.z, self.y, self.x))

    @classmethod
    def parse(cls, values: Sequence[float]) -> "VoxelSize":
        """A voxel size from three numbers, z first."""
        if len(values) != 3:  # noqa: PLR2004 - z, y and x
            raise ShapeError(f"a voxel size needs three lengths (z y x, nm); got {len(values)}")
        return cls(*map(float, values))


@dataclass(frozen=True)
class Box:
    """Half-open box of voxels: `start` is inside, `stop` is not."""

    start: Shape
    stop: Shape

    def __post_init__(self) -> None:
        if any(low > high for low, high in zip(self.start, self.stop, strict=True)):
            raise ShapeError(f"a box needs start ≤ stop on every axis; got {self.start} to {self.stop}")

    @classmethod
    def whole(cls, shape: Sequence[int]) -> "Box":
        """The box that covers an array of `shape`."""
        return cls((0, 0, 0), to_shape(shape))

    @classmethod
    def at(cls, start: Sequence[int], shape: Sequence[int]) -> "Box":
        """The box of `shape` whose first voxel is `start`."""
        return cls(to_shape(start), to_shape([low + extent for low, extent in zip(start, shape, strict=True)]))

    @property
    def shape(self) -> Shape:
        """Voxels along each axis."""
        return to_shape([high - low for low, high in zip(self.start, self.stop, strict=True)])

    @property
    def size(self) -> int:
        """Voxels inside."""
        return math.prod(self.shape)

    @property
    def slices(self) -> Slices:
        """What indexes an array whose origin is the box's."""
        z, y, x = (slice(low, high) for low, high in zip(self.start, self.stop, strict=True))
        return z, y, x

    def shift(self, offset: Sequence[int]) -> "Box":
        """The same box moved by `offset` voxels."""
        return Box.at([low + step for low, step in zip(self.start, offset, strict=True)], self.shape)

    def relative_to(self, origin: Sequence[int]) -> "Box":
        """The same box counted from `origin`."""
        return self.shift([-step for step in origin])

    def grow(self, halo: Sequence[int]) -> "Box":
        """The box with `halo` more voxels on either side of each axis; it may leave the volume."""
        low = [start - step for start, step in zip(self.start, halo, strict=True)]
        high = [stop + step for stop, step in zip(self.stop, halo, strict=True)]
        return Box(to_shape(low), to_shape(high))

    def clip(self, other: "Box") -> "Box":
        """What lies in both; empty (but valid) where they do not meet."""
        start = [max(a, b) for a, b in zip(self.start, other.start, strict=True)]
        stop = [max(low, min(a, b)) for low, a, b in zip(start, self.stop, other.stop, strict=True)]
        return Box(to_shape(start), to_shape(stop))

    def contains(self, other: "Box") -> bool:
        """Whether no voxel of `other` lies outside."""
        return self.clip(other) == other

    def __str__(self) -> str:
        return ",".join(f"{low}:{high}" for low, high in zip(self.start, self.stop, strict=True))

    @classmethod
    def parse(cls, text: str) -> "Box":
        """A box from `z0:z1,y0:y1,x0:x1`."""
        try:
            (z0, z1), (y0, y1), (x0, x1) = ([int(edge) for edge in axis.split(":")] for axis in text.split(","))
        except ValueError as error:
            raise ShapeError(f"a box is written z0:z1,y0:y1,x0:x1 in voxels; got {text!r}") from error
        return cls((z0, y0, x0), (z1, y1, x1))


def to_shape(values: Sequence[int]) -> Shape:
    """Three plain ints, z first."""
    if len(values) != 3:  # noqa: PLR2004 - z, y and x
        raise ShapeError(f"three numbers are needed (z y x); got {len(values)}: {tuple(values)}")
    return cast("Shape", tuple(int(value) for value in values))


def plan_boxes(shape: Shape, chunks: Sequence[Sequence[int]], *, most: int) -> list[Box]:
    """Boxes that cover a shape once: whole chunks where these have at most `most` voxels, long in x, then y, then z.

    Args:
        shape: what is covered.
        chunks: extents that are cheap to read at once, of each of the volumes that are read together.
        most: voxels of a box.
    """
    block = [min(extent, max(1, *edges)) for extent, *edges in zip(shape, *chunks, (1, 1, 1), strict=True)]
    for axis in (0, 1):
        while math.prod(block) > most and block[axis] > 1:
            block[axis] = math.ceil(block[axis] / 2)
    for axis in (2, 1, 0):
        block[axis] = min(shape[axis], block[axis] * max(1, most // max(1, math.prod(block))))
    starts = itertools.product(*(range(0, extent, max(1, edge)) for extent, edge in zip(shape, block, strict=True)))
    return [Box.at(start, block).clip(Box.whole(shape)) for start in starts]


def pair_slices(shape: Sequence[int], step: Sequence[int]) -> tuple[Slices, Slices]:
    """What cuts out all voxels that have another one `step` voxels from them, and those others."""
    here = [slice(max(0, -move), max(0, extent - max(0, move))) for move, extent in zip(step, shape, strict=True)]
    there = [slice(max(0, move), max(0, extent - max(0, -move))) for move, extent in zip(step, shape, strict=True)]
    return (here[0], here[1], here[2]), (there[0], there[1], there[2])


def tile_starts(extent: int, tile: int, *, overlap: int) -> list[int]:
    """Start of each tile along one axis: evenly spread, the last flush with the end.

    Args:
        extent: voxels along the axis; an axis no longer than `tile` gets one tile at 0.
        tile: voxels a tile spans.
        overlap: the fewest voxels that neighbours share.
    """
    if not 0 <= overlap < tile:
        raise ShapeError(f"overlap must be at least 0 and below the tile's {tile}; got {overlap}")
    last = max(extent - tile, 0)
    steps = math.ceil(last / (tile - overlap))
    return [round(step * last / steps) for step in range(steps + 1)] if steps else [0]


def count_overlap(overlap: float | Sequence[int], tile: Shape) -> Shape:
    """Overlap in voxels: a float below 1 is a share of the tile, an int or three ints are voxels."""
    if isinstance(overlap, Sequence):
        return to_shape(overlap)
    if 0 < overlap < 1:
        return to_shape([int(overlap * edge) for edge in tile])
    if overlap < 0 or overlap != int(overlap):
        raise ShapeError(f"overlap is a share below 1 or whole voxels; got {overlap}")
    return to_shape([int(overlap)] * 3)


@dataclass(frozen=True)
class TileGrid:
    """Where tiles lie in a volume; the same grid whatever region of it is computed."""

    shape: Shape
    tile: Shape
    starts: tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]

    @classmethod
    def plan(cls, shape: Shape, tile: Shape, overlap: float | Sequence[int]) -> "TileGrid":
        """The grid that covers `shape` with neighbours sharing at least `overlap`."""
        shared = count_overlap(overlap, tile)
        z, y, x = (
            tuple(tile_starts(extent, edge, overlap=common))
            for extent, edge, common in zip(shape, tile, shared, strict=True)
        )
        return cls(shape, tile, (z, y, x))

    def __len__(self) -> int:
        return math.prod(map(len, self.starts))

    def boxes(self) -> Iterator[Box]:
        """Every tile, z outermost; a tile longer than the volume reaches past its end."""
        for start in itertools.product(*self.starts):
            yield Box.at(start, self.tile)


def blend_window(tile: int) -> Float32[np.ndarray, " tile"]:
    """Weights along one axis of a tile: Gaussian about the middle, positive at both ends."""
    distance = (np.arange(tile) - (tile - 1) / 2) / (WINDOW_SIGMA * tile)
    weights: Float32[np.ndarray, " tile"] = np.maximum(np.exp(-0.5 * distance**2), WINDOW_FLOOR).astype(np.float32)
    return weights
