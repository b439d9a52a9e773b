"""Distances to where an object meets something else."""

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, final

import numpy as np
from jaxtyping import Bool, Float32, Int32
from pydantic import Field

from volumen.errors import ConfigError
from volumen.geometry import Shape, VoxelSize
from volumen.heads import Activation, LengthSpec, Side, Unit
from volumen.targets.label_patch import LabelPatch, measure_edges
from volumen.targets.target import ArrayTarget
from volumen.targets.turning import Dimensions, Scalars

Length = Annotated[float, Field(gt=0)]


@final
@dataclass(frozen=True, kw_only=True)
class DistanceTarget(ArrayTarget):
    """The distance from a voxel's centre to that of the nearest voxel of another label.

    `inside` gives it in objects and 0 elsewhere, `outside` in the background. `signed` gives both, less half a voxel so
    that the border lies where labels meet: negative inside. Where an ignored voxel may be nearer than what was found,
    nothing is known. A clip makes distances exact at the faces of a patch: labels are read as far past them.

    Args:
        side: where distances are given.
        per_object: each object by itself; if not, objects that touch are one.
        unit: voxels of the finest axis, or nm.
        clip: the greatest distance, in units.
        scale: units that a value of 1 stands for.
        relative: each object's greatest distance is 1 instead; for `inside` only.
        halo: units of labels read past the faces of a patch; the clip when not said, else none.
        dimensions: 2 measures within each section only; the patch's when not said.
    """

    parts = (Scalars(),)
    losses = ("smooth_l1",)
    decoding = ("distance_mask",)
    linear = True

    side: Side = "signed"
    per_object: bool = False
    unit: Unit = "voxel"
    clip: Length | None = None
    scale: Length = 1.0
    relative: bool = False
    halo: Annotated[float, Field(ge=0)] | None = None
    dimensions: Dimensions = 3

    def __post_init__(self) -> None:
        if self.relative and self.side != "inside":
            raise ConfigError(f"only distances inside objects can be relative; got side: {self.side}")

    @property
    def activations(self) -> tuple[Activation, ...]:
        """A sigmoid only where values lie in 0 to 1."""
        return ("none", "sigmoid") if self.relative else ("none",)

    @cached_property
    def lengths(self) -> LengthSpec:
        """Unit, scale, side and clip."""
        return LengthSpec(self.unit, None if self.relative else self.scale, self.side, self.clip)

    def find_halo(self, voxel_size: VoxelSize | None) -> Shape:
        """The halo, or the clip, in voxels."""
        edges = measure_edges(voxel_size, self.unit)
        reach = find_reach(self.clip, edges) if self.halo is None else self.halo
        return count_voxels(reach, edges, self.dimensions)

    def encode_patch(self, patch: LabelPatch) -> tuple[Float32[np.ndarray, "1 z y x"], Bool[np.ndarray, "1 z y x"]]:
        """Distances, and where they are known."""
        edges = measure_edges(patch.voxel_size, self.unit)
        objects = patch if self.per_object else patch.merge()
        if self.side == "signed":
            values, known = measure_signed(objects, edges, clip=self.clip, dimensions=self.dimensions)
        else:
            values, known = measure_borders(objects, edges, clip=self.clip, dimensions=self.dimensions)
            given = patch.mask if self.side == "inside" else ~patch.mask
            values, known = np.where(given, values, np.float32(0)), patch.known & (known | ~given)
        return self._scale(values, objects)[None], known[None]

    def _scale(self, values: Float32[np.ndarray, "z y x"], patch: LabelPatch) -> Float32[np.ndarray, "z y x"]:
        if not self.relative:
            return values / np.float32(self.scale)
        greatest = np.zeros(int(patch.labels.max(initial=0)) + 1, np.float32)
        np.maximum.at(greatest, patch.labels.ravel(), values.ravel())
        greatest[greatest == 0] = 1
        scaled: Float32[np.ndarray, "z y x"] = values / greatest[patch.labels]
        return scaled


def find_reach(clip: float | None, edges: tuple[float, float, float]) -> float:
    """How far distances look; nowhere past a patch when nothing clips them."""
    return 0.0 if clip is None else clip + min(edges) / 2


def measure_signed(
    patch: LabelPatch, edges: tuple[float, float, float], *, clip: float | None, dimensions: Dimensions
) -> tuple[Float32[np.ndarray, "z y x"], Bool[np.ndarray, "z y x"]]:
    """The distance to where labels meet, negative in objects; and where it is certain."""
    half = min(edges) / 2
    distance, known = measure_borders(patch, edges, clip=None if clip is None else clip + half, dimensions=dimensions)
    distance = np.where(known, distance - np.float32(half), np.float32(0))
    return np.where(patch.mask, -distance, distance), known


def measure_borders(
    patch: LabelPatch, edges: tuple[float, float, float], *, clip: float | None, dimensions: Dimensions
) -> tuple[Float32[np.ndarray, "z y x"], Bool[np.ndarray, "z y x"]]:
    """From every known voxel to the nearest of another label (objects and background alike), and where it is certain.

    Without a clip, nothing is certain of a voxel that sees no other label.
    """
    distance = measure_numbers(np.where(patch.known, patch.labels + 1, 0), edges, dimensions)
    certain = np.isfinite(distance)
    if clip is not None:
        distance, certain = np.minimum(distance, np.float32(clip)), np.ones_like(certain)
    if not patch.known.all():
        unknown = measure_numbers(patch.known, edges, dimensions)
        certain &= (unknown > distance) | (unknown >= (np.inf if clip is None else clip))
    certain &= patch.known
    return np.where(certain, distance, np.float32(0)), certain


def measure_numbers(
    numbers: Bool[np.ndarray, "z y x"] | Int32[np.ndarray, "z y x"],
    edges: tuple[float, float, float],
    dimensions: Dimensions,
) -> Float32[np.ndarray, "z y x"]:
    """From every voxel above 0 to the nearest of another number; infinite where there is none."""
    import edt

    if dimensions == 3:  # noqa: PLR2004 - all of space
        distance: Float32[np.ndarray, "z y x"] = edt.edt(np.ascontiguousarray(numbers), anisotropy=edges)
        return distance
    return np.stack([edt.edt(np.ascontiguousarray(section), anisotropy=edges[1:]) for section in numbers])


def count_voxels(length: float, edges: tuple[float, float, float], dimensions: Dimensions) -> Shape:
    """Voxels that a length spans along each axis, rounded up."""
    z, y, x = (int(np.ceil(length / edge)) for edge in edges)
    return (z if dimensions == 3 else 0), y, x  # noqa: PLR2004 - not within sections only
