"""The steps a recipe's `decoding` list is made of.

The first step turns probabilities into a mask (or, for several classes, into labels); the others follow in the order
given. Components are 26-connected, cavities 6-connected; every size is counted in voxels, in three dimensions.
"""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Integer, Real
from pydantic import Field

from volumen.errors import ConfigError, ShapeError
from volumen.morphology import close_ball, fill_holes, keep_large, keep_marked, open_ball, separate_by_watershed

Probability = Real[np.ndarray, "*c z y x"]
Mask = Bool[np.ndarray, "z y x"]
Labels = Bool[np.ndarray, "z y x"] | Integer[np.ndarray, "z y x"]

Share = Annotated[float | int, Field(ge=0, le=1)]
Radius = Annotated[float | int, Field(ge=0)]
Voxels = Annotated[int, Field(ge=0)]


@runtime_checkable
class Step(Protocol):
    """What every step is: callable on an array of the kind it takes; one that takes labels takes masks too."""

    takes: ClassVar[Literal["probability", "mask", "labels"]]

    def __call__(self, array: Any, /) -> Labels:
        """The mask or labels after the step."""
        ...


@dataclass(frozen=True)
class Threshold:
    """A mask of all voxels whose probability is at least `value`."""

    takes: ClassVar = "probability"
    value: Share = 0.5

    def __call__(self, probability: Probability) -> Mask:
        """The mask."""
        mask: Mask = take_channel(probability, "threshold") >= self.value
        return mask


@dataclass(frozen=True)
class Hysteresis:
    """A mask of all voxels of at least `low` that hang together with one of at least `high`."""

    takes: ClassVar = "probability"
    low: Share = 0.3
    high: Share = 0.7

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ConfigError(f"hysteresis needs low ≤ high; got low {self.low} and high {self.high}")

    def __call__(self, probability: Probability) -> Mask:
        """The mask."""
        channel = take_channel(probability, "hysteresis")
        return keep_marked(channel >= self.low, channel >= self.high)


@dataclass(frozen=True)
class Argmax:
    """The most probable class of each voxel: a mask of class 1 when there are two, else labels 0 to n - 1."""

    takes: ClassVar = "probability"

    def __call__(self, probability: Probability) -> Labels:
        """The mask or labels; where classes tie the lower number wins."""
        if probability.ndim != 4 or len(probability) < 2:  # noqa: PLR2004 - c z y x, two classes
            raise ShapeError(f"argmax needs c z y x with two or more channels; got {probability.shape}; use threshold")
        classes = probability.argmax(axis=0)
        last = len(probability) - 1
        labels: Labels = classes == 1 if last == 1 else classes.astype(np.min_scalar_type(last))
        return labels


@dataclass(frozen=True)
class KeepLarge:
    """Drops components of fewer than `voxels` voxels; touching labels are components of their own."""

    takes: ClassVar = "labels"
    voxels: Voxels = 100

    def __call__(self, labels: Labels) -> Labels:
        """What is left."""
        return keep_large(labels, self.voxels)


@dataclass(frozen=True)
class FillHoles:
    """Fills cavities of fewer than `voxels` voxels; what is open to the border in 3D is no cavity."""

    takes: ClassVar = "mask"
    voxels: Voxels = 50

    def __call__(self, mask: Mask) -> Mask:
        """The mask, filled."""
        return fill_holes(mask, self.voxels)


@dataclass(frozen=True)
class Closing:
    """Fills gaps that no ball of `radius` voxels fits in."""

    takes: ClassVar = "mask"
    radius: Radius = 1

    def __call__(self, mask: Mask) -> Mask:
        """The mask, closed."""
        return close_ball(mask, self.radius)


@dataclass(frozen=True)
class Opening:
    """Deletes parts that no ball of `radius` voxels fits in; a radius of 1 deletes sheets of two voxels."""

    takes: ClassVar = "mask"
    radius: Radius = 1

    def __call__(self, mask: Mask) -> Mask:
        """The mask, opened."""
        return open_ball(mask, self.radius)


@dataclass(frozen=True)
class StripBorder:
    """Clears the outermost `voxels` voxels at each face; an axis of one voxel has none."""

    takes: ClassVar = "labels"
    voxels: Voxels = 3

    def __call__(self, labels: Labels) -> Labels:
        """What is left."""
        inside = tuple(
            slice(self.voxels, max(extent - self.voxels, 0)) if extent > 1 else slice(None) for extent in labels.shape
        )
        kept = np.zeros_like(labels)
        kept[inside] = labels[inside]
        return kept


@dataclass(frozen=True)
class SeparateInstances:
    """Labels 1 to n: components of the mask, cut where a neck is at least `depth` voxels lower than both peaks."""

    takes: ClassVar = "mask"
    depth: Radius = 1

    def __call__(self, mask: Mask) -> Labels:
        """The labels."""
        return separate_by_watershed(mask, depth=self.depth)


def take_channel(probability: Probability, step: str) -> Real[np.ndarray, "z y x"]:
    """The only channel of a prediction."""
    channel = probability[0] if probability.ndim == 4 and len(probability) == 1 else probability  # noqa: PLR2004 - c z y x
    if channel.ndim != 3:  # noqa: PLR2004 - z y x
        raise ShapeError(f"{step} needs z y x or a single channel; got {channel.shape}; for classes use argmax")
    return channel
