"""The nearest object: which way it lies, and how far."""

from dataclasses import dataclass
from typing import Annotated, final

import numpy as np
from jaxtyping import Bool, Float32
from pydantic import Field

from volumen.geometry import Shape, VoxelSize
from volumen.heads import LengthSpec, Unit
from volumen.targets.distance import Length, count_voxels, measure_borders
from volumen.targets.gradients import find_reach as find_filter_reach
from volumen.targets.gradients import measure_gradient
from volumen.targets.label_patch import LabelPatch, measure_edges
from volumen.targets.normals import LEAST_SLOPE, add_shapes, normalise_vectors
from volumen.targets.target import ArrayTarget
from volumen.targets.turning import Dimensions, Part, Scalars, Vector


@final
@dataclass(frozen=True, kw_only=True)
class NearestTarget(ArrayTarget):
    """A unit vector towards the nearest object, then the distance to it; zeros in objects.

    The vector is where the smoothed distance falls; it is not known in objects, beyond the clip and half way between
    two objects, where ways cancel.

    Args:
        sigma: of the Gaussian that smooths the direction, in units.
        unit: voxels of the finest axis, or nm.
        clip: the greatest distance; makes the target exact at the faces of a patch.
        scale: units that a distance of 1 stands for.
        dimensions: 2 looks within each section only; the patch's when not said.
    """

    activations = ("none",)
    losses = ("smooth_l1",)
    linear = True

    sigma: Annotated[float, Field(ge=0)] = 1.0
    unit: Unit = "voxel"
    clip: Length | None = None
    scale: Length = 1.0
    dimensions: Dimensions = 3

    @property
    def parts(self) -> tuple[Part, ...]:
        """A vector and a number."""
        return Vector(self.dimensions), Scalars()

    @property
    def lengths(self) -> LengthSpec:
        """What the distance is counted in."""
        return LengthSpec(self.unit, self.scale, "outside", self.clip)

    def find_halo(self, voxel_size: VoxelSize | None) -> Shape:
        """The clip and the filter, in voxels."""
        edges = measure_edges(voxel_size, self.unit)
        return add_shapes(
            count_voxels(self.clip or 0.0, edges, self.dimensions),
            find_filter_reach(self.sigma, edges, self.dimensions),
        )

    def encode_patch(self, patch: LabelPatch) -> tuple[Float32[np.ndarray, "d z y x"], Bool[np.ndarray, "d z y x"]]:
        """Vector and distance, and where each is known."""
        edges, outside = measure_edges(patch.voxel_size, self.unit), ~patch.mask
        distance, known = measure_borders(patch.merge(), edges, clip=self.clip, dimensions=self.dimensions)
        known = patch.known & (known | patch.mask)
        distance = distance * outside
        slope = measure_gradient(distance, known, edges=edges, sigma=self.sigma, dimensions=self.dimensions)
        vectors, sure = normalise_vectors(-slope, LEAST_SLOPE)
        sure &= known & outside & (distance < (np.inf if self.clip is None else self.clip))
        values = np.concatenate([vectors * sure, distance[None] / np.float32(self.scale)])
        return values, np.stack([*[sure] * self.dimensions, known])
