"""Flow and centre offsets: where in its object a voxel belongs, as a direction or as a step."""

from dataclasses import dataclass
from typing import Annotated, final

import numpy as np
from jaxtyping import Bool, Float32
from pydantic import Field

from volumen.geometry import Shape, VoxelSize, pair_slices
from volumen.heads import LengthSpec, Offset, Unit
from volumen.targets.distance import Length, count_voxels, measure_borders
from volumen.targets.label_patch import LabelPatch, measure_edges
from volumen.targets.normals import normalise_vectors
from volumen.targets.target import ArrayTarget
from volumen.targets.turning import Dimensions, Part, Vector

# A voxel whose ways to the middle differ by less than this is in the middle.
LEAST_SLOPE = 1e-3


@final
@dataclass(frozen=True, kw_only=True)
class FlowTarget(ArrayTarget):
    """A unit vector to the middle of the voxel's own object: where the distance to its border grows.

    Each object flows by itself, so that touching ones flow apart. Background, and the ridge where ways to the middle
    cancel, have zeros, and count.

    Args:
        unit: voxels of the finest axis, or nm; of the clip and the halo.
        clip: distances from the border beyond which there is no flow; makes it exact at the faces of a patch.
        dimensions: 2 flows within each section only; the patch's when not said.
    """

    activations = ("none",)
    losses = ("mse",)
    decoding = ("flow_components",)

    unit: Unit = "voxel"
    clip: Length | None = None
    dimensions: Dimensions = 3

    @property
    def parts(self) -> tuple[Part, ...]:
        """One vector."""
        return (Vector(self.dimensions),)

    def find_halo(self, voxel_size: VoxelSize | None) -> Shape:
        """The clip and one voxel more."""
        edges = measure_edges(voxel_size, self.unit)
        return count_voxels((self.clip or 0.0) + min(edges) / 2, edges, self.dimensions)

    def encode_patch(self, patch: LabelPatch) -> tuple[Float32[np.ndarray, "d z y x"], Bool[np.ndarray, "1 z y x"]]:
        """Unit vectors, and where they are known."""
        edges = measure_edges(patch.voxel_size, self.unit)
        distance, known = measure_borders(patch, edges, clip=self.clip, dimensions=self.dimensions)
        distance = distance * patch.mask
        axes = range(3 - self.dimensions, 3)
        slopes = [_measure_slope(distance, patch, axis) / np.float32(edges[axis]) for axis in axes]
        vectors, _ = normalise_vectors(np.stack(slopes) * patch.mask, LEAST_SLOPE)
        return vectors, _find_sure(patch, known, self.dimensions)[None]


def _find_sure(
    patch: LabelPatch, known: Bool[np.ndarray, "z y x"], dimensions: Dimensions
) -> Bool[np.ndarray, "z y x"]:
    """Voxels of the background, and those of objects that see known distances on all sides."""
    usable = patch.known & (known | ~patch.mask)
    sure: Bool[np.ndarray, "z y x"] = usable.copy()
    for axis in range(3 - dimensions, 3):
        for sign in (-1, 1):
            here, there = pair_slices(patch.shape, _step_along(axis, sign))
            sure[here] &= usable[there] | ~patch.mask[here]
    return sure


def _step_along(axis: int, sign: int) -> Offset:
    z, y, x = (sign if axis == other else 0 for other in range(3))
    return z, y, x


def _measure_slope(
    distance: Float32[np.ndarray, "z y x"], patch: LabelPatch, axis: int
) -> Float32[np.ndarray, "z y x"]:
    """Central differences of the distance along an axis; it is 0 in whatever is not the voxel's own object."""
    slope = np.zeros_like(distance)
    for sign in (-1, 1):
        here, there = pair_slices(patch.shape, _step_along(axis, sign))
        ours = patch.labels[here] == patch.labels[there]
        slope[here] += np.float32(sign / 2) * distance[there] * ours
    _continue_at_faces(slope, distance, axis)
    return slope


def _continue_at_faces(slope: Float32[np.ndarray, "z y x"], distance: Float32[np.ndarray, "z y x"], axis: int) -> None:
    """At the faces of the patch, the distance goes on as it is there."""
    outer, values = np.moveaxis(slope, axis, 0), np.moveaxis(distance, axis, 0)
    outer[0] -= values[0] / 2
    outer[-1] += values[-1] / 2


@final
@dataclass(frozen=True, kw_only=True)
class CentreOffsetsTarget(ArrayTarget):
    """The step z y x from each voxel to the centre of gravity of its object; zeros, of no weight, in the background.

    Of an object that the patch cuts it is the centre of what the patch, and the halo, show.

    Args:
        unit: voxels along each axis, or nm.
        scale: units that a value of 1 stands for.
        halo: units of labels read past the faces of a patch.
        dimensions: 2 takes each section's part of an object by itself; the patch's when not said.
    """

    activations = ("none",)
    losses = ("smooth_l1",)
    decoding = ("centre_votes",)

    unit: Unit = "voxel"
    scale: Length = 1.0
    halo: Annotated[float, Field(ge=0)] = 0.0
    dimensions: Dimensions = 3

    @property
    def parts(self) -> tuple[Part, ...]:
        """One vector."""
        return (Vector(self.dimensions),)

    @property
    def lengths(self) -> LengthSpec:
        """What the steps are counted in."""
        return LengthSpec(self.unit, self.scale)

    def find_halo(self, voxel_size: VoxelSize | None) -> Shape:
        """The halo in voxels."""
        return count_voxels(self.halo, self._measure_steps(voxel_size), self.dimensions)

    def encode_patch(self, patch: LabelPatch) -> tuple[Float32[np.ndarray, "d z y x"], Bool[np.ndarray, "1 z y x"]]:
        """Steps to the centre, and where there is one."""
        if self.dimensions == 3:  # noqa: PLR2004 - all of space
            steps = measure_centre_steps(patch)
        else:
            steps = np.concatenate([measure_centre_steps(section)[1:] for section in patch.list_sections()], axis=1)
        factors = np.array(self._measure_steps(patch.voxel_size)[3 - self.dimensions :]) / self.scale
        return steps * factors.astype(np.float32)[:, None, None, None], patch.mask[None]

    def _measure_steps(self, voxel_size: VoxelSize | None) -> tuple[float, float, float]:
        """Units that a voxel spans along each axis."""
        return (1.0, 1.0, 1.0) if self.unit == "voxel" else measure_edges(voxel_size, self.unit)


def measure_centre_steps(patch: LabelPatch) -> Float32[np.ndarray, "3 z y x"]:
    """Voxels from each voxel of an object to its centre of gravity; zeros elsewhere."""
    count = int(patch.labels.max(initial=0)) + 1
    numbers = patch.labels.ravel()
    sizes = np.bincount(numbers, minlength=count)
    grids = [
        np.arange(extent).reshape([-1 if other == axis else 1 for other in range(3)])
        for axis, extent in enumerate(patch.shape)
    ]
    steps = []
    for grid in grids:
        sums = np.bincount(numbers, np.broadcast_to(grid, patch.shape).ravel(), minlength=count)
        centres = sums / np.maximum(sizes, 1)
        steps.append((centres[patch.labels] - grid) * patch.mask)
    return np.stack(steps, dtype=np.float32, casting="same_kind")
