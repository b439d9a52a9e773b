"""What grey values a volume holds: a streaming histogram over its chunks, exact for 8 and 16 bit."""

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from volumen.errors import DataError
from volumen.geometry import Box
from volumen.volumes.memory import to_volume
from volumen.volumes.volume import Volume

# A volume of more chunks is sampled on an even grid of them: 4,096 chunks of 64³ are 10⁹ voxels.
MOST_CHUNKS = 4096
# Bins between the least and the largest value where values are not 8 or 16 bit.
BINS = 65536


@dataclass(frozen=True)
class Intensity:
    """Grey values of a volume and how often each occurs.

    Args:
        values: distinct values, or the middles of bins, rising.
        counts: voxels of each.
        low: the least value.
        high: the largest value.
    """

    values: Float64[np.ndarray, " bins"]
    counts: Int64[np.ndarray, " bins"]
    low: float
    high: float

    @property
    def is_constant(self) -> bool:
        """Whether every voxel has the same value."""
        return self.low == self.high

    @property
    def mean(self) -> float:
        """Mean grey value."""
        return float(np.average(self.values, weights=self.counts))

    @property
    def std(self) -> float:
        """Standard deviation of grey values."""
        return math.sqrt(float(np.average((self.values - self.mean) ** 2, weights=self.counts)))

    def percentile(self, share: float) -> float:
        """The value below which `share` per cent lie, interpolated between neighbours in order as NumPy does."""
        if not 0 <= share <= 100:  # noqa: PLR2004 - per cent
            raise DataError(f"a percentile lies in 0 to 100; got {share}")
        upto = np.cumsum(self.counts)
        place = (int(upto[-1]) - 1) * share / 100
        below, above = (int(np.searchsorted(upto, math.floor(place) + step, side="right")) for step in (0, 1))
        above = min(above, len(self.values) - 1)
        return float(self.values[below] + (self.values[above] - self.values[below]) * (place - math.floor(place)))


def measure_intensity(source: Volume | np.ndarray, *, progress: Callable[[int, int], None] | None = None) -> Intensity:
    """The grey values of a whole volume, read chunk by chunk: all of them, or an even grid of 4,096.

    Values that are not numbers are a DataError that says where the first is. Held: a chunk and the histogram.
    """
    volume = to_volume(source)
    boxes = _choose_chunks(volume)
    exact = volume.dtype.kind in "bui" and volume.dtype.itemsize <= 2  # noqa: PLR2004 - 16 bit
    passes = 1 if exact else 2

    def read() -> Iterator[np.ndarray]:
        offset = 0 if not read_before else len(boxes)
        for done, box in enumerate(boxes, start=1):
            yield _check_finite(volume.read(box), box, volume.spec)
            if progress:
                progress(offset + done, passes * len(boxes))

    read_before: list[bool] = []
    if exact:
        return _count_values(read(), volume.dtype)
    low, high = _find_range(read())
    read_before.append(True)
    return _count_bins(read(), low, high)


def _choose_chunks(volume: Volume) -> list[Box]:
    if not math.prod(volume.shape):
        raise DataError(f"{volume.spec} has no voxels: its shape is {volume.shape}")
    counts = [math.ceil(extent / edge) for extent, edge in zip(volume.shape, volume.chunks, strict=True)]
    thinned = [np.arange(count) for count in counts]
    while math.prod(map(len, thinned)) > MOST_CHUNKS:
        axis = max(range(3), key=lambda at: len(thinned[at]))
        wanted = max(1, int(len(thinned[axis]) * MOST_CHUNKS / math.prod(map(len, thinned))), len(thinned[axis]) // 2)
        thinned[axis] = np.unique(np.linspace(0, counts[axis] - 1, wanted).round().astype(int))
    whole = Box.whole(volume.shape)
    return [
        Box.at([int(i) * edge for i, edge in zip(index, volume.chunks, strict=True)], volume.chunks).clip(whole)
        for index in itertools.product(*thinned)
    ]


def _check_finite(chunk: np.ndarray, box: Box, spec: str) -> np.ndarray:
    if chunk.dtype.kind == "f" and not np.isfinite(chunk).all():
        bad = np.argwhere(~np.isfinite(chunk))
        first = tuple(int(a + b) for a, b in zip(bad[0][-3:], box.start, strict=True))
        raise DataError(f"{spec}: {len(bad)} voxels, the first at {first}, are NaN or infinite; mend the file")
    return chunk


def _count_values(chunks: Iterator[np.ndarray], dtype: np.dtype) -> Intensity:
    least = 0 if dtype.kind in "bu" else int(np.iinfo(dtype).min)
    counts = np.zeros(1 << (8 * dtype.itemsize), np.int64)
    for chunk in chunks:
        shifted = chunk.ravel() if least == 0 else chunk.ravel().astype(np.int32) - least
        counts += np.bincount(shifted, minlength=len(counts))
    present = np.flatnonzero(counts)
    values = (present + least).astype(np.float64)
    return Intensity(values, counts[present], float(values[0]), float(values[-1]))


def _find_range(chunks: Iterator[np.ndarray]) -> tuple[float, float]:
    low, high = math.inf, -math.inf
    for chunk in chunks:
        low, high = min(low, float(chunk.min())), max(high, float(chunk.max()))
    return low, high


def _count_bins(chunks: Iterator[np.ndarray], low: float, high: float) -> Intensity:
    if low == high:
        total = sum(chunk.size for chunk in chunks)
        return Intensity(np.array([low]), np.array([total], np.int64), low, high)
    counts = np.zeros(BINS, np.int64)
    scale = (BINS - 1) / (high - low)
    for chunk in chunks:
        place = np.rint((chunk.ravel().astype(np.float64) - low) * scale).astype(np.int64)
        counts += np.bincount(place, minlength=BINS)
    present = np.flatnonzero(counts)
    return Intensity(low + present / scale, counts[present], low, high)
