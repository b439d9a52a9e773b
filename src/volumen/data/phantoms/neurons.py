"""Synthetic serial-section electron microscopy: packed neurites with membranes, mitochondria and vesicles."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Int, UInt8, UInt16

from volumen.data.phantoms.neurites import draw_walks, fill_space, number_pieces
from volumen.data.phantoms.noise import draw_field, draw_speckle, parse_size, ramp, to_bytes
from volumen.data.phantoms.organelles import Inside, Organelles, place_mitochondria, place_vesicles
from volumen.geometry import Shape, VoxelSize

VOXEL_SIZE = VoxelSize(30.0, 8.0, 8.0)  # as MitoEM's: sections 30 nm thick
# A section shows all that lies within its thickness: slanted membranes smear. So the tissue is built in thinner slices,
# whose middle one gives the labels.
SLICES = 3
SLICE_SIZE = VoxelSize(VOXEL_SIZE.z / SLICES, VOXEL_SIZE.y, VOXEL_SIZE.x)
RIM = 12.0  # nm of stained membrane round an organelle
DENSE_CORED = 0.2  # share of vesicles with a dark core
POORLY_STAINED = 0.03  # share of sections


@dataclass(frozen=True)
class NeuronsPhantom:
    """An EM volume and the instances in it: `neurons` fill it, `mitochondria` and `vesicles` lie inside them."""

    image: UInt8[np.ndarray, "z y x"]
    labels: Mapping[str, UInt16[np.ndarray, "z y x"]]
    voxel_size: VoxelSize


def make_neurons(size: int | Shape, seed: int) -> NeuronsPhantom:
    """A synthetic EM volume with exact instance labels; the same seed gives the same bytes.

    About fifty float32 volumes are held while it is made.
    """
    shape = parse_size(size)
    rng = np.random.default_rng(seed)
    fine = (SLICES * shape[0], shape[1], shape[2])
    walks = draw_walks(rng, (shape[0] * VOXEL_SIZE.z, shape[1] * VOXEL_SIZE.y, shape[2] * VOXEL_SIZE.x))
    neurites = fill_space(rng, walks, shape=fine, voxel_size=SLICE_SIZE)
    inside = Inside(walks, neurites, measure_wall(neurites), SLICE_SIZE)
    mitochondria = place_mitochondria(rng, inside)
    vesicles = place_vesicles(rng, inside, taken=mitochondria.labels)
    tissue = stain_tissue(rng, inside, mitochondria, vesicles=vesicles)
    image = image_sections(rng, tissue.reshape(shape[0], SLICES, *shape[1:]).mean(axis=1))
    seen = slice(SLICES // 2, None, SLICES)
    labels = {
        "neurons": number_pieces(neurites[seen]).astype(np.uint16),
        "mitochondria": number_present(mitochondria.labels[seen]),
        "vesicles": number_present(vesicles.labels[seen]),
    }
    return NeuronsPhantom(image, labels, VOXEL_SIZE)


def measure_wall(neurites: Int[np.ndarray, "z y x"]) -> Float32[np.ndarray, "z y x"]:
    """Distance in nm from every voxel to the nearest one that has another neurite beside it."""
    from scipy.ndimage import distance_transform_edt

    within = np.ones(neurites.shape, bool)
    for axis in range(3):
        along = np.moveaxis(neurites, axis, 0)
        same = along[1:] == along[:-1]
        view = np.moveaxis(within, axis, 0)
        view[1:] &= same
        view[:-1] &= same
    if within.all():
        return np.full(neurites.shape, 1e4, np.float32)
    return np.asarray(distance_transform_edt(within, sampling=tuple(SLICE_SIZE)), np.float32)


def stain_tissue(
    rng: np.random.Generator, inside: Inside, mitochondria: Organelles, *, vesicles: Organelles
) -> Float32[np.ndarray, "z y x"]:
    """Brightness of the tissue, 0 (stained) to 1: membranes and rims dark, cytoplasm light and grainy."""
    shape = inside.shape
    tint = rng.normal(0.70, 0.05, int(inside.neurites.max()) + 1).astype(np.float32)
    tissue = (
        tint[inside.neurites] + 0.05 * draw_speckle(rng, shape, blur=1.5) + 0.03 * draw_field(rng, shape, grain=9.0)
    )
    cristae = np.sin(draw_field(rng, shape, grain=10.0) * 6 + draw_field(rng, shape, grain=24.0) * 8)
    _paint(tissue, mitochondria.labels > 0, 0.44 + 0.13 * cristae + 0.03 * draw_speckle(rng, shape, blur=1.0))
    _paint(tissue, (mitochondria.labels > 0) & (mitochondria.depth < RIM), np.float32(0.24))
    dense = rng.random(int(vesicles.labels.max()) + 1) < DENSE_CORED
    lumen = np.where(dense, 0.35, 0.76).astype(np.float32)[vesicles.labels]
    rim = 1 - ramp(vesicles.depth - RIM, softness=6.0)
    _paint(tissue, vesicles.labels > 0, lumen * (1 - rim) + 0.22 * rim)
    membrane = 1 - ramp(inside.wall - 9, softness=10.0)
    return np.asarray(tissue * (1 - membrane) + 0.16 * membrane, np.float32)


def image_sections(rng: np.random.Generator, tissue: Float32[np.ndarray, "z y x"]) -> UInt8[np.ndarray, "z y x"]:
    """What the microscope makes of each section: its own contrast and brightness, uneven light and noise."""
    from scipy.ndimage import gaussian_filter

    depth, height, width = tissue.shape
    sharp = gaussian_filter(tissue, (0, 0.6, 0.6))
    contrast = rng.normal(1, 0.10, (depth, 1, 1)).astype(np.float32)
    contrast[rng.random(depth) < POORLY_STAINED] *= np.float32(0.45)
    brightness = rng.normal(0, 0.04, (depth, 1, 1)).astype(np.float32)
    light = 0.04 * draw_field(rng, (depth, height, width), grain=(2.0, max(height / 2, 8.0), max(width / 2, 8.0)))
    noise = 0.075 * draw_speckle(rng, (depth, height, width), blur=(0.0, 0.5, 0.5))
    return to_bytes(np.asarray(0.55 + (sharp - 0.55) * contrast + brightness + light + noise, np.float32))


def number_present(labels: Int[np.ndarray, "z y x"]) -> UInt16[np.ndarray, "z y x"]:
    """Instances 1 to n of those that any section shows, 0 elsewhere."""
    present = np.unique(labels[labels > 0])
    return np.asarray(np.where(labels > 0, np.searchsorted(present, labels) + 1, 0), np.uint16)


def _paint(
    tissue: Float32[np.ndarray, "z y x"],
    where: Bool[np.ndarray, "z y x"],
    colour: Float32[np.ndarray, "*shape"] | np.float32,
) -> None:
    np.copyto(tissue, colour, where=where)
