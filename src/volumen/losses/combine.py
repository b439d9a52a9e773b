"""All losses of all heads in one sum: weights, schedules, masks, precision and deep supervision."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from volumen.config import HeadSection
from volumen.geometry import to_shape
from volumen.heads import HeadSpec
from volumen.losses.levels import Levels, Outputs, Targets
from volumen.losses.loss import Compared, LossContext, Scalar, activate
from volumen.losses.schedule import Moment
from volumen.losses.terms import MapRequest, Mask, Term, list_terms

# A coarser map counts half of the next finer one (Isensee et al. 2021).
LEVEL_RATIO = 0.5
START = Moment()


@dataclass(frozen=True)
class LossReport:
    """What a batch costs.

    Args:
        costs: by name the share of every loss that was due, all its levels together.
        start: zero, with a gradient of zero to every output that nothing was compared with.
        parts: for the log, the losses that were due: unweighted, at the finest level, detached.
        seen: for each part 1 when any voxel counted in it, else 0.
    """

    costs: dict[str, Tensor]
    start: Scalar
    parts: dict[str, Tensor]
    seen: dict[str, Tensor]

    @property
    def total(self) -> Scalar:
        """The sum of all costs."""
        return add_costs(self.costs, self.start)


def combine_losses(heads: Sequence[HeadSpec], sections: Mapping[str, HeadSection]) -> "LossSum":
    """The sum of every head's losses as a recipe lists them (`config.heads`).

    A loss that does not go with its head, or looks at a target that there is not, is a ConfigError.
    """
    listed = list_terms(heads, sections)
    return LossSum(tuple(listed.terms), listed.requests)


@final
@dataclass(frozen=True)
class LossSum:
    """Σ over heads and losses of weight × Σ over levels of share × loss; weights are taken as they are given.

    Shares of the levels are 1, ½, ¼ … divided by their sum. Coarser levels are compared with every second, fourth …
    voxel of target and weight: classes stay classes, and what was ignored has no say in any neighbour. Targets that
    are linear are compared in means over the voxels that somebody looked at.

    Args:
        terms: what is summed.
        maps: what is to be given beside the heads' own targets, by name.
    """

    terms: tuple[Term, ...]
    maps: Mapping[str, MapRequest] = field(default_factory=dict)

    def __call__(
        self,
        outputs: Outputs,
        targets: Targets,
        moment: Moment = START,
        *,
        class_ids: Int[Tensor, " b"] | None = None,
        voxel_size: Float[Tensor, "b 3"] | None = None,
    ) -> LossReport:
        """The sum and its parts, named `head/loss`.

        Args:
            outputs: logits of every head, finest first.
            targets: values and weight of every head and every map.
            moment: how far training has come.
            class_ids: for losses that look at them.
            voxel_size: for losses that measure lengths.
        """
        batch = Batch(Levels(outputs, targets), moment.step, class_ids, voxel_size)
        costs, parts, seen = {}, {}, {}
        with torch.autocast(batch.levels.device.type, enabled=False):
            for term in self.list_due(moment):
                scores = [batch.judge(term, level) for level in range(batch.count_levels(term))]
                costs[term.name] = term.weight * term.schedule.find_share(moment) * _average_levels(scores)
                parts[term.name] = scores[0].detach()
                seen[term.name] = batch.compare(term, 0).weight.any().float()
            return LossReport(costs, batch.levels.tie_unused(), parts, seen)

    def list_due(self, moment: Moment) -> Iterator[Term]:
        """The losses that are computed at a moment."""
        return (term for term in self.terms if term.schedule.is_due(moment))

    def list_never(self, epochs: int) -> list[str]:
        """Names of the losses that begin after so many epochs."""
        return [term.name for term in self.terms if term.schedule.start_epoch >= epochs]

    def list_maps(self, moment: Moment) -> set[str]:
        """Names of the maps that those losses look at."""
        return {name for term in self.list_due(moment) for name in term.maps.values()}


@dataclass(frozen=True)
class Batch:
    """What the losses of one batch look at."""

    levels: Levels
    step: int
    class_ids: Int[Tensor, " b"] | None
    voxel_size: Float[Tensor, "b 3"] | None

    def count_levels(self, term: Term) -> int:
        """Levels that a loss is asked at."""
        return 1 if term.loss.finest_only else self.levels.count(term.head.name)

    def judge(self, term: Term, level: int) -> Scalar:
        """A loss at one level."""
        return term.loss(*self.compare(term, level), self._describe(term, level))

    def compare(self, term: Term, level: int) -> Compared:
        """What a loss compares, weighed by its mask."""
        compared = self.levels.compare(term.head.name, level)
        if term.mask is None:
            return compared
        foreground = find_foreground(self.levels.list_predictions(level)[term.mask.head.name], term.mask)
        return compared._replace(weight=compared.weight * foreground)

    def _describe(self, term: Term, level: int) -> LossContext:
        compared = self.levels.compare(term.head.name, level)
        shape = to_shape(compared.weight.shape[2:])
        read = partial(self.levels.read_target, shape=shape)
        return LossContext(
            head=term.head,
            step=self.step,
            predictions=self.levels.list_predictions(level),
            targets={name: read(name) for name in term.loss.heads},
            maps={name: read(key) for name, key in term.maps.items()},
            class_ids=self.class_ids,
            voxel_size=self.voxel_size,
            strides=self.levels.find_strides(term.head.name, level),
        )


def add_costs(costs: Mapping[str, Tensor], start: Scalar) -> Scalar:
    """The sum of costs, from a zero on."""
    return torch.stack([start, *costs.values()]).sum()


def find_foreground(prediction: Float[Tensor, "b c z y x"], mask: Mask) -> Float[Tensor, "b 1 z y x"]:
    """1 where any channel but a background is more probable than the mask asks for, by the prediction itself."""
    probability = activate(prediction.detach().float(), mask.head)
    foreground = 1 - probability[:, :1] if mask.head.activation == "softmax" else probability.amax(1, keepdim=True)
    return (foreground > mask.above).float()


def _average_levels(scores: list[Tensor]) -> Tensor:
    """The mean over levels, each counting half of the finer one."""
    shares = [LEVEL_RATIO**number for number in range(len(scores))]
    total = torch.stack([share * score for share, score in zip(shares, scores, strict=True)]).sum()
    return total / sum(shares)
