"""Surface Dice at a tolerance: how much of two surfaces lies close to the other."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool

from volumen.errors import ConfigError
from volumen.geometry import VoxelSize
from volumen.metrics.sources import Ignore, Source, read_masks
from volumen.metrics.surfels import encode_corners, find_surface, measure_surfels
from volumen.morphology import find_near

Mask = Bool[np.ndarray, "z y x"]
Cut = Bool[np.ndarray, "bz by bx"]


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
    are background. 1 when both are empty, 0 when one is. Holds both masks: about 15 bytes a voxel.

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
    (near_predicted, all_predicted), (near_true, all_true) = _measure_close(
        *_crop(predicted, true), tolerance=tolerance, spacing=spacing
    )
    total = all_predicted + all_true
    return SurfaceDiceScore((near_predicted + near_true) / total if total else 1.0)


def _crop(one: Mask, other: Mask) -> tuple[Cut, Cut]:
    """Both cut to the box that holds all foreground."""
    either = one | other
    box = []
    for axis in range(either.ndim):
        held = np.flatnonzero(either.any(axis=tuple(set(range(either.ndim)) - {axis})))
        box.append(slice(held[0], held[-1] + 1) if len(held) else slice(0, 0))
    return one[tuple(box)], other[tuple(box)]


def _measure_close(
    predicted: Cut, true: Cut, *, tolerance: float | int, spacing: tuple[float, ...]
) -> list[tuple[float, float]]:
    """Area of each surface close to the other, and in all."""
    areas = measure_surfels(spacing)
    codes = [encode_corners(mask) for mask in (predicted, true)]
    surfaces = [find_surface(code) for code in codes]
    measured = []
    for code, surface, other in zip(codes, surfaces, reversed(surfaces), strict=True):
        close = find_near(other, tolerance, spacing) & surface
        measured.append((float(areas[code[close]].sum()), float(areas[code[surface]].sum())))
    return measured
