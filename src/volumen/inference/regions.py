"""How large a part of a volume is computed in one go: as large as memory allows, the whole depth of it."""

import sys
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod

from volumen.errors import MemoryBudgetError, ShapeError
from volumen.geometry import Box, Shape, TileGrid
from volumen.inference.blending import FINISHED_PLANES
from volumen.inference.tiles import select_starts

# Edge of the output's chunks: what readers of predictions decode at a time.
CHUNK = 64
# What the buffers of a region may hold when no budget is given, by device: a GPU's machine has more.
USUAL_BUFFERS = {"cpu": 2**30, "cuda": 2**32}


@dataclass(frozen=True)
class Buffers:
    """What decides how much memory a region takes.

    Args:
        tile: voxels of a tile.
        batch: tiles in one forward.
        channels: channels of the image.
        itemsize: bytes of a voxel of the image.
        sums: channels that are blended, over all models and heads.
        stored: bytes of a voxel of the output, over all channels of all heads.
        layers: of the volume: of a thin one no buffer holds more.
    """

    tile: Shape
    batch: int
    channels: int
    itemsize: int
    sums: int
    stored: int
    layers: int = sys.maxsize

    def measure(self, region: tuple[int, int]) -> int:
        """Bytes held for a region: the rolling slabs of input, means and output, and the copies made on the way."""
        area = prod(region)
        depth, chunk, finished = (min(edge, self.layers) for edge in (self.tile[0], CHUNK, FINISHED_PLANES))
        reach = prod(edge + 2 * tile for edge, tile in zip(region, self.tile[1:], strict=True))
        read = self.channels * reach * (2 * depth + chunk) * self.itemsize
        blended = self.sums * area * (depth + 4 * finished) * 4
        written = 2 * self.stored * area * chunk
        tiles = prod(self.tile) * 4 * (self.batch * self.channels + 2 * self.sums + 2)
        return read + blended + written + tiles


def choose_region(
    roi: Box,
    buffers: Buffers,
    available: int | None,
    *,
    load: Callable[[tuple[int, int]], int],
    device: str = "cpu",
) -> tuple[int, int]:
    """Voxels along y and x of the squares of chunks, or strips as wide as the volume, that fit and give least to do.

    Args:
        roi: what is predicted in all.
        buffers: what decides how much memory a region takes.
        available: bytes there are; when even one chunk does not fit, a MemoryBudgetError. None: what is usual on the
            device, or one chunk.
        load: what a worker has to do with regions of a size; the largest of those with the least is taken.
        device: where networks compute.
    """
    _, height, width = (-(-edge // CHUNK) for edge in roi.shape)
    squares = [(min(n, height) * CHUNK, min(n, width) * CHUNK) for n in range(1, max(height, width) + 1)]
    strips = [(n * CHUNK, width * CHUNK) for n in range(1, height + 1)]
    allowed = USUAL_BUFFERS[device] if available is None else available
    fitting = [size for size in squares + strips if buffers.measure(size) <= allowed]
    if fitting:
        return min(sorted(fitting, key=prod, reverse=True), key=load)
    if available is None:
        return squares[0]
    lacking = buffers.measure(squares[0]) - available
    raise MemoryBudgetError(
        f"the memory budget is {lacking / 2**20:.0f} MB too small for tiles of {buffers.tile}; "
        f"raise --memory, or lower --tile, --batch or --workers"
    )


def estimate_load(grid: TileGrid, roi: Box, region: tuple[int, int], *, workers: int) -> int:
    """Tiles that a worker forwards: one does all; of several each does rounds as long as the region with most tiles."""
    layers = len(select_starts(grid, roi)[0])
    rows, columns = (
        [_count_starts(grid, axis, start, min(start + edge, stop)) for start in range(roi.start[axis], stop, edge)]
        for axis, edge, stop in zip(range(1, 3), region, roi.stop[1:], strict=True)
    )
    if workers == 1:
        return layers * sum(rows) * sum(columns)
    return layers * max(rows) * max(columns) * -(-len(rows) * len(columns) // workers)


def check_region(region: Sequence[int]) -> tuple[int, int]:
    """A region given by hand; it must be made of whole chunks."""
    height, width = region
    if any(edge < 1 or edge % min(edge, CHUNK) for edge in (height, width)):
        raise ShapeError(f"a region's edges must be below {CHUNK} or multiples of it; got {height} and {width}")
    return height, width


def _count_starts(grid: TileGrid, axis: int, low: int, high: int) -> int:
    """Tiles that share a voxel with low … high along an axis."""
    edge = grid.tile[axis]
    return bisect_left(grid.starts[axis], high) - bisect_right(grid.starts[axis], low - edge)


def choose_chunks(roi: Box, region: tuple[int, int]) -> Shape:
    """Chunks of the output: at most `CHUNK`, never across regions."""
    return (
        min(CHUNK, roi.shape[0]),
        min(CHUNK, region[0], roi.shape[1]),
        min(CHUNK, region[1], roi.shape[2]),
    )
