"""Surface Dice at a tolerance: how much of two surfaces lies close to the other."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from jaxtyping import Bool

from volumen.errors import ConfigError
from volumen.geometry import VoxelSize
from volumen.metrics.sources import Ignore, Source, read_masks
from volumen.metrics.surfels import CODES, encode_corners, find_surface, measure_surfels
from volumen.morphology import find_near, list_steps

if TYPE_CHECKING:
    from volumen.metrics.surfel_kernels import Census

Mask = Bool[np.ndarray, "z y x"]
Cut = Bool[np.ndarray, "bz by bx"]

# Points of a ball beyond which a distance transform is cheaper than to look at each.
MOST_STEPS = 1000


@dataclass(frozen=True)
class SurfaceDiceScore:
    """Share of both surfaces that lies within the tolerance of the other; 1 is best."""

    surface_dice: float


def score_surface_dice(
    prediction: Source,
    truth: Source,
    *,
    tolerance: float | int = 2.0,
    unit: Literal["voxels", "nm"] = "voxels",
    voxel_size: VoxelSize | None = None,
    ignore: Ignore = None,
) -> SurfaceDiceScore:
    """Surface Dice (Nikolov 2021): area within the tolerance of the other surface, over the area of both surfaces.

    (A_P[d ≤ tolerance] + A_T[d ≤ tolerance]) / (A_P + A_T). A surface is made of elements, one at each point where
    eight voxels meet that are not all alike; its area is that of the marching-cubes triangles there, its distance the
    Euclidean one from its point to the nearest such point of the other surface. This is what DeepMind's
    surface-distance computes. Foreground is every label but 0; beyond the faces of the volume, and where ignored, both
    are background. 1 when both are empty, 0 when one is. Holds both masks: about 10 bytes a voxel, 20 where the
    tolerance is more than four voxels.

    Args:
        prediction: labels, as an array or a volume.
        truth: labels of the same shape.
        tolerance: the greatest distance that counts as close.
        unit: of the tolerance; in nm distances and areas follow the voxel size.
        voxel_size: needed for nm.
        ignore: a value of the truth, or a mask that is not 0 where nothing counts.
    """
    if unit == "nm" and voxel_size is None:
        raise ConfigError("surface_dice in nm needs the voxel size, which is not known; give it or use unit: voxels")
    spacing = tuple(voxel_size) if voxel_size and unit == "nm" else (1.0, 1.0, 1.0)
    predicted, true, _ = read_masks(prediction, truth, ignore)
    return SurfaceDiceScore(compare_surfaces(predicted, true, tolerance=tolerance, spacing=spacing))


def compare_surfaces(
    predicted: Mask, true: Mask, *, tolerance: float | int = 2.0, spacing: Sequence[float | int] = (1.0, 1.0, 1.0)
) -> float:
    """Surface Dice of two masks in memory; 1 when both are empty.

    Args:
        predicted: one mask.
        true: the other.
        tolerance: the greatest distance that counts as close, in the unit of `spacing`.
        spacing: edges of a voxel, z first.
    """
    areas = measure_surfels(spacing)
    surfaces = [
        (areas @ one.close, areas @ one.all) for one in _count_codes(*_crop(predicted, true), tolerance, spacing)
    ]
    close, total = np.sum(surfaces, axis=0)
    return float(close / total) if total else 1.0


def _crop(one: Mask, other: Mask) -> tuple[Cut, Cut]:
    """Both cut to the box that holds all foreground."""
    either = one | other
    box = []
    for axis in range(either.ndim):
        held = np.flatnonzero(either.any(axis=tuple(set(range(either.ndim)) - {axis})))
        box.append(slice(held[0], held[-1] + 1) if len(held) else slice(0, 0))
    return one[tuple(box)], other[tuple(box)]


def _count_codes(
    predicted: Cut, true: Cut, tolerance: float | int, spacing: Sequence[float | int]
) -> "tuple[Census, Census]":
    """How many surface elements of each kind each mask has, and how many close to the other's."""
    reach = math.prod(2 * tolerance / edge + 1 for edge in spacing)
    if reach > MOST_STEPS:
        return _count_by_distance(predicted, true, tolerance, spacing)
    from volumen.metrics.surfel_kernels import Census, take_census

    steps = list_steps(tolerance, spacing)
    codes = [encode_corners(mask, int(steps.max())) for mask in (predicted, true)]
    jumps = steps @ np.array(codes[0].strides)
    one, other = (code.reshape(-1) for code in codes)
    of_one, of_other = (Census(*np.zeros((2, CODES), np.int64)) for _ in codes)
    take_census(one, other, jumps, of_one)
    take_census(other, one, jumps, of_other)
    return of_one, of_other


def _count_by_distance(
    predicted: Cut, true: Cut, tolerance: float | int, spacing: Sequence[float | int]
) -> "tuple[Census, Census]":
    """The same from distance transforms: what a ball of many points costs does not matter."""
    from volumen.metrics.surfel_kernels import Census

    codes = [encode_corners(mask) for mask in (predicted, true)]
    surfaces = [find_surface(code) for code in codes]
    close = [
        find_near(other, tolerance, spacing) & surface
        for surface, other in zip(surfaces, reversed(surfaces), strict=True)
    ]
    one, other = (
        Census(*(np.bincount(code[chosen], minlength=CODES) for chosen in (surface, near)))
        for code, surface, near in zip(codes, surfaces, close, strict=True)
    )
    return one, other
