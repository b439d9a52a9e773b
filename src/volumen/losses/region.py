"""Losses over regions: how much prediction and truth overlap, and how far the prediction spreads."""

import abc
from typing import Annotated, final

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from volumen.losses.loss import Compared, Loss, LossContext, Scalar, average_samples, open_region

SPACE = (2, 3, 4)
# The contrast constant of SSIM, (0.03 × range)², and what keeps the root's slope finite for a constant prediction.
CONTRAST = 9e-4
TINY = 1e-8
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Sums = Float[Tensor, "..."]


class OverlapLoss(Loss):
    """A loss of the voxels that prediction and truth share, and of those that each has.

    Args:
        smooth: s of the formula, in voxels.
        batch: one overlap for the whole batch, which is steadier where samples hold little; else one a sample.
        background: whether channel 0 of a softmax head counts too.
    """

    def __init__(self, *, smooth: Positive = 1.0, batch: bool = True, background: bool = False) -> None:
        self.smooth = smooth
        self.batch = batch
        self.background = background

    @final
    def judge(self, compared: Compared, context: LossContext) -> Scalar:
        """0 when they agree, 1 when they are apart."""
        region = open_region(compared, context.head, background=self.background)
        axes = (0, *SPACE) if self.batch else SPACE
        probability = region.probability * region.weight
        overlap = (probability * region.truth).sum(axes)
        loss = self.measure(overlap, probability.sum(axes), (region.truth * region.weight).sum(axes))
        if self.batch:
            return loss.mean()
        return average_samples(loss, region.weight if loss.shape[1] > 1 else region.weight.amax(1, keepdim=True))

    @abc.abstractmethod
    def measure(self, overlap: Sums, predicted: Sums, true: Sums) -> Sums:
        """What each channel costs, or all together: of the batch, or of every sample."""


@final
class Dice(OverlapLoss):
    """One minus the soft Dice overlap (Milletari et al. 2016, V-Net; sums over the batch as in nnU-Net).

    For each channel, sums over voxels i by weight w:

        L = 1 − (2 Σ w p t + s) / (Σ w p + Σ w t + s)

    and the mean over channels. An empty truth is learned too: the smaller s, the harder it pulls.
    """

    def measure(self, overlap: Sums, predicted: Sums, true: Sums) -> Sums:
        """One minus the overlap of each channel."""
        return 1 - (2 * overlap + self.smooth) / (predicted + true + self.smooth)


@final
class GeneralisedDice(OverlapLoss):
    """Dice over all channels together, rare ones raised (Sudre et al. 2017, Generalised Dice Overlap).

        L = 1 − (2 Σ_c v_c Σ w p t + s) / (Σ_c v_c (Σ w p + Σ w t) + s),  v_c = 1 / (Σ w t)²

    A channel without any truth gets the largest v of the others.
    """

    def __init__(self, *, smooth: Positive = 1e-5, batch: bool = True, background: bool = True) -> None:
        super().__init__(smooth=smooth, batch=batch, background=background)

    def measure(self, overlap: Sums, predicted: Sums, true: Sums) -> Sums:
        """One minus the weighed overlap of all channels."""
        rarity = torch.where(true > 0, 1 / true.clamp(min=TINY).square(), 0)
        largest = rarity.amax(-1, keepdim=True)
        rarity = torch.where(true > 0, rarity, torch.where(largest > 0, largest, 1))
        shared, size = (rarity * overlap).sum(-1, keepdim=True), (rarity * (predicted + true)).sum(-1, keepdim=True)
        return 1 - (2 * shared + self.smooth) / (size + self.smooth)


@final
class Tversky(OverlapLoss):
    """Dice with a price of its own for each kind of error (Salehi et al. 2017; γ: Abraham and Khan 2019).

        L = (1 − (Σ w p t + s) / (Σ w p t + α Σ w p (1 − t) + β Σ w (1 − p) t + s))^γ

    α = β = ½ is Dice. A larger β finds more and joins more.

    Args:
        alpha: price of false foreground.
        beta: price of false background.
        gamma: γ; above 1 looks at what overlaps least.
        smooth: s above, in voxels.
        batch: one overlap for the whole batch; else one a sample.
        background: whether channel 0 of a softmax head counts too.
    """

    def __init__(
        self,
        *,
        alpha: NotNegative = 0.5,
        beta: NotNegative = 0.5,
        gamma: Positive = 1.0,
        smooth: Positive = 1.0,
        batch: bool = True,
        background: bool = False,
    ) -> None:
        super().__init__(smooth=smooth, batch=batch, background=background)
        self.alpha = alpha
        self.beta = beta
        self.gamma = gamma

    def measure(self, overlap: Sums, predicted: Sums, true: Sums) -> Sums:
        """The price of each channel's errors."""
        errors = self.alpha * (predicted - overlap) + self.beta * (true - overlap)
        loss = errors / (overlap + errors + self.smooth)
        return loss.clamp(min=TINY) ** self.gamma if self.gamma != 1 else loss


@final
class Variance(Loss):
    """How unlike the spread of prediction and truth is: keeps a prediction from going uniform.

    With σ the standard deviation over a sample's weighted voxels of the probability p and of the truth t,

        L = (σ_p − σ_t)² / (σ_p² + σ_t² + C)  =  1 − (2 σ_p σ_t + C) / (σ_p² + σ_t² + C)

    which is one minus the contrast term of SSIM (Wang et al. 2004), C = 0.03². It lies in 0 … 1, is 0 when the spreads
    are equal and near 1 when a prediction is uniform and the truth is not, and its slope does not vanish there.

    The scroll scripts used (1 − σ_p²)². A probability's variance is at most ¼, so that never fell below 0.56, drove
    every prediction towards half ones and half zeros whatever the truth, and had no slope at the uniform prediction it
    was to prevent.
    """

    def judge(self, compared: Compared, context: LossContext) -> Scalar:
        """0 when both spread alike, near 1 when only one is uniform."""
        region = open_region(compared, context.head, background=True)
        predicted = _measure_spread(region.probability, region.weight)
        true = _measure_spread(region.truth, region.weight)
        loss = (predicted - true).square() / (predicted.square() + true.square() + CONTRAST)
        return average_samples(loss, region.weight)


def _measure_spread(values: Float[Tensor, "b c z y x"], weight: Float[Tensor, "b w z y x"]) -> Float[Tensor, "b c"]:
    """Standard deviation of each sample's channels over voxels by weight."""
    total = weight.sum(SPACE, keepdim=True)
    total = total + (total == 0)
    mean = (values * weight).sum(SPACE, keepdim=True) / total
    return (((values - mean).square() * weight / total).sum(SPACE) + TINY).sqrt()
