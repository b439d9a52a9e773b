"""What intensities a volume has, from a histogram that streams over its chunks."""

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from volumen.blocks import run_ahead
from volumen.errors import DataError
from volumen.geometry import Box, Shape, to_shape
from volumen.volumes.memory import to_volume
from volumen.volumes.volume import Volume, Voxels

MOST_CHUNKS = 4096
BINS = 65_536
PIECES_AHEAD = 2

_PIECE_VOXELS = 2**22  # counted at once; a chunk may be a whole slice of a scroll
_CACHED_VOXELS = 2**16  # put into bins at once: as float64 they stay in a core's cache
_EXACT_BYTES = 2

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Intensity:
    """What a streaming histogram tells of a volume.

    Args:
        low: smallest intensity.
        high: largest intensity.
        mean: average.
        std: standard deviation (divided by n).
        counts: voxels at each of as many intensities, evenly spaced from low to high: every int between them where
            these have 8 or 16 bits.
    """

    low: float
    high: float
    mean: float
    std: float
    counts: Int64[np.ndarray, " bins"]

    @property
    def is_constant(self) -> bool:
        """Whether all voxels are the same."""
        return self.low == self.high

    def percentile(self, q: float) -> float:
        """The intensity below which `q` per cent of the voxels lie, between neighbours as `np.percentile` says."""
        if not 0 <= q <= 100:  # noqa: PLR2004 - per cent
            raise DataError(f"a percentile lies between 0 and 100; got {q}")
        ends = np.cumsum(self.counts)
        place = (int(ends[-1]) - 1) * (q / 100)
        share = place - math.floor(place)
        first, second = (self._find_ranked(ends, rank) for rank in (math.floor(place), math.ceil(place)))
        step = second - first
        # NumPy's formula with its two branches, so that results are the same to the last bit
        return first + step * share if share < 0.5 else second - step * (1 - share)  # noqa: PLR2004

    def share_at(self, value: float) -> float:
        """Share of the voxels at an intensity, as far as the bins tell intensities apart."""
        if not self.low <= value <= self.high:
            return 0.0
        width = (self.high - self.low) / max(len(self.counts) - 1, 1)
        place = 0 if self.is_constant else round((value - self.low) / width)
        return int(self.counts[place]) / int(self.counts.sum())

    def _find_ranked(self, ends: Int64[np.ndarray, " bins"], rank: int) -> float:
        """Intensity of the voxel that comes at `rank` when all are sorted."""
        number, last = int(np.searchsorted(ends, rank, side="right")), len(ends) - 1
        return self.high if number == last else self.low + number * ((self.high - self.low) / last)


def measure_intensity(volume: Volume | np.ndarray, *, progress: Progress | None = None) -> Intensity:
    """What intensities a volume has: exact for 8 and 16 bit ints, to a 65,536th of the range for other types.

    At most 4,096 chunks on an even grid are read, all when there are fewer, a few pieces of at most 4 M voxels in
    memory at a time; channels count together. A voxel that is no finite number is an error.
    """
    source = to_volume(volume)
    if not source.layout.nbytes:
        raise DataError(f"{source.spec} is empty: its shape is {source.layout.array_shape}")
    exact = source.dtype.kind in "ui" and source.dtype.itemsize <= _EXACT_BYTES
    return (_measure_exactly if exact else _measure_in_bins)(source, progress or _ignore)


def choose_chunks(shape: Shape, chunk: Shape, *, most: int | None = None) -> Iterator[Box]:
    """At most 4,096 chunks, or `most`, evenly spread over the volume; all when there are fewer."""
    for start in itertools.product(*choose_starts(shape, chunk, most=most)):
        yield Box.at(start, chunk).clip(Box.whole(shape))


def choose_starts(shape: Shape, chunk: Shape, *, most: int | None = None) -> list[list[int]]:
    """Where the chosen chunks start, along each axis."""
    grid = [-(-extent // edge) for extent, edge in zip(shape, chunk, strict=True)]
    axes = zip(grid, _share_budget(grid, most or MOST_CHUNKS), chunk, strict=True)
    return [[number * edge for number in _spread(count, taken)] for count, taken, edge in axes]


def _share_budget(grid: list[int], most: int) -> list[int]:
    """How many chunks are taken along each axis; short axes are taken whole and leave more to long ones."""
    if math.prod(grid) <= most:
        return grid
    taken, budget = [0, 0, 0], most
    for left, axis in zip((3, 2, 1), np.argsort(grid), strict=True):
        taken[axis] = min(grid[axis], _find_root(budget, left))
        budget //= taken[axis]
    return taken


def _find_root(value: int, degree: int) -> int:
    """The largest int whose power is at most `value`."""
    root = round(math.pow(value, 1 / degree))
    return root if root**degree <= value else root - 1


def _spread(count: int, taken: int) -> list[int]:
    """Numbers in the middle of `taken` equal parts of `count`."""
    return [(2 * part + 1) * count // (2 * taken) for part in range(taken)]


def choose_pieces(source: Volume) -> Iterator[Box]:
    """At most 4,096 chunks on an even grid, all when there are fewer, in pieces of at most 4 M voxels."""
    channels = source.channels or 1
    for chunk in choose_chunks(source.shape, _widen_chunk(source, _PIECE_VOXELS // channels)):
        _, height, width = chunk.shape
        rows = max(1, min(height, _PIECE_VOXELS // (width * channels)))
        step = max(1, _PIECE_VOXELS // (rows * width * channels))
        for z, y in itertools.product(range(0, chunk.shape[0], step), range(0, height, rows)):
            yield Box.at((z, y, 0), (step, rows, width)).shift(chunk.start).clip(chunk)


def _widen_chunk(source: Volume, most: int) -> Shape:
    """Where all chunks are taken, several beside each other of at most `most` voxels: they are decoded side by side."""
    chunk = list(source.chunks)
    if math.prod(-(-extent // edge) for extent, edge in zip(source.shape, chunk, strict=True)) > MOST_CHUNKS:
        return source.chunks
    for axis in (2, 1):
        needed = -(-source.shape[axis] // chunk[axis])
        chunk[axis] *= max(1, min(needed, most // math.prod(chunk)))
    return to_shape(chunk)


def _read_pieces(source: Volume) -> Iterator[tuple[Box, Voxels]]:
    """Every chosen piece with what it holds; the next are read while one is looked at."""
    yield from run_ahead(((piece, source.read(piece)) for piece in choose_pieces(source)), PIECES_AHEAD)


def _measure_exactly(source: Volume, progress: Progress) -> Intensity:
    """One pass: a count for every value the type has."""
    limits = np.iinfo(source.dtype)
    counts = np.zeros(int(limits.max) - int(limits.min) + 1, np.int64)
    total = _count_voxels(source)
    seen = 0
    for _, voxels in _read_pieces(source):
        counts += _count_values(voxels)
        seen += voxels.size
        progress(seen, total)
    present = np.flatnonzero(counts)
    first, last = int(present[0]), int(present[-1])
    counts = counts[first : last + 1]
    low = first + int(limits.min)
    values = low + np.arange(len(counts), dtype=np.float64)
    mean = float(values @ counts / seen)
    std = math.sqrt(float((values - mean) ** 2 @ counts) / seen)
    return Intensity(float(low), float(low + len(counts) - 1), mean, std, counts)


def _count_values(voxels: Voxels) -> Int64[np.ndarray, " values"]:
    """How often each value of a type of 8 or 16 bits occurs, the smallest first."""
    words = np.ascontiguousarray(voxels, voxels.dtype.newbyteorder("=")).reshape(-1).view(f"u{voxels.itemsize}")
    even = len(words) - len(words) % 2
    if voxels.itemsize == 1:  # two at a time, which takes less than half as long
        pairs = np.bincount(words[:even].view("u2"), minlength=2**16).reshape(2**8, 2**8)
        counts = pairs.sum(axis=0) + pairs.sum(axis=1) + np.bincount(words[even:], minlength=2**8)
    else:
        counts = np.bincount(words, minlength=2**16)
    return np.roll(counts, len(counts) // 2) if voxels.dtype.kind == "i" else counts


@dataclass(frozen=True)
class _Moments:
    """Count, mean and sum of squared differences from it, which merge exactly (Chan et al. 1983)."""

    count: int
    mean: float
    squares: float

    def merge(self, values: Float64[np.ndarray, " n"]) -> "_Moments":
        mean = float(values.mean())
        squares = float(((values - mean) ** 2).sum())
        count, gap = self.count + values.size, mean - self.mean
        weight = values.size / count
        return _Moments(count, self.mean + gap * weight, self.squares + squares + gap**2 * self.count * weight)


def _measure_in_bins(source: Volume, progress: Progress) -> Intensity:
    """Two passes: the range, then counts in equal bins."""
    total = 2 * _count_voxels(source)
    low, high = _find_range(source, lambda seen: progress(seen, total))
    if not math.isfinite(high - low):
        raise DataError(f"{source.spec}: intensities from {low} to {high} span more than a float holds")
    if low == high:
        progress(total, total)
        return Intensity(low, high, low, 0.0, np.array([total // 2], np.int64))
    counts, moments = np.zeros(BINS, np.int64), _Moments(0, 0.0, 0.0)
    for _, voxels in _read_pieces(source):
        flat = voxels.reshape(-1)
        for start in range(0, len(flat), _CACHED_VOXELS):
            values = flat[start : start + _CACHED_VOXELS].astype(np.float64)
            moments = moments.merge(values)
            places = np.rint((values - low) / (high - low) * (BINS - 1)).astype(np.int64)
            counts += np.bincount(places, minlength=BINS)
        progress(total // 2 + moments.count, total)
    return Intensity(low, high, moments.mean, math.sqrt(moments.squares / moments.count), counts)


def _find_range(source: Volume, report: Callable[[int], None]) -> tuple[float, float]:
    """Smallest and largest voxel; what is no finite number is counted and its first place named."""
    low, high, seen, bad = math.inf, -math.inf, 0, 0
    first: tuple[int, ...] = ()
    for box, voxels in _read_pieces(source):
        least, most = float(voxels.min()), float(voxels.max())
        if math.isfinite(least) and math.isfinite(most):
            low, high = min(low, least), max(high, most)
        else:
            wrong = ~np.isfinite(voxels)
            first = first or tuple((np.argwhere(wrong)[0][-3:] + box.start).tolist())
            bad += int(wrong.sum())
        seen += voxels.size
        report(seen)
    if bad:
        z, y, x = first
        raise DataError(
            f"{source.spec}: {bad} of {seen} voxels are NaN or infinite, the first at z={z} y={y} x={x}; "
            "replace them or cut them away"
        )
    return low, high


def _count_voxels(source: Volume) -> int:
    boxes = choose_chunks(to_shape(source.shape), source.chunks)
    return sum(box.size for box in boxes) * (source.channels or 1)


def _ignore(_done: int, _total: int) -> None: ...
