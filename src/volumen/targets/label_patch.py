"""The labels of one patch in memory: objects renumbered, and which voxels somebody looked at."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Int32, Integer

from volumen.errors import DataError
from volumen.geometry import Box, Shape, VoxelSize, to_shape
from volumen.heads import Unit


@dataclass(frozen=True)
class LabelPatch:
    """Objects of a patch: 1 to n, 0 where there is none and where nobody looked.

    Args:
        labels: which object each voxel is of.
        known: where somebody looked.
        voxel_size: in nm; None when unknown.
        halo: voxels at each face that are context only: what is said of them is thrown away.
    """

    labels: Int32[np.ndarray, "z y x"]
    known: Bool[np.ndarray, "z y x"]
    voxel_size: VoxelSize | None = None
    halo: Shape = (0, 0, 0)

    @property
    def shape(self) -> Shape:
        """Voxels along each axis."""
        z, y, x = self.labels.shape
        return z, y, x

    @cached_property
    def mask(self) -> Bool[np.ndarray, "z y x"]:
        """Where there is an object."""
        return self.labels > 0

    def merge(self) -> "LabelPatch":
        """The same with all objects as one."""
        return replace(self, labels=self.mask.astype(np.int32))

    def list_sections(self) -> "Iterator[LabelPatch]":
        """Every section along z as a patch of its own."""
        for z in range(len(self.labels)):
            halo = (0, self.halo[1], self.halo[2])
            yield replace(self, labels=self.labels[z : z + 1], known=self.known[z : z + 1], halo=halo)


def read_patch(
    labels: Integer[np.ndarray, "z y x"],
    *,
    ignore: int,
    voxel_size: VoxelSize | None = None,
    foreground: Sequence[int] | None = None,
    halo: Shape = (0, 0, 0),
) -> LabelPatch:
    """A patch from labels as they are: ids of any size become 1 to n without passing through float.

    Args:
        labels: class or instance numbers.
        ignore: their value where nobody looked.
        voxel_size: of the patch.
        foreground: labels that count as objects; None stands for all above 0.
        halo: voxels at each face that are context only.
    """
    import fastremap

    known = labels != ignore
    seen = labels if known.all() else np.where(known, labels, 0)
    lowest = int(seen.min(initial=0))
    if lowest < 0:
        raise DataError(
            f"label {lowest} is not one that this target knows: 0 and above are allowed, and {ignore} where nobody "
            "looked; correct the labels or data.ignore"
        )
    if foreground is not None:
        seen = np.where(np.isin(seen, foreground), seen, 0)
    numbers, _ = fastremap.renumber(np.ascontiguousarray(seen), preserve_zero=True)
    return LabelPatch(numbers.astype(np.int32), known, voxel_size, halo)


def list_objects(labels: Int32[np.ndarray, "z y x"]) -> Iterator[tuple[int, Box]]:
    """Number and bounding box of each object."""
    from scipy.ndimage import find_objects

    for number, slices in enumerate(find_objects(labels), start=1):
        if slices is not None:
            yield number, Box(to_shape([each.start for each in slices]), to_shape([each.stop for each in slices]))


def measure_edges(voxel_size: VoxelSize | None, unit: Unit) -> tuple[float, float, float]:
    """Edges of a voxel in nm, or counted in those of its finest axis."""
    if unit == "nm":
        if voxel_size is None:
            raise DataError("lengths in nm need cases with a voxel size; give the images one, or write unit: voxel")
        return voxel_size.z, voxel_size.y, voxel_size.x
    if voxel_size is None:
        return 1.0, 1.0, 1.0
    finest = min(voxel_size)
    return voxel_size.z / finest, voxel_size.y / finest, voxel_size.x / finest
