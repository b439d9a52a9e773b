"""What lies inside neurites: mitochondria along their axis and clusters of round vesicles."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Int

from volumen.data.phantoms.neurites import Walks
from volumen.geometry import Box, Shape, VoxelSize, to_shape

# Lengths in nm.
WALL = 12.0  # free cytoplasm between an organelle and the neurite's membrane
VESICLE_GAP = 10.0  # free cytoplasm round a vesicle
MITOCHONDRION_ROOM = 75.0  # distance to the membrane where a mitochondrion's axis may run
CLUSTER_ROOM = 85.0  # and where a cluster of vesicles may have its middle


@dataclass(frozen=True)
class Inside:
    """The space organelles may take."""

    walks: Walks
    neurites: Int[np.ndarray, "z y x"]  # as the walks number them
    wall: Float32[np.ndarray, "z y x"]  # nm to the nearest membrane
    voxel_size: VoxelSize

    @property
    def shape(self) -> Shape:
        """Voxels along each axis."""
        return to_shape(self.neurites.shape)

    def measure_room(
        self, place: Float[np.ndarray, "points 3"], neurite: Int[np.ndarray, " points"]
    ) -> Float32[np.ndarray, " points"]:
        """Distance to the membrane around each place; 0 outside the volume or in another neurite than expected."""
        voxels = np.floor(place / tuple(self.voxel_size)).astype(np.int64)
        within = np.flatnonzero(np.all((voxels >= 0) & (voxels < self.shape), axis=1))
        index = tuple(voxels[within].T)
        room = np.zeros(len(place), np.float32)
        room[within] = np.where(self.neurites[index] == neurite[within], self.wall[index], 0)
        return room


@dataclass(frozen=True)
class Organelles:
    """Instances of one kind, and for their voxels the distance inward from the instance's own surface in nm."""

    labels: Int[np.ndarray, "z y x"]
    depth: Float32[np.ndarray, "z y x"]

    @classmethod
    def none(cls, shape: Shape) -> "Organelles":
        """A volume without any."""
        return cls(np.zeros(shape, np.int32), np.zeros(shape, np.float32))


def place_mitochondria(rng: np.random.Generator, inside: Inside) -> Organelles:
    """Sausages along the thick stretches of neurites."""
    placed = Organelles.none(inside.shape)
    room = inside.measure_room(inside.walks.point, inside.walks.neurite)
    middles = rng.permutation(np.flatnonzero(room > MITOCHONDRION_ROOM))
    for middle in middles[: math.ceil(len(middles) / 15)]:
        neurite = int(inside.walks.neurite[middle])
        reach = int(rng.integers(3, 12))
        path = inside.walks.trace(int(middle), reach)
        radius = float(np.clip(0.75 * room[middle], 55, 130))
        grow_along(placed, path, radius=radius, neurite=neurite, inside=inside)
    return placed


def place_vesicles(rng: np.random.Generator, inside: Inside, *, taken: Int[np.ndarray, "z y x"]) -> Organelles:
    """Clusters of spheres in swollen stretches, none touching another, a membrane or what is `taken`."""
    placed = Organelles.none(inside.shape)
    room = inside.measure_room(inside.walks.point, inside.walks.neurite)
    middles = rng.permutation(np.flatnonzero(room > CLUSTER_ROOM))
    spheres = np.zeros((0, 4))  # z y x radius, of all that were placed
    for middle in middles[: math.ceil(len(middles) / 12)]:
        neurite = int(inside.walks.neurite[middle])
        cloud = inside.walks.point[middle] + rng.standard_normal((200, 3)) * 90
        radii = rng.uniform(24, 36, len(cloud))
        fits = inside.measure_room(cloud, np.full(len(cloud), neurite)) > radii + VESICLE_GAP
        for sphere in np.column_stack([cloud, radii])[fits]:
            if _is_free(sphere, spheres, inside=inside, taken=taken):
                grow_along(placed, sphere[None, :3], radius=sphere[3], neurite=neurite, inside=inside)
                spheres = np.vstack([spheres, sphere])
    return placed


def grow_along(
    placed: Organelles, path: Float[np.ndarray, "points 3"], *, radius: float, neurite: int, inside: Inside
) -> None:
    """Add the voxels within `radius` of the path that lie in the neurite clear of its membrane, if nothing is near."""
    from scipy.ndimage import label

    box = _bound_path(path, radius=radius, inside=inside)
    if not box.size:
        return
    place = np.stack(np.meshgrid(*_measure_axes(box, inside.voxel_size), indexing="ij"), axis=-1)
    depth = np.full(box.shape, -np.inf, np.float32)
    for point in path:
        np.maximum(depth, radius - np.linalg.norm(place - point, axis=-1), out=depth)
    if placed.labels[box.slices][depth > -WALL].any():
        return
    np.minimum(depth, inside.wall[box.slices] - WALL, out=depth)
    depth[inside.neurites[box.slices] != neurite] = -1
    pieces, count = label(depth > 0)
    if count:
        largest = pieces == 1 + int(np.argmax(np.bincount(pieces.ravel())[1:]))
        placed.labels[box.slices][largest] = placed.labels.max() + 1
        placed.depth[box.slices][largest] = depth[largest]


def _is_free(
    sphere: Float[np.ndarray, "4"],
    others: Float[np.ndarray, "spheres 4"],
    *,
    inside: Inside,
    taken: Int[np.ndarray, "z y x"],
) -> bool:
    """Whether a vesicle keeps clear of the other vesicles and of what is `taken`."""
    apart = np.linalg.norm(others[:, :3] - sphere[:3], axis=1)
    box = _bound_path(sphere[None, :3], radius=float(sphere[3]) + VESICLE_GAP, inside=inside)
    return bool(np.all(apart > others[:, 3] + sphere[3] + VESICLE_GAP) and not taken[box.slices].any())


def _bound_path(path: Float[np.ndarray, "points 3"], *, radius: float, inside: Inside) -> Box:
    edges = np.asarray(tuple(inside.voxel_size))
    low = np.floor((path.min(axis=0) - radius) / edges).astype(int)
    high = np.ceil((path.max(axis=0) + radius) / edges).astype(int) + 1
    return Box(to_shape(low.tolist()), to_shape(high.tolist())).clip(Box.whole(inside.shape))


def _measure_axes(box: Box, voxel_size: VoxelSize) -> Iterator[Float[np.ndarray, " extent"]]:
    for low, high, edge in zip(box.start, box.stop, voxel_size, strict=True):
        yield (np.arange(low, high) + 0.5) * edge
