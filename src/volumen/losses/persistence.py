"""Losses of topological features: components, tunnels and cavities of a prediction as its threshold falls.

All look at a part of each sample, another one each step, and move only the voxels at which features begin and end.
What nobody looked at is 0 in prediction and truth alike, so that the same is cut off from both. In a prediction far
from the truth most features are noise: begin late (`start_epoch`), grow slowly (`ramp`), and ask rarely (`every`).
"""

import abc
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal, NamedTuple, final

import numpy as np
import torch
from jaxtyping import Float, Float32
from pydantic import Field
from torch import Tensor

from volumen.losses.crops import draw_crop
from volumen.losses.loss import Compared, Loss, LossContext, Scalar, open_region
from volumen.morphology import Intervals, Matching, match_persistence, measure_persistence

Dimension = Literal[0, 1, 2]
Dimensions = Annotated[Sequence[Dimension], Field(min_length=1)]
Values = Float32[np.ndarray, "z y x"]
HALF = 0.5


class Crop(NamedTuple):
    """A part of one channel of one sample: probabilities in C order, and both as arrays."""

    probability: Float[Tensor, " voxels"]
    predicted: Values
    true: Values


class TopologyLoss(Loss):
    """A loss of the features in a part of each channel of each sample: the mean over those that have any weight.

    Args:
        dimensions: 0 for components, 1 for tunnels, 2 for cavities.
        crop: edge of that part in voxels; at 64 it takes about a second of one core a sample and channel.
    """

    finest_only = True

    def __init__(self, *, dimensions: Dimensions = (0, 1, 2), crop: Annotated[int, Field(ge=2, le=128)] = 48) -> None:
        self.dimensions = dimensions
        self.crop = crop

    @final
    def judge(self, compared: Compared, context: LossContext) -> Scalar:
        """0 when prediction and truth have the same features, certain in the prediction."""
        costs = [self.measure(crop) for crop in self._list_crops(compared, context)]
        return torch.stack(costs).mean() if costs else 0 * compared.prediction.sum()

    @abc.abstractmethod
    def measure(self, crop: Crop) -> Scalar:
        """What the features of one part cost."""

    def _list_crops(self, compared: Compared, context: LossContext) -> Iterator[Crop]:
        region = open_region(compared, context.head)
        seen = (region.weight > 0).to(region.probability.dtype)
        probability, truth = region.probability * seen, (region.truth * seen).cpu().numpy()
        predicted, known = probability.detach().cpu().numpy(), seen.amin(1).cpu().numpy() > 0
        for sample, channel in np.ndindex(*predicted.shape[:2]):
            if known[sample].any():
                wanted = (predicted[sample, channel] > HALF) | (truth[sample, channel] > HALF)
                part = draw_crop(wanted, self.crop, step=context.step, sample=sample).slices
                values = probability[sample, channel][part].reshape(-1)
                yield Crop(values, predicted[sample, channel][part], truth[sample, channel][part])


@final
class Persistence(TopologyLoss):
    """As many features as the truth has, made certain, and the others made to vanish (Hu et al. 2019).

        L = (Σ_{the β that last longest} ((1 − b)² + d²) + Σ_{the others} ½ (b − d)² + (max p − max t)²) / (1 + Σ β)

    with b and d the probabilities at which a feature begins and ends, and β how many the truth has in each dimension.
    Where they lie is not looked at: see `betti_matching`.
    """

    def measure(self, crop: Crop) -> Scalar:
        """What is missing and what is too much."""
        predicted, true = measure_persistence(crop.predicted), measure_persistence(crop.true)
        costs = [_judge_oldest(crop)]
        for dimension in self.dimensions:
            births, deaths = read_ends(crop.probability, predicted[dimension])
            order = (births - deaths).detach().argsort(descending=True, stable=True)
            wanted = len(true[dimension])
            kept, others = order[:wanted], order[wanted:]
            costs += [
                (1 - births[kept]).square().sum() + deaths[kept].square().sum(),
                HALF * (births[others] - deaths[others]).square().sum(),
                torch.as_tensor(HALF * (wanted - len(kept)), device=births.device),
            ]
        return torch.stack(costs).sum() / (1 + sum(len(true[dimension]) for dimension in self.dimensions))


@final
class BettiMatching(TopologyLoss):
    """Features in the same places as the truth's (Stucki et al. 2023, 2024: Betti matching).

        L = (Σ_{matched} ((b − b_t)² + (d − d_t)²) + Σ_{the others} ½ (b − d)² + (max p − max t)²) / (1 + Σ β)

    over the features of prediction and truth, with b and d the probabilities at which they begin and end; the truth's
    others cost ½ each. Features match that become one when prediction and truth are laid over each other.
    """

    def measure(self, crop: Crop) -> Scalar:
        """What is in one and not in the other, and what is less than certain."""
        matchings = match_persistence(crop.predicted, crop.true)
        chosen = [matchings[dimension] for dimension in self.dimensions]
        costs = [_judge_oldest(crop), *(self._judge(crop, matching) for matching in chosen)]
        return torch.stack(costs).sum() / (1 + sum(len(matching.second) for matching in chosen))

    @staticmethod
    def _judge(crop: Crop, matching: Matching) -> Scalar:
        births, deaths = read_ends(crop.probability, matching.first)
        true = torch.from_numpy(crop.true.ravel()).to(births.device)
        true_births, true_deaths = read_ends(true, matching.second)
        ours, theirs = (
            torch.from_numpy(numbers).to(births.device) for numbers in (matching.in_first, matching.in_second)
        )
        matched = (births[ours] - true_births[theirs]).square() + (deaths[ours] - true_deaths[theirs]).square()
        price = HALF * (births - deaths).square()
        missed = HALF * (true_births - true_deaths).square()
        return matched.sum() + price.sum() - price[ours].sum() + missed.sum() - missed[theirs].sum()


def read_ends(
    values: Float[Tensor, " voxels"], intervals: Intervals
) -> tuple[Float[Tensor, " features"], Float[Tensor, " features"]]:
    """Values at which features begin and end."""
    births, deaths = (torch.from_numpy(voxels).to(values.device) for voxels in (intervals.births, intervals.deaths))
    return values[births], values[deaths]


def _judge_oldest(crop: Crop) -> Scalar:
    """The component that never ends: it begins at the largest value."""
    return (crop.probability.max() - float(crop.true.max())).square()
