"""Grey values to the numbers a network sees: one map a volume, fitted once, the same in training and prediction."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32

from volumen.errors import ConfigError
from volumen.volumes.intensity import Intensity

# So that a constant volume is divided by something.
EPSILON = 1e-8


@dataclass(frozen=True)
class IntensityMap:
    """Clip to low … high, subtract shift, divide by scale; plain data that a prediction's plan keeps."""

    low: float
    high: float
    shift: float
    scale: float

    def apply(self, array: np.ndarray) -> Float32[np.ndarray, "..."]:
        """The mapped values, float32."""
        values = array.astype(np.float32)
        if math.isfinite(self.low) or math.isfinite(self.high):
            np.clip(values, np.float32(self.low), np.float32(self.high), out=values)
        values -= np.float32(self.shift)
        values /= np.float32(self.scale)
        return values

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; a side without a limit is None."""
        return {key: value if math.isfinite(value) else None for key, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "IntensityMap":
        """The map that `to_dict` wrote."""
        limits = {"low": -math.inf, "high": math.inf}
        return cls(**{key: limits[key] if value is None else value for key, value in values.items()})


@dataclass(frozen=True)
class PercentileNormalisation:
    """Clips at two percentiles and scales what is between to 0 … 1."""

    low: float = 0.5
    high: float = 99.5

    def __post_init__(self) -> None:
        if not 0 <= self.low < self.high <= 100:  # noqa: PLR2004 - per cent
            raise ConfigError(f"percentiles need 0 ≤ low < high ≤ 100; got {self.low} and {self.high}")

    def fit(self, intensity: Intensity) -> IntensityMap:
        """The map for a volume of these grey values."""
        return scale_between(intensity.percentile(self.low), intensity.percentile(self.high))


@dataclass(frozen=True)
class RangeNormalisation:
    """Clips at two grey values and scales what is between to 0 … 1, whatever the volume holds."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ConfigError(f"an intensity range needs low < high; got {self.low} and {self.high}")

    def fit(self, intensity: Intensity) -> IntensityMap:  # noqa: ARG002 - every normalisation is asked the same way
        """The map of the two values."""
        return scale_between(self.low, self.high)


@dataclass(frozen=True)
class ZScoreNormalisation:
    """Subtracts the mean and divides by the standard deviation."""

    def fit(self, intensity: Intensity) -> IntensityMap:
        """The map for a volume of these grey values."""
        return IntensityMap(-math.inf, math.inf, intensity.mean, intensity.std + EPSILON)


@dataclass(frozen=True)
class NoNormalisation:
    """Leaves grey values as they are."""

    def fit(self, intensity: Intensity) -> IntensityMap:  # noqa: ARG002 - every normalisation is asked the same way
        """The map that changes nothing."""
        return IntensityMap(-math.inf, math.inf, 0.0, 1.0)


def scale_between(low: float, high: float) -> IntensityMap:
    """The map of low … high to 0 … 1."""
    return IntensityMap(low, high, low, high - low + EPSILON)
