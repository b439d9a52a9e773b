"""Synthetic surface volumes: layers along an unrolled papyrus sheet, and the writing that its surface carries."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8

from volumen.data.phantoms.noise import (
    TEXTURE_EDGE,
    draw_field,
    draw_speckle,
    draw_texture,
    find_highest,
    parse_size,
    ramp,
)
from volumen.data.phantoms.scroll import scan_density
from volumen.geometry import Shape

LAYERS = 65  # as the surface volumes of the ink data have
# Lengths in voxels.
SURFACE = 27.0  # mean layer of the written face; the sheet lies in the layers after it
UNEVEN = 2.0  # how far flattening misses it
PLY = 7.0
THICKNESS = 15.0
INK_DEPTH = 3.5  # how deep ink sits
INK_DENSITY = 0.5  # of sheet density 0.6
FLAKED = 0.12  # share of the ink that fell off
LETTER = 34
STROKE = (2.4, 3.4)  # half widths


@dataclass(frozen=True)
class InkPhantom:
    """A surface volume, its ink (0 or 1) and its mask (1 on papyrus), both of one slice."""

    image: UInt8[np.ndarray, "z y x"]
    ink: UInt8[np.ndarray, "1 y x"]
    mask: UInt8[np.ndarray, "1 y x"]


def make_ink(size: int | tuple[int, int], seed: int) -> InkPhantom:
    """A synthetic surface volume of 65 layers with exact ink; the same seed gives the same bytes.

    Args:
        size: voxels along y and x.
        seed: of everything random.
    """
    height, width = (size, size) if isinstance(size, int) else size
    shape = parse_size((LAYERS, height, width))
    rng = np.random.default_rng(seed)
    sheet = cut_outline(rng, shape)
    ink = write_letters(rng, shape) & sheet
    depth = _measure_depth(rng, shape)
    density = weigh_papyrus(rng, depth, sheet)
    _add_ink(rng, density, depth, ink=ink)
    return InkPhantom(scan_density(rng, density), ink[None].astype(np.uint8), sheet[None].astype(np.uint8))


def cut_outline(rng: np.random.Generator, shape: Shape) -> Bool[np.ndarray, "y x"]:
    """Where there is papyrus: all but a ragged border."""
    y, x = (np.minimum(np.arange(edge), np.arange(edge)[::-1]) for edge in shape[1:])
    inward = np.minimum(y[:, None], x[None])
    return np.asarray(inward + 3 * draw_field(rng, (1, *shape[1:]), grain=(1.0, 14.0, 14.0))[0] > 4)  # noqa: PLR2004


def write_letters(rng: np.random.Generator, shape: Shape) -> Bool[np.ndarray, "y x"]:
    """Lines of letters, each some curved strokes; here and there one is missing."""
    from scipy.ndimage import distance_transform_edt

    pen = np.zeros(shape[1:], bool)
    for corner_y in range(0, shape[1], LETTER + 10):
        for corner_x in range(0, shape[2], LETTER):
            if rng.random() < 0.75:  # noqa: PLR2004 - three places in four are written on
                corner = np.array([corner_y, corner_x]) + rng.uniform(3, 8, 2)
                for stroke in _draw_letter(rng):
                    _trace(pen, corner + stroke)
    if not pen.any():
        return pen
    width = np.float32(np.mean(STROKE)) + 0.35 * draw_field(rng, (1, *shape[1:]), grain=(1.0, 12.0, 12.0))[0]
    return np.asarray(distance_transform_edt(~pen) < np.clip(width, *STROKE))


def weigh_papyrus(
    rng: np.random.Generator, depth: Float32[np.ndarray, "z y x"], sheet: Bool[np.ndarray, "y x"]
) -> Float32[np.ndarray, "z y x"]:
    """Density from 0 (air) to about 1: a ply with fibres along x over one with fibres along y, pores and crumbs."""
    shape = (depth.shape[0], depth.shape[1], depth.shape[2])
    over = 0.6 + 0.10 * draw_speckle(rng, shape, blur=(1.2, 1.0, 12.0))
    under = 0.55 + 0.10 * draw_speckle(rng, shape, blur=(1.2, 12.0, 1.0))
    density = np.full(shape, 0.08, np.float32)
    density[find_highest(draw_field(rng, shape, grain=4.0), share=0.03)] = 0.45
    covered = ramp(depth, softness=1.0) * ramp(THICKNESS - depth, softness=2.0) * sheet
    papyrus = np.where(depth < PLY, over, under)
    papyrus[find_highest(draw_speckle(rng, shape, blur=1.2), share=0.012)] *= np.float32(0.4)
    return np.asarray(density + (papyrus - density) * covered, np.float32)


def _add_ink(
    rng: np.random.Generator,
    density: Float32[np.ndarray, "z y x"],
    depth: Float32[np.ndarray, "z y x"],
    *,
    ink: Bool[np.ndarray, "y x"],
) -> None:
    """Make the topmost papyrus under ink a little denser and its fibres fainter, where it has not flaked off."""
    flat = (1, *ink.shape)
    kept = ~find_highest(draw_speckle(rng, flat, blur=(0.0, 1.5, 1.5))[0], share=FLAKED)
    strength = np.clip(1 + 0.25 * draw_field(rng, flat, grain=(1.0, 30.0, 30.0))[0], 0.4, 1.6) * (ink & kept)
    soaked = ramp(depth, softness=1.0) * ramp(INK_DEPTH - depth, softness=1.5) * strength.astype(np.float32)
    smooth = 0.6 + 0.6 * (density - 0.6)
    density += soaked * (smooth + np.float32(INK_DENSITY) - density)


def _measure_depth(rng: np.random.Generator, shape: Shape) -> Float32[np.ndarray, "z y x"]:
    """Voxels below the written face, which flattening has left uneven."""
    flat = (1, *shape[1:])
    face = SURFACE + UNEVEN * draw_field(rng, flat, grain=(1.0, 40.0, 40.0))
    face += 0.6 * draw_texture(rng, grain=(1.0, 12.0))[np.ix_(*(np.arange(edge) % TEXTURE_EDGE for edge in shape[1:]))]
    return np.asarray(np.arange(shape[0], dtype=np.float32)[:, None, None] - face, np.float32)


def _draw_letter(rng: np.random.Generator) -> Iterator[Float[np.ndarray, "points 2"]]:
    """Curves between the places of a 3 × 3 grid, within a letter's box."""
    step = (LETTER - 12) / 2
    part = np.linspace(0, 1, 3 * LETTER)[:, None]
    for _ in range(int(rng.integers(2, 5))):
        start, end = rng.choice(9, 2, replace=False)
        begin, finish = (step * np.array(divmod(int(place), 3), float) for place in (start, end))
        bend = (begin + finish) / 2 + rng.normal(0, 4, 2)
        yield (1 - part) ** 2 * begin + 2 * part * (1 - part) * bend + part**2 * finish


def _trace(pen: Bool[np.ndarray, "y x"], points: Float[np.ndarray, "points 2"]) -> None:
    """Mark the pixels that a stroke runs through."""
    y, x = np.rint(points).astype(int).T
    inside = (y >= 0) & (x >= 0) & (y < pen.shape[0]) & (x < pen.shape[1])
    pen[y[inside], x[inside]] = True
