"""Elastic deformation: a lattice of control points pulled about, space between them bent smoothly."""

import math
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from volumen.data.augmentation.moving import Each, Three, spread
from volumen.data.augmentation.resampling import (
    AXES,
    Places,
    is_straight,
    lay_grid,
    sample_space,
)
from volumen.data.augmentation.transform import Chance, check_probability
from volumen.data.augmentation.warp import UNTURNED, Matrix, Moves, Step, Warp
from volumen.errors import ConfigError
from volumen.geometry import Shape, to_shape

# Up to this share of their spacing, control points of a cubic B-spline never fold space (Choi and Lee 2000: 1 / 2.48).
UNFOLDED = 0.403

# Points between control points at which places off the grid look up how far they are pulled.
FINENESS = 8


@final
@dataclass(frozen=True)
class BendStep(Step):
    """Space bent by a cubic B-spline; past the patch's faces it is carried along as at the face.

    Args:
        patch: what the lattice covers.
        spacing: voxels between control points.
        most: how far they are pulled along each axis.
        seed: of their pulls.
    """

    patch: Shape
    spacing: Three
    most: Three
    seed: int

    def find_matrix(self) -> Matrix:
        """Directions are carried as they are: bends are slight."""
        return UNTURNED

    def trace(self, places: Places) -> Places:
        """Where what lies at these places was before."""
        straight = all(is_straight(place, axis) for axis, place in enumerate(places))
        pulls = self._bend(places) if straight else self._look_up(places)
        z, y, x = (place + pull if far else place for place, pull, far in zip(places, pulls, self.most, strict=True))
        return z, y, x

    def _bend(self, places: Places) -> Float[Tensor, "3 pz py px"]:
        """The pull at each voxel of a straight grid, along one axis of the lattice after the other."""
        z, y, x = (self._weigh(place.flatten(), axis) for axis, place in enumerate(places))
        rng = np.random.default_rng(self.seed)
        points = rng.uniform(-1, 1, (AXES, z.shape[1], y.shape[1], x.shape[1])) * np.reshape(self.most, (3, 1, 1, 1))
        along_x = torch.from_numpy(points).to(x) @ x.T
        along_y = y @ along_x
        return (z @ along_y.flatten(2)).view(AXES, len(z), len(y), len(x))

    def _look_up(self, places: Places) -> Float[Tensor, "3 pz py px"]:
        """The pull at any places, linearly from a grid so fine that it is off by hundredths of a voxel."""
        halves = [(extent - 1) / 2 for extent in self.patch]
        pairs = list(zip(halves, self.spacing, strict=True))
        fine = to_shape([math.ceil(2 * half / gap * FINENESS) + 1 for half, gap in pairs])
        steps = [2 * half / max(count - 1, 1) or 1.0 for half, count in zip(halves, fine, strict=True)]
        z, y, x = (place * step for place, step in zip(lay_grid(fine, places[0].device), steps, strict=True))
        inside = zip(places, halves, steps, strict=True)
        return sample_space(self._bend((z, y, x)), [place.clamp(-half, half) / step for place, half, step in inside])

    def _weigh(self, place: Float[Tensor, " n"], axis: int) -> Float[Tensor, "n k"]:
        """How much each control point along an axis counts at each coordinate."""
        half = (self.patch[axis] - 1) / 2
        reach = math.floor(half / self.spacing[axis]) + 2
        points = torch.arange(-reach, reach + 1, device=place.device)
        return weigh_spline(place.clamp(-half, half)[:, None] / self.spacing[axis] - points)


@dataclass(frozen=True)
class Elastic(Warp):
    """Bends space smoothly and never folds it.

    Args:
        most: voxels that a control point is pulled at most; one number, or one each for z, y and x (0 for axes along
            which nothing moves, as of thick sections).
        spacing: voxels between control points, likewise.
        p: how often.
    """

    most: Each = 6.0
    spacing: Each = 32.0
    p: Chance = 0.3

    def __post_init__(self) -> None:
        check_probability(self.p)
        pairs = zip(spread(self.most), spread(self.spacing), strict=True)
        if not all(0 <= most <= UNFOLDED * spacing for most, spacing in pairs):
            raise ConfigError(
                f"elastic needs 0 ≤ most ≤ {UNFOLDED} of the spacing, so that nothing folds; "
                f"got most {self.most} at spacing {self.spacing}"
            )

    def draw(self, rng: np.random.Generator, shape: Shape) -> Moves:
        """The pulls of one sample; nothing moves along an axis of one voxel."""
        if rng.random() >= self.p:
            return Moves(shape)
        z, y, x = (far if extent > 1 else 0.0 for far, extent in zip(spread(self.most), shape, strict=True))
        step = BendStep(shape, spread(self.spacing), (z, y, x), int(rng.integers(2**63)))
        return Moves(shape, (step,) if any(step.most) else ())


def weigh_spline(distance: Float[Tensor, "n k"]) -> Float[Tensor, "n k"]:
    """The cubic B-spline at these distances: 2/3 in the middle, 0 from 2 on."""
    far = distance.abs()
    near = 2 / 3 - far**2 + far**3 / 2
    return torch.where(far < 1, near, (2 - far).clamp_(min=0) ** 3 / 6)
