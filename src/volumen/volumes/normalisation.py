"""From stored intensities to the numbers a network sees; one code for training and prediction."""

import math
from dataclasses import asdict, dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, Shaped

from volumen.errors import ConfigError
from volumen.volumes.intensity import Intensity

EPSILON = 1e-8  # added to a divisor, so that a constant volume works

_HALF_EXACT = 2  # bytes: float32 holds every int of that many exactly


@dataclass(frozen=True)
class IntensityMap:
    """Clip to low … high, take `shift` away, divide by `scale`: plain numbers, the same for every patch of a volume."""

    low: float
    high: float
    shift: float
    scale: float

    def apply(self, array: Shaped[np.ndarray, "..."]) -> Float32[np.ndarray, "..."]:
        """A new float32 array of the same shape."""
        small = array.dtype.itemsize <= _HALF_EXACT or array.dtype == np.float32
        mapped = array.astype(np.float32 if small else np.float64)
        np.clip(mapped, self.low, self.high, out=mapped)
        np.subtract(mapped, self.shift, out=mapped)
        np.divide(mapped, self.scale, out=mapped)
        return mapped.astype(np.float32, copy=False)

    def to_dict(self) -> dict[str, float | None]:
        """Plain values for JSON; an end without bound is null."""
        return {key: value if math.isfinite(value) else None for key, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: dict[str, float | None]) -> "IntensityMap":
        """The map that `to_dict` wrote."""
        try:
            low, high, shift, scale = (values[key] for key in ("low", "high", "shift", "scale"))
        except KeyError as error:
            raise ConfigError(f"an intensity map needs low, high, shift and scale; got {sorted(values)}") from error
        if shift is None or not scale:
            raise ConfigError(f"an intensity map needs a shift and a scale other than 0; got {values}")
        return cls(-math.inf if low is None else low, math.inf if high is None else high, shift, scale)


@runtime_checkable
class Normalisation(Protocol):
    """A choice of intensity map, made when a volume's intensities are known."""

    def fit(self, intensity: Intensity) -> IntensityMap:
        """The map for a volume of these intensities."""


@dataclass(frozen=True)
class PercentileNormalisation:
    """Clip to two percentiles of the whole volume and scale to 0 … 1."""

    low: float = 0.5
    high: float = 99.5

    def __post_init__(self) -> None:
        if not 0 <= self.low < self.high <= 100:  # noqa: PLR2004 - per cent
            raise ConfigError(f"percentiles need 0 ≤ low < high ≤ 100; got {self.low} and {self.high}")

    def fit(self, intensity: Intensity) -> IntensityMap:
        """The map for a volume of these intensities."""
        return _map_range(intensity.percentile(self.low), intensity.percentile(self.high))


@dataclass(frozen=True)
class RangeNormalisation:
    """Clip to two given intensities and scale to 0 … 1."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ConfigError(f"a range needs two intensities, low < high; got {self.low} and {self.high}")

    def fit(self, intensity: Intensity) -> IntensityMap:  # noqa: ARG002 - the range is given
        """The map for any volume."""
        return _map_range(self.low, self.high)


@dataclass(frozen=True)
class ZScoreNormalisation:
    """Mean 0 and standard deviation 1 over the whole volume."""

    def fit(self, intensity: Intensity) -> IntensityMap:
        """The map for a volume of these intensities."""
        return IntensityMap(-math.inf, math.inf, intensity.mean, intensity.std + EPSILON)


@dataclass(frozen=True)
class DatasetZScoreNormalisation:
    """Clip to two given intensities, then mean 0 and standard deviation 1 by a data set's numbers (nnU-Net's CT)."""

    low: float
    high: float
    mean: float
    std: float

    def __post_init__(self) -> None:
        if not (self.low < self.high and self.std >= 0 and all(map(math.isfinite, (self.mean, self.std)))):
            raise ConfigError(f"a data set's intensities need low < high and a deviation of 0 or more; got {self}")

    def fit(self, intensity: Intensity) -> IntensityMap:  # noqa: ARG002 - the numbers are given
        """The map for any volume."""
        return IntensityMap(self.low, self.high, self.mean, max(self.std, EPSILON))


@dataclass(frozen=True)
class NoNormalisation:
    """Intensities as they are, in float32."""

    def fit(self, intensity: Intensity) -> IntensityMap:  # noqa: ARG002 - nothing depends on it
        """The map that changes nothing."""
        return IntensityMap(-math.inf, math.inf, 0.0, 1.0)


def _map_range(low: float, high: float) -> IntensityMap:
    return IntensityMap(low, high, low, high - low + EPSILON)
