"""Surface normals: which way is out."""

from dataclasses import dataclass
from typing import Annotated, final

import numpy as np
from jaxtyping import Bool, Float32
from pydantic import Field

from volumen.geometry import Shape, VoxelSize, to_shape
from volumen.heads import Unit
from volumen.targets.distance import Length, count_voxels, find_reach, measure_signed
from volumen.targets.gradients import find_reach as find_filter_reach
from volumen.targets.gradients import measure_gradient
from volumen.targets.label_patch import LabelPatch, measure_edges
from volumen.targets.target import ArrayTarget
from volumen.targets.turning import Dimensions, Part, Vector

# Where the smoothed distance slopes less than this, as in the middle of a sheet, there is no way out.
LEAST_SLOPE = 0.1


@final
@dataclass(frozen=True, kw_only=True)
class NormalsTarget(ArrayTarget):
    """A unit vector out of the object: the direction in which the smoothed signed distance grows.

    Directions are those of space, not of the voxel grid, where voxels are not cubes. Nothing is known where ways out
    cancel, as in the middle of an object.

    Args:
        sigma: of the Gaussian that smooths, in units.
        band: units from the border within which voxels count; None for all.
        unit: voxels of the finest axis, or nm.
        clip: the greatest distance that is looked at; makes normals exact at the faces of a patch.
        dimensions: 2 looks within each section only; the patch's when not said.
    """

    losses = ("cosine",)
    activations = ("none",)
    linear = True

    sigma: Annotated[float, Field(ge=0)] = 1.0
    band: Length | None = None
    unit: Unit = "voxel"
    clip: Length | None = None
    dimensions: Dimensions = 3

    @property
    def parts(self) -> tuple[Part, ...]:
        """One vector."""
        return (Vector(self.dimensions),)

    def find_halo(self, voxel_size: VoxelSize | None) -> Shape:
        """The clip and the filter, in voxels."""
        edges = measure_edges(voxel_size, self.unit)
        return add_shapes(
            count_voxels(find_reach(self.clip, edges), edges, self.dimensions),
            find_filter_reach(self.sigma, edges, self.dimensions),
        )

    def encode_patch(self, patch: LabelPatch) -> tuple[Float32[np.ndarray, "d z y x"], Bool[np.ndarray, "1 z y x"]]:
        """Unit vectors, and where there are any."""
        edges = measure_edges(patch.voxel_size, self.unit)
        distance, known = measure_signed(patch.merge(), edges, clip=self.clip, dimensions=self.dimensions)
        slope = measure_gradient(distance, known, edges=edges, sigma=self.sigma, dimensions=self.dimensions)
        vectors, sure = normalise_vectors(slope, LEAST_SLOPE)
        if self.band is not None:
            known &= np.abs(distance) <= self.band
        return vectors, (known & sure)[None]


def normalise_vectors(
    vectors: Float32[np.ndarray, "d z y x"], least: float
) -> tuple[Float32[np.ndarray, "d z y x"], Bool[np.ndarray, "z y x"]]:
    """Vectors of length one, zeros for those shorter than `least`; and which those are not."""
    length = np.sqrt(np.einsum("dzyx,dzyx->zyx", vectors, vectors))
    long_enough = length >= least
    return vectors / np.where(long_enough, length, np.float32(np.inf)), long_enough


def add_shapes(one: Shape, other: Shape) -> Shape:
    """The sum along each axis."""
    return to_shape([first + second for first, second in zip(one, other, strict=True)])
