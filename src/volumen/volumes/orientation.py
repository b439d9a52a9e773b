"""How stored axes lie in the world, from the directions a header gives them."""

import itertools
import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from volumen.errors import FormatError
from volumen.geometry import Shape
from volumen.volumes.placement import Placement, parse_offset, parse_voxel_size

_WORLD = "xyz"


@dataclass(frozen=True)
class Orientation:
    """The world axis nearest to each of three stored axes.

    Args:
        letters: x, y and z in stored order.
        flipped: those that run backwards.
        steps: edges of a voxel along the stored axes, in the header's unit.
        first: where the first voxel is after turning all axes forwards, as x, y, z in the header's unit.
        tilt: degrees between a stored axis and its world axis, at most.
    """

    letters: str
    flipped: str
    steps: tuple[float, float, float]
    first: tuple[float, float, float]
    tilt: float

    def place(self, unit: float | None) -> Placement:
        """Voxel size and offset, given the nanometres of a unit."""
        if unit is None:
            return None, None
        size = [self.steps[self.letters.index(axis)] * unit for axis in "zyx"]
        return parse_voxel_size(size), parse_offset([self.first[_WORLD.index(axis)] * unit for axis in "zyx"])

    def describe(self) -> tuple[str, ...]:
        """What a reader should know; nothing when the axes are x y z and run forwards."""
        notes = []
        if self.letters != _WORLD or self.flipped:
            turned = f", {' and '.join(self.flipped)} turned about" if self.flipped else ""
            notes.append(f"axes are stored {' '.join(self.letters)}{turned}; ?axes=xyz reads them as stored")
        if self.tilt > 1:
            notes.append(f"its axes are tilted by {self.tilt:.0f}° against the world's; the voxels are not resampled")
        return tuple(notes)


def orient_axes(
    directions: Float64[np.ndarray, "3 3"], origin: Float64[np.ndarray, " 3"], shape: Shape, spec: str
) -> Orientation:
    """The orientation of an array.

    Args:
        directions: the step along each stored axis as a column of x, y, z.
        origin: where the first stored voxel is.
        shape: extents of the stored axes.
        spec: what errors call the volume.
    """
    steps = np.linalg.norm(directions, axis=0)
    if not (np.isfinite(directions).all() and np.isfinite(origin).all() and steps.all()):
        raise FormatError(f"{spec}: the directions of its axes are damaged; ?axes=xyz reads it as it is stored")
    cosines = directions / steps
    order = max(itertools.permutations(range(3)), key=lambda rows: sum(abs(cosines[rows[n], n]) for n in range(3)))
    backwards = [cosines[row, column] < 0 for column, row in enumerate(order)]
    corner = np.array([extent - 1 if back else 0 for extent, back in zip(shape, backwards, strict=True)])
    first = origin + directions @ corner
    tilt = max(math.degrees(math.acos(min(1.0, abs(cosines[row, column])))) for column, row in enumerate(order))
    letters = "".join(_WORLD[row] for row in order)
    flipped = "".join(sorted(letter for letter, back in zip(letters, backwards, strict=True) if back))
    a, b, c = steps.tolist()
    x, y, z = first.tolist()
    return Orientation(letters, flipped, (a, b, c), (x, y, z), tilt)
