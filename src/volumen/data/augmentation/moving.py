"""Zoom, free rotation and sections that slipped: what moves whole volumes or whole slices."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, cast, final

import numpy as np
import torch
from jaxtyping import Float
from pydantic import BeforeValidator
from torch import Tensor

from volumen.data.augmentation.resampling import Places
from volumen.data.augmentation.transform import Chance, check_probability
from volumen.data.augmentation.warp import UNTURNED, Matrix, Moves, Step, Warp
from volumen.errors import ConfigError
from volumen.geometry import Shape

Three = tuple[float, float, float]
HALF_TURN = 180.0


def _check_each(given: object) -> object:
    """What may stand for the three axes: one number, or three."""
    several = given if isinstance(given, list | tuple) else [given] * 3
    if len(several) != 3 or not all(isinstance(number, int | float) for number in several):  # noqa: PLR2004 - z, y, x
        raise ValueError("give one number, or three for z, y and x")
    return given


Each = Annotated[float | Sequence[float], BeforeValidator(_check_each)]


@final
@dataclass(frozen=True)
class LinearStep(Step):
    """Everything turned or stretched about the patch's middle.

    Args:
        rows: of the matrix from a place after to the place before.
    """

    rows: Matrix

    def find_matrix(self) -> Matrix:
        """Directions turn and stretch like places."""
        return self.rows

    def trace(self, places: Places) -> Places:
        """Where what lies at these places was before."""
        z, y, x = (_combine(row, places) for row in self.rows)
        return z, y, x


@dataclass(frozen=True)
class Scale(Warp):
    """Enlarges or shrinks, every axis by a factor of its own.

    Args:
        low: the smallest factor, below 1 to shrink what is seen; one number, or one each for z, y and x.
        high: the largest.
        together: whether all axes lie equally far between their two ends, so that proportions stay where ranges agree.
        p: how often.
    """

    low: Each = 0.85
    high: Each = 1.2
    together: bool = False
    p: Chance = 0.3

    def __post_init__(self) -> None:
        check_probability(self.p)
        low, high = spread(self.low), spread(self.high)
        if not all(0 < least <= most for least, most in zip(low, high, strict=True)):
            raise ConfigError(f"scale needs 0 < low ≤ high on every axis; got {self.low} and {self.high}")

    def draw(self, rng: np.random.Generator, shape: Shape) -> Moves:
        """The three factors for one sample; an axis of one voxel keeps its size."""
        if rng.random() >= self.p:
            return Moves(shape)
        between = rng.random() if self.together else rng.random(3)
        low, high = np.array(spread(self.low)), np.array(spread(self.high))
        factors = np.where(np.array(shape) > 1, low + between * (high - low), 1.0)
        return Moves(shape, (LinearStep(to_matrix(np.diag(1 / factors))),))


@dataclass(frozen=True)
class Rotate(Warp):
    """Turns by any angle. Angles are those of voxels: where these are no cubes, turn about z alone.

    Args:
        degrees: how far at most, to either side, about each axis; one number, or one each for z, y and x.
        p: how often.
    """

    degrees: Each = 30.0
    p: Chance = 0.3

    def __post_init__(self) -> None:
        check_probability(self.p)
        if not all(0 <= angle <= HALF_TURN for angle in spread(self.degrees)):
            raise ConfigError(f"rotate needs degrees from 0 to {HALF_TURN:g}; got {self.degrees}")

    def draw(self, rng: np.random.Generator, shape: Shape) -> Moves:
        """The turn of one sample; nothing turns out of a plane of one voxel."""
        if rng.random() >= self.p:
            return Moves(shape)
        angles = np.radians(rng.uniform(-1, 1, 3) * spread(self.degrees))
        matrix = np.eye(3)
        for axis, angle in enumerate(angles):
            plane = [other for other in range(3) if other != axis]
            if angle and all(shape[other] > 1 for other in plane):
                turn = np.eye(3)
                turn[np.ix_(plane, plane)] = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
                matrix = matrix @ turn
        steps = () if np.array_equal(matrix, np.eye(3)) else (LinearStep(to_matrix(matrix)),)
        return Moves(shape, steps)


@final
@dataclass(frozen=True)
class SlipStep(Step):
    """Sections moved within their plane.

    Args:
        shifts: voxels along y and x, for each section of the patch; those outside stay where they are.
    """

    shifts: tuple[tuple[int, int], ...]

    def find_matrix(self) -> Matrix:
        """Directions stay as they are."""
        return UNTURNED

    def trace(self, places: Places) -> Places:
        """Where what lies at these places was before: the section nearest to a place says."""
        z, y, x = places
        table = torch.tensor([(0, 0), *self.shifts, (0, 0)], device=z.device, dtype=z.dtype)
        section = (z + (len(self.shifts) + 1) / 2).round().long().clamp(0, len(table) - 1)
        down, right = table[section].unbind(-1)
        return z, y - down, x - right


@dataclass(frozen=True)
class SliceJitter(Warp):
    """Shifts single sections within their plane by whole voxels, as if they had been badly aligned.

    Args:
        most: voxels that a section moves at most, along y and along x.
        share: how many of the sections move.
        p: how often.
    """

    most: int = 2
    share: Chance = 0.2
    p: Chance = 0.2

    def __post_init__(self) -> None:
        check_probability(self.p)
        if self.most < 0 or not 0 <= self.share <= 1:
            raise ConfigError(f"slice_jitter needs most ≥ 0 and a share of 0 to 1; got {self.most} and {self.share}")

    def draw(self, rng: np.random.Generator, shape: Shape) -> Moves:
        """The shift of every section of one sample; a lone section has nothing to be aligned with."""
        if rng.random() >= self.p or shape[0] == 1:
            return Moves(shape)
        moved = rng.random(shape[0]) < self.share
        shifts = rng.integers(-self.most, self.most, size=(shape[0], 2), endpoint=True) * moved[:, None]
        steps = (SlipStep(tuple((int(y), int(x)) for y, x in shifts)),) if shifts.any() else ()
        return Moves(shape, steps)


def spread(value: Each) -> Three:
    """One number for each axis."""
    z, y, x = value if isinstance(value, Sequence) else (value,) * 3
    return z, y, x


def to_matrix(array: Float[np.ndarray, "3 3"]) -> Matrix:
    """The same numbers as plain tuples, which compare."""
    return cast("Matrix", tuple(tuple(map(float, row)) for row in array))


def _combine(row: Three, places: Places) -> Float[Tensor, "#pz #py #px"]:
    """The weighted sum of coordinates; those that weigh nothing do not widen it."""
    terms = [place if weight == 1 else place * weight for weight, place in zip(row, places, strict=True) if weight]
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total
