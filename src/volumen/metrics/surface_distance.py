"""How far two surfaces lie apart: Hausdorff distance at 95 %, and the average symmetric surface distance.

A surface is the foreground voxels that have background on one of their six sides; beyond the faces of the volume, and
where ignored, all is background. Distances are Euclidean between centres of voxels. So MONAI and MedPy define it;
DeepMind's surface-distance weighs elements of a mesh by their area instead.
Without a halo both masks are held whole: about 9 bytes a voxel. With one, a block and its halo; distances up to it are
exact, farther ones count as just that far, and `…_beyond` says of how many voxels: then the score is a lower bound.
Two empty surfaces are 0 apart; one that is empty is infinitely far.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from volumen.errors import ConfigError
from volumen.geometry import Box, VoxelSize
from volumen.metrics.apart import DistanceCounts, Unit, choose_sampling, measure_apart
from volumen.metrics.sources import Ids, Ignore, Mask, Source, check_shapes, fill_masks, find_foreground

PERCENT = 95
Measured = dict[int | None, tuple[DistanceCounts, DistanceCounts]]


@dataclass(frozen=True)
class Hausdorff95Score:
    """Hausdorff distance at 95 %, 0 is best; voxels farther than the halo; each class's distance."""

    hausdorff95: float
    hausdorff95_beyond: int
    classes: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class SurfaceDistanceScore:
    """Average symmetric surface distance, 0 is best; voxels farther than the halo; each class's distance."""

    surface_distance: float
    surface_distance_beyond: int
    classes: Mapping[int, float] = field(default_factory=dict)


def score_hausdorff95(
    prediction: Source,
    truth: Source,
    *,
    unit: Unit = "voxels",
    voxel_size: VoxelSize | None = None,
    ignore: Ignore = None,
    classes: Sequence[int] | None = None,
    halo: float | None = None,
) -> Hausdorff95Score:
    """Hausdorff distance at 95 %: the greater of the two 95th percentiles of distances between the surfaces.

    Args:
        prediction: labels, as an array or a volume.
        truth: labels of the same shape.
        unit: of distances and halo.
        voxel_size: needed for nm.
        ignore: a value of the truth, or a mask that is not 0 where nothing counts.
        classes: labels to score one by one, whose mean is the score; None takes all but 0 as foreground.
        halo: how far to look, block by block; None measures the whole volume at once.
    """
    sampling = choose_sampling(unit, voxel_size, metric="hausdorff95")
    pairs = _measure_classes(prediction, truth, ignore, classes, sampling=sampling, halo=halo)
    each = {label: max(counts.find_percentile(PERCENT) for counts in pair) for label, pair in pairs.items()}
    return Hausdorff95Score(*_summarise(each, pairs))


def score_surface_distance(
    prediction: Source,
    truth: Source,
    *,
    unit: Unit = "voxels",
    voxel_size: VoxelSize | None = None,
    ignore: Ignore = None,
    classes: Sequence[int] | None = None,
    halo: float | None = None,
) -> SurfaceDistanceScore:
    """Average symmetric surface distance: the mean over the voxels of both surfaces of how far the other is.

    Arguments as for `score_hausdorff95`.
    """
    sampling = choose_sampling(unit, voxel_size, metric="surface_distance")
    pairs = _measure_classes(prediction, truth, ignore, classes, sampling=sampling, halo=halo)
    each = {label: there.join(back).average() for label, (there, back) in pairs.items()}
    return SurfaceDistanceScore(*_summarise(each, pairs))


@dataclass(frozen=True)
class _Surfaces:
    """The surfaces of one class, or of all foreground, read box by box."""

    prediction: Source
    truth: Source
    ignore: Ignore
    label: int | None

    def read(self, box: Box) -> tuple[Mask, Mask]:
        """Both surfaces in a box, which needs one voxel more around it."""
        grown = box.grow((1, 1, 1)).clip(Box.whole(self.truth.shape))
        masks = fill_masks(self._select, grown, prediction=self.prediction, truth=self.truth, ignore=self.ignore)
        inner = box.relative_to(grown.start).slices
        one, other = (_find_surface(mask)[inner] for mask in masks)
        return one, other

    def _select(self, predicted: Ids, true: Ids, ignored: Mask) -> tuple[Mask, Mask]:
        if self.label is None:
            one = find_foreground(predicted, ignored, name="prediction")
            return one, find_foreground(true, ignored, name="truth")
        return (predicted == self.label) & ~ignored, (true == self.label) & ~ignored


def _measure_classes(
    prediction: Source,
    truth: Source,
    ignore: Ignore,
    classes: Sequence[int] | None,
    *,
    sampling: Sequence[float],
    halo: float | None,
) -> Measured:
    """Distances between the surfaces of each class, in both directions; None stands for all foreground."""
    if classes is not None and not classes:
        raise ConfigError("classes to score must be one or more labels; leave the option out to score the foreground")
    shape = check_shapes(prediction, truth, ignore)
    labels: Sequence[int | None] = classes or [None]
    return {
        label: measure_apart(_Surfaces(prediction, truth, ignore, label).read, shape, sampling=sampling, halo=halo)
        for label in labels
    }


def _summarise(each: Mapping[int | None, float], pairs: Measured) -> tuple[float, int, dict[int, float]]:
    """The mean over classes, voxels beyond the halo in all, and each class's distance."""
    beyond = sum(counts.beyond for pair in pairs.values() for counts in pair)
    return sum(each.values()) / len(each), beyond, {label: one for label, one in each.items() if label is not None}


def _find_surface(mask: Mask) -> Mask:
    """Foreground voxels with background on one of six sides, or at a face of the array."""
    inside = mask.copy()
    for axis in range(mask.ndim):
        here, there = np.moveaxis(inside, axis, 0), np.moveaxis(mask, axis, 0)
        here[1:] &= there[:-1]
        here[:-1] &= there[1:]
        here[[0, -1]] = False
    surface: Mask = mask & ~inside
    return surface
