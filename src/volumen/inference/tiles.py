"""Which tiles a region needs, and the input planes they are cut from: a rolling slab, never the volume."""

from collections.abc import Callable, Iterator
from itertools import product
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, Num

from volumen.errors import DataError
from volumen.geometry import Box, Shape, TileGrid
from volumen.inference.memory import set_aside

# What a box inside the volume gives: float32, normalised.
CutTile = Callable[[Box], Float32[np.ndarray, "c z y x"]]
Planes = Num[np.ndarray, "c z y x"]


@runtime_checkable
class PlaneSource(Protocol):
    """Anything that boxes are read from: a Volume, or an array in a thin coat."""

    @property
    def shape(self) -> Shape:
        """Voxels along z, y and x."""
        ...

    @property
    def channels(self) -> int | None:
        """Channels; None when arrays come without that axis."""
        ...

    @property
    def dtype(self) -> np.dtype:
        """Type of a voxel."""
        ...

    @property
    def chunks(self) -> Shape:
        """Voxels that are decoded together."""
        ...

    def read(self, box: Box | None = None) -> np.ndarray:
        """The voxels of `box`."""
        ...


def select_starts(grid: TileGrid, region: Box) -> list[list[int]]:
    """Starts along z, y and x of the tiles that share a voxel with the region."""
    return [
        [start for start in starts if start < high and start + edge > low]
        for starts, edge, low, high in zip(grid.starts, grid.tile, region.start, region.stop, strict=True)
    ]


def select_tiles(grid: TileGrid, region: Box) -> Iterator[Box]:
    """Every tile of the global grid that touches the region, z outermost."""
    for start in product(*select_starts(grid, region)):
        yield Box.at(start, grid.tile)


def count_tiles(grid: TileGrid, region: Box) -> int:
    """How many tiles touch the region."""
    z, y, x = map(len, select_starts(grid, region))
    return z * y * x


def cover_tiles(grid: TileGrid, region: Box) -> Box:
    """The part of the volume that the region's tiles see."""
    starts = select_starts(grid, region)
    reach = Box(
        (starts[0][0], starts[1][0], starts[2][0]),
        (starts[0][-1] + grid.tile[0], starts[1][-1] + grid.tile[1], starts[2][-1] + grid.tile[2]),
    )
    return reach.clip(Box.whole(grid.shape))


def wrap_planes(start: int, stop: int, size: int) -> Iterator[tuple[slice, slice]]:
    """Planes `start` to `stop` in a ring of `size` planes: where they lie, and where in the run they come from."""
    plane = start
    while plane < stop:
        place = plane % size
        count = min(size - place, stop - plane)
        yield slice(place, place + count), slice(plane - start, plane - start + count)
        plane += count


class InputSlab:
    """The planes that the tiles of one layer see, in the source's own type; every plane is read once.

    Tiles must be asked for with z never falling. Held: a tile's depth and one source chunk of planes, as wide as the
    region's tiles reach.
    """

    def __init__(self, source: PlaneSource, reach: Box, depth: int) -> None:
        chunk = source.chunks[0]
        self._step = chunk if 1 < chunk <= depth else 1
        self._source = source
        self._reach = reach
        self._size = min(depth + self._step, reach.shape[0])
        self._ring = set_aside((source.channels or 1, self._size, *reach.shape[1:]), source.dtype)
        self._stop = reach.start[0]

    def cut(self, box: Box) -> Planes:
        """A copy of the voxels of `box`, which lies inside the reach."""
        self._read_until(box.stop[0])
        local = box.relative_to(self._reach.start)
        cut = np.empty((self._ring.shape[0], *box.shape), self._ring.dtype)
        for place, run in wrap_planes(local.start[0], local.stop[0], self._size):
            cut[:, run] = self._ring[(slice(None), place, *local.slices[1:])]
        return cut

    def _read_until(self, plane: int) -> None:
        """Reads on to `plane`, or to the end of its chunk, so that a chunk is decoded once."""
        if plane <= self._stop:
            return
        stop = min(-(-plane // self._step) * self._step, self._reach.stop[0])
        (_, y0, x0), (_, y1, x1) = self._reach.start, self._reach.stop
        box = Box((self._stop, y0, x0), (stop, y1, x1))
        planes = self._source.read(box).reshape(self._ring.shape[0], *box.shape)
        check_finite(planes, box)
        first = self._stop - self._reach.start[0]
        for place, run in wrap_planes(first, first + box.shape[0], self._size):
            self._ring[:, place] = planes[:, run]
        self._stop = stop


def check_finite(planes: np.ndarray, box: Box) -> None:
    """DataError when a voxel is not a number; whole numbers always are."""
    if planes.dtype.kind != "f":
        return
    bad = planes.size - int(np.count_nonzero(np.isfinite(planes)))
    if bad:
        raise DataError(f"{bad} voxels in {box} are NaN or infinite; replace them, or mask them out, and predict again")
