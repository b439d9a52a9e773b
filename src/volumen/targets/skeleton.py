"""Skeletons of tubes and medial surfaces of sheets, and distances that know where they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, final

import numpy as np
from jaxtyping import Bool, Float32, Int32
from pydantic import Field

from volumen.geometry import Shape, VoxelSize, pair_slices
from volumen.heads import Unit
from volumen.morphology import find_medial_surface, skeletonize_curves
from volumen.targets.boundary import list_steps
from volumen.targets.distance import count_voxels, measure_borders
from volumen.targets.label_patch import LabelPatch, list_objects, measure_edges
from volumen.targets.target import ArrayTarget
from volumen.targets.turning import Dimensions, Scalars

Halo = Annotated[float, Field(ge=0)]
Tube = Annotated[float, Field(ge=0)]


@final
@dataclass(frozen=True, kw_only=True)
class SkeletonTarget(ArrayTarget):
    """1 on the centre curves of objects, for losses that ask whether a tube is found along its whole length.

    Thinning in three dimensions shrinks a sheet to curves that say nothing of its extent: for sheets take
    `medial_surface`.

    Args:
        tube: units around the curve that count too, as far as the object goes.
        unit: voxels of the finest axis, or nm.
        halo: units of labels read past the faces of a patch.
        dimensions: 2 thins within each section; the patch's when not said.
    """

    activations = ("sigmoid", "none")
    parts = (Scalars(),)
    losses = ("cross_entropy", "dice")
    decoding = ("threshold",)
    names_voxels = True

    tube: Tube = 1.0
    unit: Unit = "voxel"
    halo: Halo = 0.0
    dimensions: Dimensions = 3

    def find_halo(self, voxel_size: VoxelSize | None) -> Shape:
        """The halo and the tube, in voxels."""
        return count_voxels(self.halo + self.tube, measure_edges(voxel_size, self.unit), self.dimensions)

    def encode_patch(self, patch: LabelPatch) -> tuple[Bool[np.ndarray, "1 z y x"], Bool[np.ndarray, "1 z y x"]]:
        """1 on curves, and where somebody looked."""
        if self.dimensions == 3:  # noqa: PLR2004 - all of space
            curves = skeletonize_curves(patch.labels)
        else:
            curves = find_medial_surface(patch.labels, axes=(0,))
        return draw_tubes(patch, curves, self.tube, self.unit)[None], patch.known[None]


@final
@dataclass(frozen=True, kw_only=True)
class MedialSurfaceTarget(ArrayTarget):
    """1 in the middle of sheets, for losses that ask whether a sheet is found over its whole extent.

    Sections across each of `axes` are thinned in two dimensions. A section along a sheet gives lines anywhere in it;
    asking that two axes agree leaves those out.

    Args:
        axes: across which the patch is cut: 0 is z.
        agreement: of how many axes a voxel needs; 1 joins what any of them finds.
        tube: units around the surface that count too, as far as the object goes.
        unit: voxels of the finest axis, or nm.
        halo: units of labels read past the faces of a patch.
    """

    activations = ("sigmoid", "none")
    parts = (Scalars(),)
    losses = ("cross_entropy", "dice")
    decoding = ("threshold",)
    names_voxels = True

    axes: Annotated[Sequence[int], Field(min_length=1)] = (0, 1, 2)
    agreement: Annotated[int, Field(ge=1)] | None = None
    tube: Tube = 1.0
    unit: Unit = "voxel"
    halo: Halo = 0.0

    def find_halo(self, voxel_size: VoxelSize | None) -> Shape:
        """The halo and the tube, in voxels."""
        return count_voxels(self.halo + self.tube, measure_edges(voxel_size, self.unit), 3)

    def encode_patch(self, patch: LabelPatch) -> tuple[Bool[np.ndarray, "1 z y x"], Bool[np.ndarray, "1 z y x"]]:
        """1 on surfaces, and where somebody looked."""
        surfaces = find_medial_surface(patch.labels, axes=tuple(self.axes), agreement=self.agreement)
        return draw_tubes(patch, surfaces, self.tube, self.unit)[None], patch.known[None]


@final
@dataclass(frozen=True, kw_only=True)
class SkeletonDistanceTarget(ArrayTarget):
    """How near a voxel is to the middle of its object: (b / (b + s))^power, 1 on the skeleton and 0 in the background.

    b is the distance to the border and s that to the object's own skeleton, both in lengths, so that voxels that
    are not cubes are no error (Lin et al. 2023, whose code takes lengths for voxel indices).

    Args:
        power: below 1 it falls less steeply from the skeleton.
        curves: centre curves, for tubes; if not, medial surfaces, for sheets.
        halo: units of labels read past the faces of a patch.
        unit: of the halo: voxels of the finest axis, or nm.
    """

    activations = ("sigmoid", "none")
    parts = (Scalars(),)
    losses = ("smooth_l1",)
    decoding = ("watershed",)
    linear = True

    power: Annotated[float, Field(gt=0)] = 0.8
    curves: bool = True
    halo: Halo = 0.0
    unit: Unit = "voxel"

    def find_halo(self, voxel_size: VoxelSize | None) -> Shape:
        """The halo in voxels."""
        return count_voxels(self.halo, measure_edges(voxel_size, self.unit), 3)

    def encode_patch(self, patch: LabelPatch) -> tuple[Float32[np.ndarray, "1 z y x"], Bool[np.ndarray, "1 z y x"]]:
        """Nearness, and where it is known."""
        edges = measure_edges(patch.voxel_size, "voxel")
        border, known = measure_borders(patch, edges, clip=None, dimensions=3)
        skeleton = skeletonize_curves(patch.labels) if self.curves else find_medial_surface(patch.labels)
        values = np.zeros(patch.shape, np.float32)
        for number, box in list_objects(patch.labels):
            part = patch.labels[box.slices] == number
            near = _measure_nearness(border[box.slices], skeleton[box.slices] == number, edges)
            values[box.slices][part] = near[part]
        return (values ** np.float32(self.power))[None], (patch.known & (known | ~patch.mask))[None]


def draw_tubes(
    patch: LabelPatch, curves: Int32[np.ndarray, "z y x"], radius: float, unit: Unit
) -> Bool[np.ndarray, "z y x"]:
    """Voxels of objects at most `radius` from the curves of their own object; curves through cavities are left out."""
    tubes: Bool[np.ndarray, "z y x"] = (curves == patch.labels) & patch.mask
    for step in list_steps(radius, measure_edges(patch.voxel_size, unit)):
        here, there = pair_slices(patch.shape, step)
        tubes[here] |= (curves[there] == patch.labels[here]) & patch.mask[here]
    return tubes


def _measure_nearness(
    border: Float32[np.ndarray, "z y x"], skeleton: Bool[np.ndarray, "z y x"], edges: tuple[float, float, float]
) -> Float32[np.ndarray, "z y x"]:
    """The share b / (b + s); 1 where the object has no border in sight."""
    import edt

    away = edt.edt(np.ascontiguousarray(~skeleton), anisotropy=edges)
    share: Float32[np.ndarray, "z y x"] = border / np.maximum(border + away, np.float32(1e-6))
    return share
