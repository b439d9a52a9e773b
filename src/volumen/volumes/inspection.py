"""What there is to know of a volume without reading all of it."""

import math
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float64, Shaped

from volumen.geometry import Shape, VoxelSize
from volumen.volumes.intensity import choose_chunks
from volumen.volumes.missing import Missing, count_missing
from volumen.volumes.opening import open_volume
from volumen.volumes.volume import Offset, Volume

_SAMPLE_VOXELS = 2**24  # a second's work for any format; a volume of 256³ is read whole
_BINS = 16


@dataclass(frozen=True)
class Level:
    """A level of a pyramid."""

    spec: str
    shape: Shape
    voxel_size: VoxelSize | None


@dataclass(frozen=True)
class Values:
    """What a sample of voxels holds.

    Args:
        voxels: how many were looked at.
        share: of all there are.
        low: the smallest number; None when there is none.
        high: the largest.
        mean: average.
        zero_share: share of zeros.
        not_finite: voxels that are NaN or infinite, which count nowhere else.
        distinct: how many ints occur; None for floats.
        counts: voxels in each of equal bins from low to high, the last closed; none where there are no numbers.
    """

    voxels: int
    share: float
    low: float | None
    high: float | None
    mean: float | None
    zero_share: float
    not_finite: int
    distinct: int | None
    counts: tuple[int, ...]

    @property
    def edges(self) -> list[float]:
        """Where bins begin, and where the last ends."""
        if self.low is None or self.high is None or not self.counts:
            return []
        return [float(edge) for edge in np.linspace(self.low, self.high, len(self.counts) + 1)]


@dataclass(frozen=True)
class Facts:
    """A volume, told.

    Args:
        spec: as it was given.
        format: as it is called.
        shape: voxels along z, y and x.
        channels: None when there is no channel axis.
        dtype: of its voxels.
        nbytes: that they take in memory.
        chunks: extent that is cheap to read at once.
        shards: extent of a file that holds several chunks; None when none does.
        voxel_size: None when the file does not say.
        offset: nanometres of the first voxel; None when the file does not say.
        levels: of its pyramid; none when it has none.
        missing: chunks that were never written; None when that cannot be told.
        notes: what else a reader should know.
        values: what its voxels are.
    """

    spec: str
    format: str
    shape: Shape
    channels: int | None
    dtype: str
    nbytes: int
    chunks: Shape
    shards: Shape | None
    voxel_size: VoxelSize | None
    offset: Offset | None
    levels: tuple[Level, ...]
    missing: Missing | None
    notes: tuple[str, ...]
    values: Values

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        plain = asdict(self)
        plain["voxel_size"] = _list_lengths(self.voxel_size)
        for told, level in zip(plain["levels"], self.levels, strict=True):
            told["voxel_size"] = _list_lengths(level.voxel_size)
        plain["values"]["edges"] = self.values.edges
        return plain


def inspect_volume(spec: str | Path) -> Facts:
    """What a volume is, and what its voxels hold as far as 16 M of them tell, spread evenly over it."""
    volume = open_volume(spec)
    storage = volume.describe()
    return Facts(
        spec=str(spec),
        format=storage.format,
        shape=volume.shape,
        channels=volume.channels,
        dtype=volume.dtype.name,
        nbytes=volume.layout.nbytes,
        chunks=volume.chunks,
        shards=storage.shards,
        voxel_size=volume.voxel_size,
        offset=volume.offset,
        levels=tuple(map(_look_at_level, storage.levels)),
        missing=count_missing(volume),
        notes=storage.notes,
        values=sum_up(sample_voxels(volume.uncached()), math.prod(volume.layout.array_shape)),
    )


def sample_voxels(volume: Volume) -> Shaped[np.ndarray, " n"]:
    """At most 16 M voxels, from chunks spread evenly over a volume; all when there are no more."""
    if not volume.layout.nbytes:
        return np.empty(0, volume.dtype)
    channels = volume.channels or 1
    chunk = _cut_chunk(volume.chunks, channels)
    most = max(1, _SAMPLE_VOXELS // (math.prod(chunk) * channels))
    pieces = [volume.read(box).reshape(-1) for box in choose_chunks(volume.shape, chunk, most=most)]
    return np.concatenate(pieces)


def sum_up(voxels: Shaped[np.ndarray, " n"], total: int) -> Values:
    """What voxels of a volume of `total` hold."""
    finite = voxels[np.isfinite(voxels)] if voxels.dtype.kind == "f" else voxels
    is_empty = not finite.size
    return Values(
        voxels=voxels.size,
        share=voxels.size / total if total else 1.0,
        low=None if is_empty else _to_number(finite.min()),
        high=None if is_empty else _to_number(finite.max()),
        mean=None if is_empty else float(finite.mean(dtype=np.float64)),
        zero_share=0.0 if is_empty else 1 - np.count_nonzero(finite) / finite.size,
        not_finite=voxels.size - finite.size,
        distinct=None if voxels.dtype.kind == "f" else np.unique(voxels).size,
        counts=() if is_empty else _count_bins(finite.astype(np.float64)),
    )


def _count_bins(values: Float64[np.ndarray, " n"]) -> tuple[int, ...]:
    """Voxels in each bin; a single one where all are the same, none where the range is past what a float holds."""
    width = float(values.max()) - float(values.min())
    if not math.isfinite(width):
        return ()
    return tuple(np.histogram(values, bins=_BINS if width else 1)[0].tolist())


def _cut_chunk(chunk: Shape, channels: int) -> Shape:
    """A chunk of which no more is taken than the sample holds."""
    depth, height, width = chunk
    rows = max(1, min(height, _SAMPLE_VOXELS // max(width * channels, 1)))
    return max(1, min(depth, _SAMPLE_VOXELS // max(rows * width * channels, 1))), rows, width


def _look_at_level(spec: str) -> Level:
    volume = open_volume(spec)
    return Level(spec, volume.shape, volume.voxel_size)


def _to_number(value: np.generic) -> float:
    number: float = value.item()
    return number


def _list_lengths(voxel_size: VoxelSize | None) -> list[float] | None:
    return None if voxel_size is None else list(voxel_size)
