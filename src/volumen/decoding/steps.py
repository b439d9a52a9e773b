"""The kit that cleans masks and labels up.

Components are 26-connected, cavities 6-connected; every size is counted in voxels, in three dimensions.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from volumen.decoding.step import Labels, Mask, Radius, Voxels
from volumen.morphology import (
    close_ball,
    fill_holes,
    find_medial_surface,
    keep_large,
    open_ball,
    separate_by_watershed,
    skeletonize_curves,
)


@dataclass(frozen=True)
class KeepLarge:
    """Drops components of fewer than `voxels` voxels; touching labels are components of their own."""

    takes: ClassVar = "labels"
    voxels: Voxels = 100

    def __call__(self, labels: Labels) -> Labels:
        """What is left."""
        return keep_large(labels, self.voxels)


@dataclass(frozen=True)
class FillHoles:
    """Fills cavities of fewer than `voxels` voxels; what is open to the border in 3D is no cavity."""

    takes: ClassVar = "mask"
    voxels: Voxels = 50

    def __call__(self, mask: Mask) -> Mask:
        """The mask, filled."""
        return fill_holes(mask, self.voxels)


@dataclass(frozen=True)
class Closing:
    """Fills gaps that no ball of `radius` voxels fits in."""

    takes: ClassVar = "mask"
    radius: Radius = 1

    def __call__(self, mask: Mask) -> Mask:
        """The mask, closed."""
        return close_ball(mask, self.radius)


@dataclass(frozen=True)
class Opening:
    """Deletes parts that no ball of `radius` voxels fits in; a radius of 1 deletes sheets of two voxels."""

    takes: ClassVar = "mask"
    radius: Radius = 1

    def __call__(self, mask: Mask) -> Mask:
        """The mask, opened."""
        return open_ball(mask, self.radius)


@dataclass(frozen=True)
class StripBorder:
    """Clears the outermost `voxels` voxels at each face; an axis of one voxel has none."""

    takes: ClassVar = "labels"
    voxels: Voxels = 3

    def __call__(self, labels: Labels) -> Labels:
        """What is left."""
        inside = tuple(
            slice(self.voxels, max(extent - self.voxels, 0)) if extent > 1 else slice(None) for extent in labels.shape
        )
        kept = np.zeros_like(labels)
        kept[inside] = labels[inside]
        return kept


@dataclass(frozen=True)
class SeparateInstances:
    """Labels 1 to n: components of the mask, cut where a neck is at least `depth` voxels lower than both peaks."""

    takes: ClassVar = "mask"
    depth: Radius = 1

    def __call__(self, mask: Mask) -> Labels:
        """The labels."""
        return separate_by_watershed(mask, depth=self.depth)


@dataclass(frozen=True)
class Skeleton:
    """The centre curves of a mask or of each label; for tubes."""

    takes: ClassVar = "labels"

    def __call__(self, labels: Labels) -> Labels:
        """The curves, each under its object's number."""
        return skeletonize_curves(labels)


@dataclass(frozen=True)
class MedialSurface:
    """The middle of the sheets of a mask or of each label."""

    takes: ClassVar = "labels"

    def __call__(self, labels: Labels) -> Labels:
        """The surfaces, each under its object's number."""
        return find_medial_surface(labels)
