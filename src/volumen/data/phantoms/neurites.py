"""Neurites that fill space: branching random walks, and for every voxel the walk it belongs to."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int, Shaped

from volumen.geometry import Shape, VoxelSize

# Lengths in nm.
MEAN_RADIUS = 105.0  # of a neurite; many profiles even in a small picture
LONGEST_RADIUS = 240.0
STEP = 30.0  # between points of a walk
WOBBLE = 25.0  # how far the border between two neurites strays from smooth
FORKING = 0.5  # share of neurites with a branch
DUST = 40  # voxels: a smaller piece of a neurite is given to its neighbour


@dataclass(frozen=True)
class Walks:
    """Points along every neurite."""

    point: Float32[np.ndarray, "points 3"]  # nm z y x
    radius: Float32[np.ndarray, " points"]  # nm
    neurite: Int[np.ndarray, " points"]  # from 1
    branch: Int[np.ndarray, " points"]  # points of one branch follow each other

    def trace(self, middle: int, reach: int) -> Float32[np.ndarray, "path 3"]:
        """Up to `reach` points of one branch before and after point `middle`."""
        near = slice(max(middle - reach, 0), middle + reach + 1)
        return np.asarray(self.point[near][self.branch[near] == self.branch[middle]])


def draw_walks(rng: np.random.Generator, extent: tuple[float, float, float]) -> Walks:
    """Random walks through a box of `extent` nm, as many as fill it at the mean radius, half of them with a branch."""
    length = float(np.mean(extent))
    count = max(3, math.ceil(math.prod(extent) / (math.pi * MEAN_RADIUS**2 * length)))
    points: list[Float32[np.ndarray, "steps 3"]] = []
    neurites: list[int] = []
    for neurite in range(1, count + 1):
        points.append(np.concatenate(list(_walk_both_ways(rng, rng.uniform(0, extent), extent))))
        neurites.append(neurite)
        if rng.random() < FORKING:
            fork = points[-1][rng.integers(len(points[-1]))]
            points.append(_walk(rng, fork, _draw_direction(rng), extent=extent))
            neurites.append(neurite)
    radii = [_draw_radii(rng, len(track)) for track in points]
    branch = np.repeat(np.arange(len(points)), [len(track) for track in points])
    return Walks(np.concatenate(points), np.concatenate(radii), np.asarray(neurites, np.int32)[branch], branch)


def fill_space(
    rng: np.random.Generator, walks: Walks, *, shape: Shape, voxel_size: VoxelSize
) -> Int[np.ndarray, "z y x"]:
    """The neurite of every voxel: a power diagram of the walks' points with wobbling borders."""
    from scipy.spatial import KDTree

    from volumen.data.phantoms.noise import draw_field

    # A fourth coordinate makes the nearest point the one with the least distance² - radius².
    lift = np.sqrt(LONGEST_RADIUS**2 - walks.radius**2)
    tree = KDTree(np.column_stack([walks.point, lift]))
    axes = [(np.arange(extent) + 0.5) * edge for extent, edge in zip(shape, voxel_size, strict=True)]
    grain = (80 / voxel_size.z, 80 / voxel_size.y, 80 / voxel_size.x)
    wobble = [WOBBLE * draw_field(rng, shape, grain=grain) for _ in range(3)]
    filled = np.empty(shape, np.int32)
    for index, z in enumerate(axes[0]):
        plane = np.meshgrid(z, axes[1], axes[2], indexing="ij")
        place = [along[0] + field[index] for along, field in zip(plane, wobble, strict=True)]
        nearest = tree.query(np.stack([*place, np.zeros(shape[1:])], axis=-1))[1]
        filled[index] = walks.neurite[nearest]
    return filled


def number_pieces(labels: Int[np.ndarray, "z y x"]) -> Int[np.ndarray, "z y x"]:
    """Labels 1 to n in which each is one piece connected through faces; dust joins its neighbours."""
    from scipy.ndimage import distance_transform_edt

    pieces = split_pieces(labels)
    sizes = np.bincount(pieces.ravel())
    dust = (sizes < DUST)[pieces]
    if dust.all():
        return np.ones_like(pieces)
    while dust.any():
        _, nearest = distance_transform_edt(dust, return_indices=True)
        pieces = split_pieces(pieces[tuple(nearest)])
        dust = (np.bincount(pieces.ravel()) < DUST)[pieces]
    return pieces


def split_pieces(labels: Int[np.ndarray, "z y x"]) -> Int[np.ndarray, "z y x"]:
    """Every piece connected through faces as a label of its own, in the order of the labels; 0 stays 0."""
    from scipy.ndimage import find_objects, label

    pieces = np.zeros(labels.shape, np.int64)
    last = 0
    for number, box in enumerate(find_objects(labels), start=1):
        if box is not None:
            parts, count = label(labels[box] == number)
            pieces[box] += np.where(parts > 0, parts + last, 0)
            last += count
    return pieces


def _walk_both_ways(
    rng: np.random.Generator, start: Shaped[np.ndarray, "3"], extent: tuple[float, float, float]
) -> Iterator[Float32[np.ndarray, "steps 3"]]:
    heading = _draw_direction(rng)
    yield _walk(rng, start, -heading, extent=extent)[::-1]
    yield _walk(rng, start, heading, extent=extent)[1:]


def _walk(
    rng: np.random.Generator,
    start: Shaped[np.ndarray, "3"],
    heading: Shaped[np.ndarray, "3"],
    *,
    extent: tuple[float, float, float],
) -> Float32[np.ndarray, "steps 3"]:
    track = [start]
    while np.all(track[-1] >= -MEAN_RADIUS) and np.all(track[-1] <= np.add(extent, MEAN_RADIUS)):
        heading = heading + 0.18 * rng.standard_normal(3)
        heading = heading / np.linalg.norm(heading)
        track.append(track[-1] + STEP * heading)
    return np.asarray(track, np.float32)


def _draw_direction(rng: np.random.Generator) -> Shaped[np.ndarray, "3"]:
    direction = rng.standard_normal(3) * (1.5, 1, 1)  # somewhat along z, the direction sections are cut across
    return np.asarray(direction / np.linalg.norm(direction))


def _draw_radii(rng: np.random.Generator, count: int) -> Float32[np.ndarray, " count"]:
    """Radii of one branch: thick or thin as a whole, with swellings every few hundred nm."""
    from scipy.ndimage import gaussian_filter1d

    swelling = gaussian_filter1d(rng.standard_normal(count + 40), 6)[20 : 20 + count] * 4
    radius = MEAN_RADIUS * np.exp(0.35 * rng.standard_normal() + 0.3 * swelling)
    return np.asarray(np.clip(radius, 40, LONGEST_RADIUS), np.float32)
