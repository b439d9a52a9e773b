"""Flips and quarter turns: they move voxels and leave values alone, so labels stay exact."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch
from jaxtyping import Shaped
from torch import Tensor

from volumen.data.augmentation.transform import Chance, Kind, Transform, change_each, check_probability
from volumen.geometry import Shape

AXES = 3


@dataclass(frozen=True)
class FlipParams:
    """The axis to mirror (0 is z), or None."""

    axis: int | None


@dataclass(frozen=True)
class Flip(Transform[FlipParams]):
    """Mirrors one random axis of those longer than a voxel.

    Args:
        p: how often.
    """

    p: Chance = 0.5

    def __post_init__(self) -> None:
        check_probability(self.p)

    def draw(self, rng: np.random.Generator, shape: Shape) -> FlipParams:
        """The axis for one sample."""
        axes = [axis for axis, extent in enumerate(shape) if extent > 1]
        if rng.random() >= self.p or not axes:
            return FlipParams(None)
        return FlipParams(axes[rng.integers(len(axes))])

    def apply(
        self, tensor: Shaped[Tensor, "b *c z y x"], params: Sequence[FlipParams], kind: Kind
    ) -> Shaped[Tensor, "b *c z y x"]:
        """The mirrored batch; a vector's component along the axis changes its sign."""
        return change_each(tensor, params, lambda sample, drawn: _flip(sample, drawn, kind))


def _flip(sample: Tensor, drawn: FlipParams, kind: Kind) -> Tensor:
    if drawn.axis is None:
        return sample
    flipped = sample.flip(drawn.axis - AXES)
    if kind == "vectors":
        flipped[:, drawn.axis].neg_()
    return flipped


@dataclass(frozen=True)
class Rotate90Params:
    """The two axes of the plane and the quarter turns in it, from the first axis towards the second."""

    plane: tuple[int, int] | None
    turns: int = 0


@dataclass(frozen=True)
class Rotate90(Transform[Rotate90Params]):
    """Turns by 90, 180 or 270 degrees in a random plane whose two axes are equally long.

    A patch of unequal sides keeps its shape: `[32, 128, 128]`, as of thick slices, turns only within the slice.

    Args:
        p: how often.
    """

    p: Chance = 0.5

    def __post_init__(self) -> None:
        check_probability(self.p)

    def draw(self, rng: np.random.Generator, shape: Shape) -> Rotate90Params:
        """The plane and turns for one sample."""
        planes = [pair for pair in combinations(range(AXES), 2) if shape[pair[0]] == shape[pair[1]]]
        if rng.random() >= self.p or not planes:
            return Rotate90Params(None)
        return Rotate90Params(planes[rng.integers(len(planes))], int(rng.integers(1, 4)))

    def apply(
        self, tensor: Shaped[Tensor, "b *c z y x"], params: Sequence[Rotate90Params], kind: Kind
    ) -> Shaped[Tensor, "b *c z y x"]:
        """The turned batch; vectors turn with it."""
        return change_each(tensor, params, lambda sample, drawn: _rotate(sample, drawn, kind))


def _rotate(sample: Tensor, drawn: Rotate90Params, kind: Kind) -> Tensor:
    if drawn.plane is None:
        return sample
    first, second = drawn.plane
    rotated = torch.rot90(sample, drawn.turns, dims=(first - AXES, second - AXES))
    if kind != "vectors":
        return rotated
    components = list(rotated.unbind(1))
    for _ in range(drawn.turns):  # a quarter turn mirrors the second axis, then swaps the two
        components[first], components[second] = -components[second], components[first]
    return torch.stack(components, 1)
