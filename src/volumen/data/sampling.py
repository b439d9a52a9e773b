"""Where in a case a patch is cut: every offset can be drawn, the last reachable one included."""

import abc
from dataclasses import dataclass

import numpy as np

from volumen.data.views import CaseView
from volumen.errors import ConfigError
from volumen.geometry import Box, Shape, to_shape


@dataclass(frozen=True)
class Drawn:
    """Where a patch lies, and what a user should be told about it (once, by whoever drives the loader)."""

    box: Box
    notice: str | None = None


class Sampling(abc.ABC):
    """A way to choose patches."""

    @abc.abstractmethod
    def draw(self, view: CaseView, rng: np.random.Generator) -> Drawn:
        """A box of the view's patch; it starts inside the case and passes the end of a smaller one."""


@dataclass(frozen=True)
class UniformSampling(Sampling):
    """Every offset equally likely."""

    def draw(self, view: CaseView, rng: np.random.Generator) -> Drawn:
        """A box anywhere."""
        return Drawn(draw_box(view.shape, view.patch, rng))


@dataclass(frozen=True)
class BalancedSampling(Sampling):
    """Tries for a patch whose share of foreground is within a range; takes the nearest of its tries.

    The share is of the voxels somebody labelled: ignored ones and padding count on neither side.

    Args:
        low: smallest share of foreground that is accepted at once.
        high: largest.
        tries: patches looked at before the nearest is taken.
    """

    low: float = 0.3
    high: float = 0.7
    tries: int = 10

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high <= 1:
            raise ConfigError(f"balanced sampling needs 0 ≤ low ≤ high ≤ 1; got {self.low} and {self.high}")
        if self.tries < 1:
            raise ConfigError(f"balanced sampling needs at least one try; got {self.tries}")

    def draw(self, view: CaseView, rng: np.random.Generator) -> Drawn:
        """The first box within the range, else the nearest, with a notice."""
        best, nearest = Box.at((0, 0, 0), view.patch), np.inf
        for attempt in range(self.tries):
            box = draw_box(view.shape, view.patch, rng)
            miss = self._measure_miss(view.measure_foreground(box))
            if miss == 0:
                return Drawn(box)
            if miss < nearest or attempt == 0:
                best, nearest = box, miss
        return Drawn(best, self._say_unreached(view.measure_foreground(best)))

    def _measure_miss(self, share: float | None) -> float:
        """How far a share is outside the range; infinite for a patch nobody labelled."""
        return np.inf if share is None else max(self.low - share, share - self.high, 0.0)

    def _say_unreached(self, share: float | None) -> str:
        found = "no labelled voxel" if share is None else f"{share:.2f}"
        return (
            f"no patch of {self.tries} tries had a foreground share of {self.low:g} to {self.high:g}; the nearest "
            f"({found}) was taken, and so it goes on: set data.sampling.low and high within reach, or sample uniformly"
        )


def draw_box(shape: Shape, patch: Shape, rng: np.random.Generator) -> Box:
    """A box of `patch` voxels, each start equally likely, the last reachable one included."""
    starts = [
        int(rng.integers(max(extent - edge, 0), endpoint=True)) for extent, edge in zip(shape, patch, strict=True)
    ]
    return Box.at(to_shape(starts), patch)
