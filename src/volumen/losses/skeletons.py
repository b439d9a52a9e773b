"""Losses that compare skeletons: of tubes their centrelines, of sheets their medial surfaces.

All count single voxels, so they are asked at the finest level only. None of them is a loss by itself: a prediction
that has the right skeleton can be of any thickness.
"""

from typing import Annotated, Any, NamedTuple, final

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from volumen.config import Component
from volumen.losses.boundary import DISTANCE, HALF, ask_distance, measure_border
from volumen.losses.filters import smooth_gaussian
from volumen.losses.loss import Compared, Loss, LossContext, Region, Scalar, open_foreground, open_region
from volumen.losses.soft_morphology import Neighbours, skeletonise

AXES = (0, 2, 3, 4)
TINY = 1e-6
Iterations = Annotated[int, Field(ge=1, le=50)]
Smooth = Annotated[float, Field(gt=0)]
Maps = Float[Tensor, "b c z y x"]


@final
class CentrelineDice(Loss):
    """One minus soft clDice: skeletons that lie within the other's mask (Shit et al. 2021).

        T_p = (Σ w S(p) t + s) / (Σ w S(p) + s),  T_s = (Σ w S(t) p + s) / (Σ w S(t) + s)
        L = 1 − 2 T_p T_s / (T_p + T_s)

    with S the soft skeleton; that of the truth carries no gradient. Sums are over the batch, the mean over channels.

    Args:
        iterations: erosions: half of the greatest thickness in voxels.
        smooth: s above, in voxels.
    """

    finest_only = True

    def __init__(self, *, iterations: Iterations = 3, smooth: Smooth = 1.0) -> None:
        self.iterations = iterations
        self.smooth = smooth

    def judge(self, compared: Compared, context: LossContext) -> Scalar:
        """0 when each skeleton lies in the other's mask, 1 when both lie outside."""
        region = open_region(compared, context.head)
        predicted, true = draw_skeletons(region, region.truth, self.iterations)
        return compare_skeletons(region, predicted, true, self.smooth)


@final
class SurfaceDice(Loss):
    """clDice for sheets: skeletons by erosion with a box, the truth's of its smoothed mask (MemBrain-seg, Lamm 2024).

    A box erodes a sheet evenly whichever way it runs, and smoothing takes the steps off its faces, so that fewer stray
    branches count. The truth's skeleton stays within the truth: the truth itself costs nothing.

    Args:
        iterations: erosions: half of the greatest thickness in voxels.
        sigma: of the Gaussian that smooths the truth, in voxels; 0 leaves it as it is.
        gain: by which the smoothed truth is multiplied, at most to 1.
        smooth: what is added to both sides of each fraction, in voxels.
    """

    finest_only = True

    def __init__(
        self,
        *,
        iterations: Iterations = 5,
        sigma: Annotated[float, Field(ge=0)] = 2.0,
        gain: Annotated[float, Field(gt=0)] = 1.5,
        smooth: Smooth = 1.0,
    ) -> None:
        self.iterations = iterations
        self.sigma = sigma
        self.gain = gain
        self.smooth = smooth

    def judge(self, compared: Compared, context: LossContext) -> Scalar:
        """0 when each skeleton lies in the other's mask, 1 when both lie outside."""
        region = open_region(compared, context.head)
        predicted, true = draw_skeletons(region, self._round(region), self.iterations, "box")
        return compare_skeletons(region, predicted, true * region.truth, self.smooth)

    def _round(self, region: Region) -> Maps:
        if self.sigma == 0:
            return region.truth
        return (self.gain * smooth_gaussian(region.truth, (region.weight > 0).float(), self.sigma)).clamp(max=1)


@final
class MorphologicalSkeleton(Loss):
    """One minus the soft Dice of both soft skeletons: the prediction's middle must lie where the truth's does.

        L = 1 − (2 Σ w S(p) S(t) + s) / (Σ w S(p)² + Σ w S(t)² + s)

    Stricter than clDice, which is content with a skeleton anywhere within the mask.

    Args:
        iterations: erosions: half of the greatest thickness in voxels.
        smooth: s above, in voxels.
    """

    finest_only = True

    def __init__(self, *, iterations: Iterations = 3, smooth: Smooth = 1.0) -> None:
        self.iterations = iterations
        self.smooth = smooth

    def judge(self, compared: Compared, context: LossContext) -> Scalar:
        """0 when the skeletons are the same, 1 when they have nothing in common."""
        region = open_region(compared, context.head)
        predicted, true = draw_skeletons(region, region.truth, self.iterations)
        shared = (region.weight * predicted * true).sum(AXES)
        size = (region.weight * (predicted.square() + true.square())).sum(AXES)
        return (1 - (2 * shared + self.smooth) / (size + self.smooth)).mean()


@final
class SkeletonRecall(Loss):
    """How much of the truth's skeleton is missed (Kirchhoff et al. 2024, Skeleton Recall Loss).

        L = 1 − (Σ w S t p + s) / (Σ w S t + s)

    for each channel, S being a target of the same label that costs nothing here. In three dimensions a sheet's skeleton
    by thinning is a few curves, which cover a sixth of it: sheets need the medial surface. It finds more and joins
    more, for nothing in it speaks against foreground.

    Args:
        of: the target that gives S: `medial_surface` for sheets, `skeleton` for tubes.
        smooth: s above, in voxels.
    """

    finest_only = True

    def __init__(self, *, of: Component | str | dict[str, Any] = "medial_surface", smooth: Smooth = 1.0) -> None:
        self.maps = (Component.model_validate(of),)
        self.smooth = smooth

    def judge(self, compared: Compared, context: LossContext) -> Scalar:
        """0 when all of the skeleton is found, 1 when none is."""
        region = open_region(compared, context.head)
        skeleton = context.maps[self.maps[0].name]
        wanted = (skeleton.values > 0) * skeleton.weight * region.weight * region.truth
        return (1 - ((wanted * region.probability).sum(AXES) + self.smooth) / (wanted.sum(AXES) + self.smooth)).mean()


@final
class CentrelineBoundaryDice(Loss):
    """clDice that looks at thickness too (Shi et al. 2024, Centerline Boundary Dice; its weights for 3D).

    Each mask's voxels count by their distance from its border, its skeleton's by one over the squared radius there,
    both relative to the largest radius: thin tubes count as much as thick ones, and errors of radius cost. Skeletons
    and distances are those of p > ½ and carry no gradient; probabilities do. On sheets of one thickness radii say
    nothing.

    Args:
        iterations: erosions: half of the greatest thickness in voxels, and the greatest radius that counts.
        smooth: what is added to both sides of each fraction.
    """

    finest_only = True

    def __init__(self, *, iterations: Iterations = 10, smooth: Smooth = 1.0) -> None:
        self.iterations = iterations
        self.smooth = smooth
        self.maps = (ask_distance(float(iterations)),)

    def judge(self, compared: Compared, context: LossContext) -> Scalar:
        """0 when they agree, 1 when they are apart."""
        region = open_foreground(compared, context.head)
        seen, mask = find_seen(region), ((region.probability > HALF) & (region.weight > 0)).float()
        distances = context.maps[DISTANCE].values.abs(), measure_border(region, context)
        true_distance, distance = (both.clamp(max=self.iterations) for both in distances)
        with torch.no_grad():
            true = measure_radii(region.truth, true_distance, seen, self.iterations)
            predicted = measure_radii(mask, distance, seen, self.iterations)
        predicted = predicted.weigh(region.probability)
        precision = self._compare(predicted, true, region.weight)
        sensitivity = self._compare(true, predicted, region.weight)
        return 1 - 2 * precision * sensitivity / (precision + sensitivity)

    def _compare(self, one: "Radii", other: "Radii", weight: Tensor) -> Scalar:
        """How much of the first's skeleton lies within the second's mask, where it is as thick."""
        thickness = torch.where(other.skeleton > 0, other.skeleton, one.skeleton)
        shared, whole = (weight * one.slimness * other.mask).sum(), (weight * one.slimness * thickness).sum()
        return (shared + self.smooth) / (whole + self.smooth)


class Radii(NamedTuple):
    """A mask as distances from its border, its skeleton as radii, and one over their squares; the largest is 1."""

    mask: Maps
    skeleton: Maps
    slimness: Maps

    def weigh(self, probability: Maps) -> "Radii":
        """The same by probabilities; the radii that others are compared with stay as they are."""
        return self._replace(mask=self.mask * probability, slimness=self.slimness * probability)


def measure_radii(mask: Maps, distance: Maps, seen: Tensor | None, iterations: int) -> Radii:
    """Radii of a mask, sample by sample."""
    skeleton = skeletonise(mask, seen, iterations=iterations) > HALF
    inside = (distance + HALF) * mask
    largest = (inside * skeleton).flatten(1).amax(1).clamp(min=HALF).view(-1, 1, 1, 1, 1)
    relative = (inside / largest).clamp(max=1)
    radii = relative * skeleton
    return Radii(relative, radii, skeleton / radii.square().clamp(min=TINY))


def draw_skeletons(region: Region, truth: Maps, iterations: int, neighbours: Neighbours = "cross") -> tuple[Maps, Maps]:
    """The soft skeletons of prediction and truth; that of the truth carries no gradient."""
    seen = find_seen(region)
    with torch.no_grad():
        true = skeletonise(truth, seen, iterations=iterations, neighbours=neighbours)
    return skeletonise(region.probability, seen, iterations=iterations, neighbours=neighbours), true


def find_seen(region: Region) -> Float[Tensor, "b 1 z y x"] | None:
    """1 where somebody looked, for the morphology; None when that is everywhere."""
    seen = region.weight.amin(1, keepdim=True) > 0
    return None if bool(seen.all()) else seen.float()


def compare_skeletons(region: Region, predicted: Maps, true: Maps, smooth: float) -> Scalar:
    """One minus the harmonic mean of the shares of each skeleton in the other's mask, and its mean over channels."""
    predicted, true = predicted * region.weight, true * region.weight
    precision = ((predicted * region.truth).sum(AXES) + smooth) / (predicted.sum(AXES) + smooth)
    sensitivity = ((true * region.probability).sum(AXES) + smooth) / (true.sum(AXES) + smooth)
    return (1 - 2 * precision * sensitivity / (precision + sensitivity)).mean()
