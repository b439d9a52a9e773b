"""Synthetic CT of papyrus fibres: touching, crossing, curved tubes in two main directions, each an instance."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Literal

import numpy as np
from jaxtyping import Float32, Int, UInt8, UInt16

from volumen.data.phantoms.neurites import split_pieces
from volumen.data.phantoms.noise import draw_field, draw_speckle, parse_size, ramp
from volumen.data.phantoms.scroll import scan_density
from volumen.geometry import Shape, to_shape

# Lengths in voxels. A sheet is two plies that cross: fibres of one run along x (round the scroll), the others along z.
PLY = 5.0  # from the middle of a ply to that of the next: as much as a fibre is thick, so that crossing ones touch
SPACING = 5.8  # between neighbours in a ply
RADIUS = (1.9, 2.8)
OVERHANG = 4  # how far a fibre runs on past the faces
ENDING = 0.25  # share of fibres with an end inside
DUST = 40  # voxels: a smaller piece of a fibre is not labelled
SEAM = 0.8  # how far into a fibre its rim is less dense
REACH = 6  # how far from a fibre's middle voxels know how near it is

Run = Literal["z", "x"]


@dataclass(frozen=True)
class FibresPhantom:
    """A CT volume and the fibres in it, 1 to n, 0 where there is none."""

    image: UInt8[np.ndarray, "z y x"]
    labels: UInt16[np.ndarray, "z y x"]


@dataclass(frozen=True)
class Fibre:
    """A fibre that runs along an axis: in every plane across it, from the first on, a disc.

    Args:
        run: the axis.
        first: the plane of the first disc; it may lie before the volume.
        middle: of each disc: y, and x (of a fibre along z) or z (of one along x).
        radius: of each disc.
    """

    run: Run
    first: int
    middle: Float32[np.ndarray, "planes 2"]
    radius: Float32[np.ndarray, " planes"]


@dataclass(frozen=True)
class Tubes:
    """The fibre that each voxel lies deepest in (0 for none), and how deep: negative outside."""

    labels: Int[np.ndarray, "z y x"]
    depth: Float32[np.ndarray, "z y x"]


def make_fibres(size: int | Shape, seed: int) -> FibresPhantom:
    """A synthetic CT volume of fibres with exact instance labels; the same seed gives the same bytes."""
    shape = parse_size(size)
    rng = np.random.default_rng(seed)
    tubes = fill_tubes(lay_fibres(rng, shape), shape)
    image = scan_density(rng, weigh_fibres(rng, tubes))
    return FibresPhantom(image, number_fibres(tubes.labels))


def lay_fibres(rng: np.random.Generator, shape: Shape) -> Iterator[Fibre]:
    """Fibres of wavy sheets that lie across y, one over the other."""
    wave = 4 * draw_field(rng, (shape[0], 1, shape[2]), grain=(40.0, 1.0, 40.0))[:, 0]
    height = rng.uniform(-PLY, PLY)
    while height < shape[1] + PLY:
        runs: tuple[Run, Run] = ("x", "z")
        for run in runs:
            yield from _lay_ply(rng, shape, run=run, height=height, wave=wave)
            height += PLY
        height += rng.uniform(1, 6)


def fill_tubes(fibres: Iterator[Fibre], shape: Shape) -> Tubes:
    """The fibres drawn into a volume; where two overlap, a voxel belongs to the one it lies deeper in."""
    tubes = Tubes(np.zeros(shape, np.int32), np.full(shape, -np.inf, np.float32))
    for number, fibre in zip(count(1), fibres, strict=False):
        _draw_fibre(tubes, fibre, number)
    tubes.labels[tubes.depth <= 0] = 0
    return tubes


def weigh_fibres(rng: np.random.Generator, tubes: Tubes) -> Float32[np.ndarray, "z y x"]:
    """Density from 0 (air) to about 1: fibres of their own brightness with dimmer rims, in a spongy matrix."""
    shape = to_shape(tubes.labels.shape)
    tint = rng.normal(0.95, 0.10, int(tubes.labels.max()) + 1).astype(np.float32)
    grain = 0.07 * draw_speckle(rng, shape, blur=1.0)
    matrix = 0.30 + 0.10 * draw_field(rng, shape, grain=5.0)
    density = np.where(tubes.depth > -2.5, matrix, np.float32(0.10))  # noqa: PLR2004 - the matrix reaches so far
    core = ramp(tubes.depth - SEAM, softness=1.2)
    inside = 0.5 + (tint[tubes.labels] - 0.5) * core
    return np.asarray(np.where(tubes.labels > 0, inside, density) + grain, np.float32)


def number_fibres(labels: Int[np.ndarray, "z y x"]) -> UInt16[np.ndarray, "z y x"]:
    """Labels 1 to n in which each is one piece connected through faces, without dust."""
    pieces = split_pieces(labels)
    large = np.bincount(pieces.ravel()) >= DUST
    large[0] = False
    numbers = np.where(large, np.cumsum(large), 0).astype(np.uint16)
    return np.asarray(numbers[pieces])


def _lay_ply(
    rng: np.random.Generator, shape: Shape, *, run: Run, height: float, wave: Float32[np.ndarray, "z x"]
) -> Iterator[Fibre]:
    """Fibres side by side, all along z or all along x."""
    across, along = (shape[2], shape[0]) if run == "z" else (shape[0], shape[2])
    sheet = wave if run == "z" else wave.T
    side = rng.uniform(-SPACING, 0)
    while side < across + SPACING:
        planes = np.arange(-OVERHANG, along + OVERHANG)
        lateral = side + 2.2 * _wander(rng, len(planes))
        places = [np.clip(planes, 0, along - 1), np.clip(np.rint(lateral), 0, across - 1).astype(int)]
        y = height + sheet[tuple(places)] + 0.9 * _wander(rng, len(planes))
        radius = rng.uniform(*RADIUS) * (1 + 0.12 * _wander(rng, len(planes)))
        kept = _draw_span(rng, len(planes))
        middle = np.stack([y, lateral], axis=1)[kept].astype(np.float32)
        yield Fibre(run, int(planes[kept][0]), middle, radius[kept].astype(np.float32))
        side += SPACING * rng.uniform(0.75, 1.3)


def _draw_span(rng: np.random.Generator, count: int) -> slice:
    """All of a fibre, or the part before or after an end."""
    end = int(rng.integers(count // 4, 3 * count // 4))
    if rng.random() >= ENDING:
        return slice(None)
    return slice(end, None) if rng.random() < 0.5 else slice(end)  # noqa: PLR2004 - either end alike


def _wander(rng: np.random.Generator, count: int) -> Float32[np.ndarray, " count"]:
    """A smooth random line of mean 0 and deviation about 1."""
    return np.asarray(draw_field(rng, (1, 1, count), grain=(1.0, 1.0, 22.0))[0, 0])


def _draw_fibre(tubes: Tubes, fibre: Fibre, number: int) -> None:
    """Voxels that lie deeper in this fibre than in what was drawn before become the fibre's."""
    turn = (0, 1, 2) if fibre.run == "z" else (2, 1, 0)
    labels, deepest = tubes.labels.transpose(turn), tubes.depth.transpose(turn)
    reach = np.arange(-REACH, REACH + 1)
    nearest = np.rint(fibre.middle).astype(int)
    y, side = nearest[:, :1, None] + reach[:, None], nearest[:, 1:, None] + reach
    off_y, off_side = y - fibre.middle[:, :1, None], side - fibre.middle[:, 1:, None]
    depth = (fibre.radius[:, None, None] - np.sqrt(off_y**2 + off_side**2)).astype(np.float32)
    plane, y, side = np.broadcast_arrays(fibre.first + np.arange(len(depth))[:, None, None], y, side)
    within = [(place >= 0) & (place < edge) for place, edge in zip((plane, y, side), labels.shape, strict=True)]
    inside = within[0] & within[1] & within[2]
    place, depth = (plane[inside], y[inside], side[inside]), depth[inside]
    deeper = depth > deepest[place]
    kept = tuple(axis[deeper] for axis in place)
    labels[kept], deepest[kept] = number, depth[deeper]
