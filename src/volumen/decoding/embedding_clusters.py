"""Objects from embeddings: voxels that lie together in the space of the head."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64
from pydantic import Field

from volumen.decoding.head_maps import Role, refuse_binary, refuse_other_target
from volumen.decoding.step import Labels, Maps, Share, Voxels
from volumen.morphology import relabel

Points = Float32[np.ndarray, "voxels d"]
Numbers = Int64[np.ndarray, " _"]
Centre = Float64[np.ndarray, " d"]


@dataclass(frozen=True)
class EmbeddingClusters:
    """Foreground in clusters, one after the other: a mean shift from the first voxel that has none finds the next.

    A cluster is all that lies within `bandwidth` of where its mean comes to rest (De Brabandere et al. 2017). Voxels of
    clusters smaller than `size` go to the nearest other. The order is fixed, so the same prediction gives the same
    labels. Holds 4 bytes for each channel and 17 more of every voxel of the foreground.

    Args:
        bandwidth: radius of a cluster; the margin within which the loss pulls (δv) suits.
        size: voxels of the smallest cluster.
        iterations: steps of a mean shift at most.
        foreground_threshold: probability from which on a voxel is an object's.
        foreground_class: the class that is, where the foreground has several; any but 0 when not said.
        head: which head; the first that gives embeddings when not said.
        foreground: the head that says which voxels are objects; the first that does when not said.
    """

    takes: ClassVar = "heads"
    roles: ClassVar = (Role("head", refuse_other_target("embedding")), Role("foreground", refuse_binary))

    bandwidth: Annotated[float, Field(gt=0)] = 0.5
    size: Voxels = 1
    iterations: Annotated[int, Field(ge=1)] = 20
    foreground_threshold: Share = 0.5
    foreground_class: int | None = None
    head: str | None = None
    foreground: str | None = None

    def __call__(self, maps: Maps) -> Labels:
        """The labels, from 1 in the order in which clusters were found."""
        mask = maps["foreground"].find_foreground(self.foreground_threshold, self.foreground_class)
        labels = np.zeros(mask.shape, np.int64)
        labels[mask] = self._cluster(maps["head"].values[:, mask].T.astype(np.float32))
        return relabel(labels)

    def _cluster(self, points: Points) -> Numbers:
        """The number of each point's cluster, from 1; 0 where no cluster is large enough."""
        numbers = np.zeros(len(points), np.int64)
        left, centres = np.arange(len(points)), []
        while len(left):
            centre, near = self._shift(points, left)
            if np.count_nonzero(near) >= self.size:
                centres.append(centre)
                numbers[left[near]] = len(centres)
            left = left[~near]
        if centres:
            rest = numbers == 0
            numbers[rest] = _find_nearest(points[rest], np.stack(centres)) + 1
        return numbers

    def _shift(self, points: Points, left: Numbers) -> tuple[Centre, Bool[np.ndarray, " left"]]:
        """Where the mean of what lies near the first point comes to rest, and which points are near that place."""
        from volumen.decoding.cluster_kernels import find_near

        centre = points[left[0]].astype(np.float64)
        near, mean = find_near(points, left, centre, self.bandwidth)
        for _ in range(self.iterations):
            moved, further = find_near(points, left, mean, self.bandwidth)
            if not moved.any() or np.array_equal(moved, near):
                break
            near, centre, mean = moved, mean, further
        near[0] = True  # so that every round takes one away
        return centre, near


def _find_nearest(points: Points, centres: Float64[np.ndarray, "centres d"]) -> Numbers:
    """The nearest centre of each point."""
    from scipy.spatial import cKDTree

    _, nearest = cKDTree(centres).query(points)
    return np.asarray(nearest, np.int64)
