"""Voxels of one type as another: every value kept, or a range of intensities spread over the new type."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64, Shaped

from volumen.errors import ConfigError, DataError

_PIECE = 2**16  # voxels at a time: their numbers stay in a core's own cache, twelve times as fast as a whole block

Voxels = Shaped[np.ndarray, "..."]


@runtime_checkable
class Cast(Protocol):
    """From voxels as they are stored to those of another type."""

    @property
    def dtype(self) -> np.dtype:
        """Of what comes out."""

    def apply(self, voxels: Voxels) -> Voxels:
        """The voxels in the new type; DataError when one has no place in it."""

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""


@dataclass(frozen=True)
class KeptValues:
    """Every value stays what it is; only floats may lose digits to shorter floats."""

    dtype: np.dtype

    def apply(self, voxels: Voxels) -> Voxels:
        """The voxels in the new type; DataError when one has no place in it."""
        lost = None if self._holds_all(voxels.dtype) else self._find_lost(voxels)
        if lost is not None:
            raise DataError(
                f"the value {lost} has no place in {self.dtype}: choose a type that holds it, "
                "or map intensities with a range LOW,HIGH"
            )
        return voxels.astype(self.dtype, copy=False)

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {"dtype": self.dtype.name, "range": None}

    def _holds_all(self, given: np.dtype) -> bool:
        return np.can_cast(given, self.dtype, "safe") or (given.kind == "f" and self.dtype.kind == "f")

    def _find_lost(self, voxels: Voxels) -> object:
        """A value that would become another, or might; None when none would."""
        if not voxels.size:
            return None
        low, high = _find_limits(self.dtype)
        for end in (voxels.min(), voxels.max()):
            if not low <= end <= high:
                return end
        return _find_fraction(voxels) if voxels.dtype.kind == "f" else None


@dataclass(frozen=True)
class MappedRange:
    """Intensities from low to high spread over all of an int type, or over 0 … 1 of floats; those outside are clipped.

    Args:
        dtype: of what comes out.
        low: becomes the type's smallest number, or 0.
        high: becomes its largest, or 1.
    """

    dtype: np.dtype
    low: float
    high: float

    def apply(self, voxels: Voxels) -> Voxels:
        """The voxels in the new type; DataError when one is not a number."""
        mapped = np.empty(voxels.size, self.dtype)
        for place, values in _cut_pieces(voxels):
            mapped[place] = self._map(values)
        return mapped.reshape(voxels.shape)

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {"dtype": self.dtype.name, "range": [self.low, self.high]}

    def _map(self, values: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
        """The same array with the numbers they become."""
        if np.isnan(values).any():
            raise DataError("a voxel is NaN, which has no place in a range; replace it or cut it away")
        floor, ceiling = (0.0, 1.0) if self.dtype.kind == "f" else map(float, _find_limits(self.dtype))
        np.clip(values, self.low, self.high, out=values)
        values -= self.low
        values *= (ceiling - floor) / (self.high - self.low)
        values += floor
        return values if self.dtype.kind == "f" else np.rint(values, out=values)


def choose_cast(given: np.dtype, dtype: np.dtype, intensities: tuple[float, float] | None, *, labels: bool) -> Cast:
    """How voxels become another type.

    Args:
        given: their type.
        dtype: the type they are to have.
        intensities: the range that is spread over it; None keeps every value.
        labels: whether they are names of things, which have no range.
    """
    if intensities is None:
        return KeptValues(dtype)
    low, high = intensities
    if labels:
        raise ConfigError(f"labels of type {given} are names, which a range would merge; leave it out")
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise ConfigError(f"a range needs two intensities, low < high; got {low} and {high}")
    return MappedRange(dtype, low, high)


def _find_limits(dtype: np.dtype) -> tuple[int, int]:
    """The ints between which a type holds every int."""
    if dtype.kind == "f":
        most = 2 ** (int(np.finfo(dtype).nmant) + 1)
        return -most, most
    limits = np.iinfo(dtype)
    return int(limits.min), int(limits.max)


def _cut_pieces(voxels: Voxels) -> Iterator[tuple[slice, Float64[np.ndarray, " n"]]]:
    """Copies of the voxels, a piece at a time, and where each lies."""
    flat = voxels.reshape(-1)
    for start in range(0, flat.size, _PIECE):
        place = slice(start, start + _PIECE)
        yield place, flat[place].astype(np.float64)


def _find_fraction(voxels: Voxels) -> object:
    for _, values in _cut_pieces(voxels):
        broken = values[values != np.rint(values)]
        if broken.size:
            return broken[0]
    return None
