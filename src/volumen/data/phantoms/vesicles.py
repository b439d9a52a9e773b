"""Synthetic serial-section electron microscopy of large vesicles, and the part of it that somebody labelled."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import UInt8, UInt16

from volumen.data.phantoms.neurites import draw_walks, fill_space
from volumen.data.phantoms.neurons import (
    SLICE_SIZE,
    SLICES,
    VOXEL_SIZE,
    image_sections,
    measure_wall,
    number_present,
    stain_tissue,
)
from volumen.data.phantoms.noise import draw_field, find_highest, parse_size
from volumen.data.phantoms.organelles import WALL, Inside, Organelles, grow_along, place_mitochondria
from volumen.geometry import Shape, VoxelSize, to_shape

SWELLING = 3.0  # how much wider these cells are than the neurites of neuron phantoms
RADII = (60.0, 130.0)  # nm
VOLUME_OF_EACH = 1.2e7  # nm³ of tissue for which one vesicle is tried
UNSEEN = 0.15  # share of the volume that nobody looked at


@dataclass(frozen=True)
class VesiclesPhantom:
    """An EM volume, its vesicles 1 to n (0 for none), and where somebody looked (1)."""

    image: UInt8[np.ndarray, "z y x"]
    vesicles: UInt16[np.ndarray, "z y x"]
    mask: UInt8[np.ndarray, "z y x"]
    voxel_size: VoxelSize


def make_vesicles(size: int | Shape, seed: int) -> VesiclesPhantom:
    """A synthetic EM volume with large vesicles as instances; the same seed gives the same bytes.

    Mitochondria, as dark and as large, are none of them. About fifty float32 volumes are held while it is made.
    """
    shape = parse_size(size)
    rng = np.random.default_rng(seed)
    inside = draw_cells(rng, shape)
    mitochondria = place_mitochondria(rng, inside)
    vesicles = place_large_vesicles(rng, inside, mitochondria)
    tissue = stain_tissue(rng, inside, mitochondria, vesicles=vesicles)
    image = image_sections(rng, tissue.reshape(shape[0], SLICES, *shape[1:]).mean(axis=1))
    labels = number_present(vesicles.labels[SLICES // 2 :: SLICES])
    mask = ~find_highest(draw_field(rng, shape, grain=max(min(shape) / 2, 8.0)), share=UNSEEN)
    return VesiclesPhantom(image, labels, mask.astype(np.uint8), VOXEL_SIZE)


def draw_cells(rng: np.random.Generator, shape: Shape) -> Inside:
    """Cells that fill space: neurites, magnified."""
    fine = (SLICES * shape[0], shape[1], shape[2])
    z, y, x = (edge / SWELLING for edge in SLICE_SIZE)
    walks = draw_walks(rng, (fine[0] * z, fine[1] * y, fine[2] * x))
    cells = fill_space(rng, walks, shape=fine, voxel_size=VoxelSize(z, y, x))
    swollen = replace(walks, point=SWELLING * walks.point, radius=SWELLING * walks.radius)
    return Inside(swollen, cells, measure_wall(cells), SLICE_SIZE)


def place_large_vesicles(rng: np.random.Generator, inside: Inside, mitochondria: Organelles) -> Organelles:
    """Spheres anywhere in cells, clear of membranes and mitochondria; neighbours all but touch."""
    placed = Organelles.none(inside.shape)
    extent = np.multiply(inside.shape, tuple(inside.voxel_size))
    for _ in range(round(float(np.prod(extent)) / VOLUME_OF_EACH) + 1):
        middle, radius = rng.uniform(0, extent), rng.uniform(*RADII)
        voxel = to_shape(np.floor(middle / tuple(inside.voxel_size)).astype(int).tolist())
        roomy = inside.wall[voxel] > radius / 2
        if roomy and not mitochondria.labels[_surround(voxel, radius, inside)].any():
            neurite = int(inside.neurites[voxel])
            grow_along(placed, middle[None], radius=radius, neurite=neurite, inside=inside)
    return placed


def _surround(voxel: Shape, radius: float, inside: Inside) -> tuple[slice, ...]:
    """The box round a sphere and its rim."""
    reach = [int((radius + WALL) / edge) + 1 for edge in inside.voxel_size]
    return tuple(slice(max(place - step, 0), place + step + 1) for place, step in zip(voxel, reach, strict=True))
