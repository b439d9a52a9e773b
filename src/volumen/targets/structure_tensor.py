"""Structure tensors, and the direction in which a structure runs."""

from dataclasses import dataclass
from typing import Annotated, Literal, final

import numpy as np
from jaxtyping import Bool, Float32
from pydantic import Field

from volumen.geometry import Shape, VoxelSize, to_shape
from volumen.heads import Unit
from volumen.targets.distance import Length, count_voxels, find_reach, measure_signed
from volumen.targets.gradients import find_reach as find_filter_reach
from volumen.targets.gradients import measure_gradient, smooth_known
from volumen.targets.label_patch import LabelPatch, measure_edges
from volumen.targets.target import ArrayTarget
from volumen.targets.turning import PAIRS, Dimensions, Part, SymmetricTensor, Vector

Sigma = Annotated[float, Field(ge=0)]
Source = Literal["distance", "mask"]
Vectors = Float32[np.ndarray, "d z y x"]


@dataclass(frozen=True, kw_only=True)
class TensorTarget(ArrayTarget):
    """A target that is made of structure tensors.

    Args:
        slope_sigma: of the Gaussian that slopes are taken of, in units.
        tensor_sigma: of the Gaussian that gathers the slopes around a voxel, in units.
        unit: voxels of the finest axis, or nm.
        clip: the greatest distance that is looked at; makes tensors exact at the faces of a patch.
        dimensions: 2 looks within each section only; the patch's when not said.
    """

    slope_sigma: Sigma = 1.0
    tensor_sigma: Sigma = 1.5
    unit: Unit = "voxel"
    clip: Length | None = None
    dimensions: Dimensions = 3

    @final
    def find_halo(self, voxel_size: VoxelSize | None) -> Shape:
        """Clip and filters, in voxels."""
        edges = measure_edges(voxel_size, self.unit)
        shapes = [find_filter_reach(sigma, edges, self.dimensions) for sigma in (self.slope_sigma, self.tensor_sigma)]
        shapes.append(count_voxels(find_reach(self.clip, edges), edges, self.dimensions))
        return to_shape([sum(steps) for steps in zip(*shapes, strict=True)])

    @final
    def measure_tensor(self, patch: LabelPatch, source: Source) -> tuple[Vectors, Bool[np.ndarray, "z y x"]]:
        """The smoothed ∇f ∇fᵀ, its upper triangle row by row; and where f is known."""
        edges, dimensions = measure_edges(patch.voxel_size, self.unit), self.dimensions
        field, known = patch.mask.astype(np.float32), patch.known
        if source == "distance":
            field, known = measure_signed(patch.merge(), edges, clip=self.clip, dimensions=dimensions)
        slope = measure_gradient(field, known, edges=edges, sigma=self.slope_sigma, dimensions=dimensions)
        first = 3 - dimensions
        products = [slope[i - first] * slope[j - first] for i, j in PAIRS[dimensions]]
        return smooth_known(products, known, edges=edges, sigma=self.tensor_sigma, dimensions=dimensions), known


@final
@dataclass(frozen=True, kw_only=True)
class StructureTensorTarget(TensorTarget):
    """The structure tensor: which way the border of objects faces around a voxel, and how alike that is.

    Six channels zz zy zx yy yx xx, in two dimensions yy yx xx. Of the signed distance a slope is about 1, so the trace
    is; of a mask slopes are there at borders only, and small.

    Args:
        source: the signed distance to the border of objects, or their mask.
    """

    activations = ("none",)
    losses = ("tensor",)
    linear = True

    source: Source = "distance"

    @property
    def parts(self) -> tuple[Part, ...]:
        """One tensor."""
        return (SymmetricTensor(self.dimensions),)

    @property
    def shown(self) -> tuple[int, ...]:
        """How much there is along each axis."""
        return tuple(k for k, (one, other) in enumerate(PAIRS[self.dimensions]) if one == other)

    def encode_patch(self, patch: LabelPatch) -> tuple[Vectors, Bool[np.ndarray, "1 z y x"]]:
        """Tensors, and where they are known."""
        tensor, known = self.measure_tensor(patch, self.source)
        return tensor * known, known[None]


@final
@dataclass(frozen=True, kw_only=True)
class DirectionTarget(TensorTarget):
    """A unit vector, up to its sign, along which a structure changes least: where a sheet or a fibre runs.

    It is the eigenvector of the structure tensor's smallest eigenvalue; of the two signs the one is taken whose last
    component that is not 0 is positive. Nothing is known where the next eigenvalue is not larger by `contrast` of their
    sum: a flat sheet runs every way within itself, so in three dimensions directions are those of fibres and folds.

    Args:
        contrast: the least gap between the two smallest eigenvalues, as a share of the sum of all.
    """

    activations = ("none",)
    losses = ("cosine",)

    contrast: Annotated[float, Field(ge=0, le=1)] = 0.05

    @property
    def parts(self) -> tuple[Part, ...]:
        """One vector."""
        return (Vector(self.dimensions),)

    def encode_patch(self, patch: LabelPatch) -> tuple[Vectors, Bool[np.ndarray, "1 z y x"]]:
        """Unit vectors, and where there are any."""
        tensor, known = self.measure_tensor(patch, "distance")
        vectors, contrast = find_least_directions(tensor)
        sure = known & (contrast >= self.contrast) & (contrast > 0)
        return vectors * sure, sure[None]


def find_least_directions(
    tensor: Float32[np.ndarray, "t z y x"],
) -> tuple[Float32[np.ndarray, "d z y x"], Float32[np.ndarray, "z y x"]]:
    """Eigenvectors of the smallest eigenvalues, and by what share of the trace the next is larger (0 without any)."""
    from volumen.targets.gradient_kernels import find_least_2d, find_least_3d

    dimensions, find = (2, find_least_2d) if len(tensor) == len(PAIRS[2]) else (3, find_least_3d)
    vectors = np.zeros((dimensions, *tensor.shape[1:]), np.float32)
    contrast = np.zeros(tensor.shape[1:], np.float32)
    find(tensor.reshape(len(tensor), -1), vectors.reshape(dimensions, -1), contrast.reshape(-1))
    return vectors, contrast
