"""Synthetic CT of a carbonised scroll: one papyrus sheet wound into a wavy, touching, torn spiral."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, UInt8

from volumen.data.phantoms.noise import (
    TEXTURE_EDGE,
    draw_field,
    draw_speckle,
    draw_texture,
    find_highest,
    parse_size,
    ramp,
    to_bytes,
)
from volumen.geometry import Shape

# Lengths in voxels. A sheet is two plies glued crosswise: fibres of the recto ply (facing the scroll's axis) run round
# the scroll, those of the verso ply along it.
RECTO_PLY = 2.3  # what is labelled: the median sheet surface of the competition's data is 2 thick, one in ten 2.8
BORDER = 3  # outermost voxels that nobody looked at, as in the competition's labels
MOSTLY = 0.5  # share of a voxel
BLUR = 0.8  # point spread of the scanner


@dataclass(frozen=True)
class ScrollPhantom:
    """A CT volume and its recto surface: 0 not surface, 1 surface, 2 nobody looked."""

    image: UInt8[np.ndarray, "z y x"]
    labels: UInt8[np.ndarray, "z y x"]


@dataclass(frozen=True)
class Winding:
    """How tightly the sheet is wound, and where its axis runs."""

    pitch: float
    thickness: float
    axis: tuple[float, float]  # y x at z = 0
    tilt: tuple[float, float]  # y x per z
    radius: float  # outside is air

    @classmethod
    def draw(cls, rng: np.random.Generator, shape: Shape) -> "Winding":
        """A winding whose axis lies in or beside the volume."""
        reach = max(shape[1:])
        angle, distance = rng.uniform(0, 2 * math.pi), rng.uniform(0.2, 1.3) * reach
        middle_y, middle_x = shape[1] / 2, shape[2] / 2
        return cls(
            pitch=float(rng.uniform(16, 20)),
            thickness=float(rng.uniform(7, 9)),
            axis=(middle_y + distance * math.sin(angle), middle_x + distance * math.cos(angle)),
            tilt=(float(rng.uniform(-0.2, 0.2)), float(rng.uniform(-0.2, 0.2))),
            radius=distance + float(rng.uniform(0.45, 0.9)) * reach,
        )


@dataclass(frozen=True)
class Sheets:
    """For every voxel its place in the unrolled sheet."""

    along: Float32[np.ndarray, "z y x"]  # voxels along the unrolled sheet, modulo TEXTURE_EDGE
    depth: Float32[np.ndarray, "z y x"]  # voxels outward from the recto face of the sheet inside or next inside
    spacing: Float32[np.ndarray, "z y x"]  # voxels from this recto face to the next


def make_scroll(size: int | Shape, seed: int) -> ScrollPhantom:
    """A synthetic CT of a piece of scroll with the recto surface labelled; the same seed gives the same bytes.

    About twelve float32 volumes are held while it is made.
    """
    shape = parse_size(size)
    rng = np.random.default_rng(seed)
    winding = Winding.draw(rng, shape)
    sheets = wind_sheets(rng, shape, winding=winding)
    whole = tear_sheets(rng, sheets)
    density = fill_sheets(rng, sheets, whole, thickness=winding.thickness)
    labels = label_recto(sheets, whole)
    labels[find_unseen(rng, sheets, winding=winding)] = 2
    return ScrollPhantom(scan_density(rng, density), labels)


def wind_sheets(rng: np.random.Generator, shape: Shape, *, winding: Winding) -> Sheets:
    """Every voxel's place in a spiral that is warped, crushed here and there, and shifted from turn to turn."""
    radius, angle = _polar_coordinates(rng, shape, winding=winding)
    local_pitch = np.asarray(winding.pitch / np.clip(_measure_slope(radius), 0.4, 2.5), np.float32)
    turns = radius / np.float32(winding.pitch) + angle / np.float32(2 * math.pi)
    shift = draw_texture(rng, grain=(14.0, 14.0))
    turn = np.floor(turns)
    along = _measure_arc(turn, angle, pitch=winding.pitch)
    fraction = turns - turn - _sample_shift(shift, along)
    inside = fraction < 0  # short of this turn's shifted face: the voxel belongs to the turn before
    turn -= inside
    along = _measure_arc(turn, angle, pitch=winding.pitch)
    fraction = turns - turn - _sample_shift(shift, along)
    ended = (turn < 1) | (turn * winding.pitch > winding.radius)
    fraction[ended] = np.inf
    return Sheets(np.mod(along, TEXTURE_EDGE).astype(np.float32), fraction * local_pitch, local_pitch)


def tear_sheets(rng: np.random.Generator, sheets: Sheets) -> Bool[np.ndarray, "z y x"]:
    """Where the sheet is still there: not in its holes, nor in the cracks along and across its fibres."""
    holes = find_highest(draw_texture(rng, grain=(7.0, 7.0)), share=0.03)
    cracks_round = find_highest(draw_texture(rng, grain=(1.5, 25.0)), share=0.006)
    cracks_along = find_highest(draw_texture(rng, grain=(25.0, 1.5)), share=0.006)
    lost = (holes | cracks_round | cracks_along).astype(np.float32)
    return sample_texture(lost, sheets.along) < MOSTLY


def fill_sheets(
    rng: np.random.Generator, sheets: Sheets, whole: Bool[np.ndarray, "z y x"], *, thickness: float
) -> Float32[np.ndarray, "z y x"]:
    """Density from 0 (air) to about 1: fibrous plies, the seam and where it came apart, pores, sand and crumbs."""
    shape = whole.shape
    opened = 3.5 * ramp(sample_texture(draw_texture(rng, grain=(9.0, 9.0)), sheets.along) - 1.3, softness=0.8)
    depth = sheets.depth
    verso_depth = depth - opened - RECTO_PLY
    recto = whole & (depth < RECTO_PLY)
    verso = whole & (verso_depth >= 0) & (verso_depth < thickness - RECTO_PLY)
    round_fibres = sample_texture(draw_texture(rng, grain=(0.9, 12.0)), sheets.along)
    along_fibres = sample_texture(draw_texture(rng, grain=(12.0, 0.9)), sheets.along)
    fade = 1 - np.clip(verso_depth / thickness, 0, 1) ** 2
    density = np.full(shape, 0.08, np.float32)
    density[find_highest(draw_field(rng, shape, grain=4.0), share=0.045)] = 0.45
    density[recto] = (0.68 + 0.12 * round_fibres)[recto]
    density[verso] = (0.15 + 0.58 * fade * ramp(verso_depth - 1.2, softness=0.8) + 0.12 * along_fibres)[verso]
    density[find_highest(draw_speckle(rng, shape, blur=1.2), share=0.008)] *= np.float32(0.3)
    density[find_highest(draw_speckle(rng, shape, blur=0.8), share=3e-5)] = 1.6
    return density


def label_recto(sheets: Sheets, whole: Bool[np.ndarray, "z y x"]) -> UInt8[np.ndarray, "z y x"]:
    """1 on the recto ply, 0 elsewhere."""
    return np.asarray(whole & (sheets.depth < RECTO_PLY), np.uint8)


def find_unseen(rng: np.random.Generator, sheets: Sheets, *, winding: Winding) -> Bool[np.ndarray, "z y x"]:
    """Where nobody looked: the faces of the volume, some regions, folds, and most places where sheets are pressed."""
    shape = sheets.depth.shape
    unseen = find_highest(draw_field(rng, shape, grain=max(min(shape) / 3, 8.0)), share=0.24)
    pressed = sheets.spacing < winding.thickness + 2
    unseen |= pressed & find_highest(draw_field(rng, shape, grain=12.0), share=0.7)
    unseen |= sheets.spacing > 1.6 * winding.pitch
    seen = (slice(BORDER, -BORDER),) * 3
    framed = np.ones(shape, bool)
    framed[seen] = unseen[seen]
    return framed


def scan_density(rng: np.random.Generator, density: Float32[np.ndarray, "z y x"]) -> UInt8[np.ndarray, "z y x"]:
    """What the scanner makes of it: blurred, unevenly bright, ringed and noisy."""
    from scipy.ndimage import gaussian_filter

    shape = density.shape
    signal = gaussian_filter(density, BLUR)
    gain = np.exp(0.42 * draw_field(rng, shape, grain=36.0))
    haze = 0.13 * draw_field(rng, shape, grain=56.0)
    signal = 0.28 + haze + 0.36 * signal * gain + _draw_rings(rng, shape)
    noise = draw_speckle(rng, shape, blur=0.5) * np.sqrt(np.clip(signal, 0.05, None))
    return to_bytes(np.asarray(signal + 0.06 * noise, np.float32))


def sample_texture(
    texture: Float32[np.ndarray, "rows columns"], along: Float32[np.ndarray, "z y x"]
) -> Float32[np.ndarray, "z y x"]:
    """The texture's value at every voxel's place in the unrolled sheet: rows are z, columns run round the scroll."""
    from scipy.ndimage import map_coordinates

    rows = np.broadcast_to(np.arange(along.shape[0], dtype=np.float32)[:, None, None], along.shape)
    sampled = map_coordinates(texture, [rows, along], order=1, mode="grid-wrap", output=np.float32)
    return np.asarray(sampled)


def _polar_coordinates(
    rng: np.random.Generator, shape: Shape, *, winding: Winding
) -> tuple[Float32[np.ndarray, "z y x"], Float32[np.ndarray, "z y x"]]:
    z, y, x = np.meshgrid(*(np.arange(extent, dtype=np.float32) for extent in shape), indexing="ij", sparse=True)
    warp_y, warp_x = (
        8 * draw_field(rng, shape, grain=64.0) + 2.5 * draw_field(rng, shape, grain=24.0) for _ in range(2)
    )
    from_axis_y = warp_y + y - np.float32(winding.axis[0]) - np.float32(winding.tilt[0]) * z
    from_axis_x = warp_x + x - np.float32(winding.axis[1]) - np.float32(winding.tilt[1]) * z
    return np.hypot(from_axis_y, from_axis_x), np.arctan2(from_axis_y, from_axis_x)


def _measure_slope(radius: Float32[np.ndarray, "z y x"]) -> Float32[np.ndarray, "z y x"]:
    return np.asarray(np.sqrt(sum(step**2 for step in np.gradient(radius))), np.float32)


def _measure_arc(
    turn: Float32[np.ndarray, "z y x"], angle: Float32[np.ndarray, "z y x"], *, pitch: float
) -> Float32[np.ndarray, "z y x"]:
    total_angle = 2 * math.pi * turn - angle  # runs on from turn to turn
    return np.asarray(np.float32(pitch / (4 * math.pi)) * total_angle**2)


def _sample_shift(
    texture: Float32[np.ndarray, "rows columns"], along: Float32[np.ndarray, "z y x"]
) -> Float32[np.ndarray, "z y x"]:
    """Outward shift of a sheet in turns, 0 to 0.45: neighbours drawn apart and together touch."""
    return np.float32(0.45) * ramp(sample_texture(texture, along), softness=3.0)


def _draw_rings(rng: np.random.Generator, shape: Shape) -> Float32[np.ndarray, "1 y x"]:
    centre = rng.uniform(-0.5, 1.5, 2) * shape[1:]
    y, x = np.meshgrid(np.arange(shape[1]) - centre[0], np.arange(shape[2]) - centre[1], indexing="ij", sparse=True)
    radius = np.hypot(y, x).astype(np.int64)
    strength = rng.standard_normal(int(radius.max()) + 1)
    return np.asarray(0.012 * strength[radius][None], np.float32)
