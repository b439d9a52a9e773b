"""Skeletons of true objects: points in nm joined by edges, as somebody drew them or traced in labels."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64, UInt64

from volumen.errors import DataError
from volumen.geometry import Box, VoxelSize
from volumen.metrics.sources import Ignore, Source, check_shapes, find_origin, read_ignored, read_labels
from volumen.morphology import trace_centrelines


@dataclass(frozen=True)
class Skeletons:
    """Points of the middle of objects, and which of them are joined.

    Args:
        points: z y x in nm; the first voxel reaches from the volume's offset (0 when it has none) to one edge farther.
        edges: pairs of places in `points`, both of one object.
        objects: the object of each point; several trees may be one object.
        no_merge: a mask that is not 0 where no object with a skeleton may be, as an array or a volume.
    """

    points: Float64[np.ndarray, "points 3"]
    edges: Int64[np.ndarray, "edges 2"]
    objects: UInt64[np.ndarray, " points"]
    no_merge: Source | None = None

    def __post_init__(self) -> None:
        ends = self.edges
        if ends.min(initial=0) < 0 or ends.max(initial=-1) >= len(self.points):
            raise DataError(f"edges of skeletons join places from 0 to {len(self.points) - 1}; got {ends.max()}")
        if (self.objects[ends[:, 0]] != self.objects[ends[:, 1]]).any():
            raise DataError("an edge of the skeletons joins points of two objects; an edge belongs to one")

    @property
    def lengths(self) -> Float64[np.ndarray, " edges"]:
        """Length of each edge in nm."""
        steps = self.points[self.edges[:, 0]] - self.points[self.edges[:, 1]]
        lengths: Float64[np.ndarray, " edges"] = np.linalg.norm(steps, axis=1)
        return lengths


def trace_skeletons(
    truth: Source, *, voxel_size: VoxelSize, ignore: Ignore = None, scale: float = 2.0, constant: float = 300.0
) -> Skeletons:
    """Skeletons of every object of a label volume, which is held whole, with some 50 bytes a voxel.

    They are the trees of `volumen.morphology.trace_centrelines`; ignored voxels belong to no object.

    Args:
        truth: instance labels, as an array or a volume.
        voxel_size: of the truth.
        ignore: a value of the truth, or a mask that is not 0 where nothing counts.
        scale: how far a branch reaches, in distances to the border; shorter side branches are left out.
        constant: how much farther, in nm.
    """
    box = Box.whole(check_shapes(truth, truth, ignore))
    labels = read_labels(truth, box, name="truth")
    objects = np.where(read_ignored(ignore, labels, box), np.zeros(1, labels.dtype), labels)
    lines = trace_centrelines(objects, tuple(voxel_size), scale=scale, constant=constant)
    return Skeletons(lines.points + find_origin(truth), lines.edges, lines.labels.astype(np.uint64))
