"""First steps that give a mask, or a class for every voxel."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from volumen.decoding.head_maps import Role, refuse_other_target, refuse_probability
from volumen.decoding.step import Labels, Maps, Mask, Share
from volumen.errors import ConfigError, ShapeError
from volumen.morphology import keep_marked


@dataclass(frozen=True)
class Threshold:
    """A mask of all voxels whose probability is at least `value`.

    Args:
        value: the least probability.
        head: which head; the first that gives probabilities when not said.
    """

    takes: ClassVar = "heads"
    roles: ClassVar = (Role("head", refuse_probability),)

    value: Share = 0.5
    head: str | None = None

    def __call__(self, maps: Maps) -> Mask:
        """The mask."""
        mask: Mask = maps["head"].take_channel("threshold") >= self.value
        return mask


@dataclass(frozen=True)
class Hysteresis:
    """A mask of all voxels of at least `low` that hang together with one of at least `high`.

    Args:
        low: probability of voxels that may be foreground.
        high: probability of voxels that are.
        head: which head; the first that gives probabilities when not said.
    """

    takes: ClassVar = "heads"
    roles: ClassVar = (Role("head", refuse_probability),)

    low: Share = 0.3
    high: Share = 0.7
    head: str | None = None

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ConfigError(f"hysteresis needs low ≤ high; got low {self.low} and high {self.high}")

    def __call__(self, maps: Maps) -> Mask:
        """The mask."""
        channel = maps["head"].take_channel("hysteresis")
        return keep_marked(channel >= self.low, channel >= self.high)


@dataclass(frozen=True)
class Argmax:
    """The most probable class of each voxel: a mask of class 1 when there are two, else labels 0 to n - 1.

    Args:
        head: which head; the first that gives probabilities when not said.
    """

    takes: ClassVar = "heads"
    roles: ClassVar = (Role("head", refuse_probability),)

    head: str | None = None

    def __call__(self, maps: Maps) -> Labels:
        """The mask or labels; where classes tie the lower number wins."""
        values = maps["head"].values
        if len(values) < 2:  # noqa: PLR2004 - two classes
            raise ShapeError(f"argmax needs c z y x with two or more channels; got {values.shape}; use threshold")
        classes = values.argmax(axis=0)
        last = len(values) - 1
        labels: Labels = classes == 1 if last == 1 else classes.astype(np.min_scalar_type(last))
        return labels


@dataclass(frozen=True)
class DistanceMask:
    """A mask from distances: what lies farther inside an object than `level`, in the units of the head.

    Args:
        level: how far inside; below 0 grows objects, for signed distances only.
        head: which head; the first that gives distances when not said.
    """

    takes: ClassVar = "heads"
    roles: ClassVar = (Role("head", refuse_other_target("distance")),)

    level: float | int = 0
    head: str | None = None

    def __call__(self, maps: Maps) -> Mask:
        """The mask."""
        found = maps["head"]
        channel, lengths = found.take_channel("distance_mask"), found.spec.lengths
        if lengths is None or lengths.side is None:
            raise ConfigError(f"head {found.spec.name!r} does not say on which side of the border its distances are")
        scale = lengths.scale or 1.0
        if lengths.side == "outside":  # 0 in objects, and at least a whole edge beside them
            return channel < (found.measure_finest_edge(lengths.unit) / 2 - self.level) / scale
        return (channel if lengths.side == "inside" else -channel) > self.level / scale
