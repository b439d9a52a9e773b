"""All losses of all heads in one sum: ignored voxels, weights, precision and deep supervision are dealt with here."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from volumen.config import HeadSection, build_component
from volumen.errors import DataError, ShapeError
from volumen.heads import HeadSpec
from volumen.losses.loss import Loss, LossContext, Scalar

# A coarser map counts half of the next finer one (Isensee et al. 2021).
LEVEL_RATIO = 0.5


@dataclass(frozen=True)
class Term:
    """One loss of one head, its name in logs and its share of the total."""

    name: str
    head: HeadSpec
    loss: Loss
    weight: float


@dataclass(frozen=True)
class LossReport:
    """What is minimised, and for the log every part: unweighted, at the finest level, detached."""

    total: Scalar
    parts: dict[str, Tensor]


class Level(NamedTuple):
    """One resolution of a head: float32, zeros wherever nobody looked."""

    prediction: Float[Tensor, "b c z y x"]
    target: Float[Tensor, "b d z y x"]
    weight: Float[Tensor, "b 1 z y x"]


def combine_losses(heads: Sequence[HeadSpec], sections: Mapping[str, HeadSection]) -> "LossSum":
    """The sum of every head's losses as a recipe lists them (`config.heads`), tried once on a patch of 4³.

    The trial refuses a loss that does not go with its head before any data are read.
    """
    losses = LossSum(tuple(term for head in heads for term in _list_terms(head, sections[head.name])))
    zeros = {head.name: torch.zeros(1, head.channels, 4, 4, 4) for head in heads}
    with torch.no_grad():
        losses(
            {name: [logits] for name, logits in zeros.items()},
            {name: (logits, torch.ones(1, 1, 4, 4, 4)) for name, logits in zeros.items()},
        )
    return losses


@final
@dataclass(frozen=True)
class LossSum:
    """Σ over heads and losses of weight × Σ over levels of share × loss; weights are taken as they are given.

    Shares of the levels are 1, ½, ¼ … divided by their sum. Coarser levels are compared with every second, fourth …
    voxel of target and weight: classes stay classes, and what was ignored has no say in any neighbour.
    """

    terms: tuple[Term, ...]

    def __call__(
        self,
        outputs: Mapping[str, Sequence[Tensor]],
        targets: Mapping[str, tuple[Tensor, Tensor]],
        step: int = 0,
        *,
        class_ids: Int[Tensor, " b"] | None = None,
    ) -> LossReport:
        """The sum and its parts, named `head/loss`.

        Args:
            outputs: logits of every head, finest first.
            targets: values and weight of every head.
            step: optimiser steps done so far.
            class_ids: for losses that look at them.
        """
        heads = dict.fromkeys(term.head.name for term in self.terms)
        device = outputs[self.terms[0].head.name][0].device.type
        totals, parts = [], {}
        with torch.autocast(device, enabled=False):
            levels = {name: list(_pair_levels(outputs[name], _find_target(name, targets))) for name in heads}
            for term in self.terms:
                scores = [
                    term.loss(*level, LossContext(term.head, step, _pick_level(outputs, number), class_ids))
                    for number, level in enumerate(levels[term.head.name])
                ]
                parts[term.name] = scores[0].detach()
                totals.append(term.weight * _average_levels(scores))
        return LossReport(torch.stack(totals).sum(), parts)


def _list_terms(head: HeadSpec, section: HeadSection) -> Iterator[Term]:
    """The head's losses; one that stands there again has its place in the name: `surface/focal`, `surface/focal_2`."""
    names: list[str] = []
    for component in section.losses:
        names.append(component.name)
        again = names.count(component.name)
        name = f"{head.name}/{component.name}" + (f"_{again}" if again > 1 else "")
        yield Term(name, head, build_component("loss", component), component.weight)


def _find_target(name: str, targets: Mapping[str, tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    if name not in targets:
        raise DataError(
            f"head {name!r} has losses and no target in this batch; there are {', '.join(targets) or 'none'}"
        )
    return targets[name]


def _pair_levels(predictions: Sequence[Tensor], target: tuple[Tensor, Tensor]) -> Iterator[Level]:
    """Every level with its part of the target, ignored voxels set to zero."""
    for prediction in predictions:
        values, weight = (_sample_voxels(whole, prediction.shape[2:]) for whole in target)
        seen = weight > 0
        zero = torch.zeros((), device=prediction.device)
        yield Level(
            torch.where(seen, prediction.float(), zero), torch.where(seen, values.float(), zero), weight.float()
        )


def _sample_voxels(whole: Tensor, shape: Sequence[int]) -> Tensor:
    """A view of the voxel in the middle of each step from `whole` to `shape`."""
    extents = whole.shape[2:]
    if any(small == 0 or extent % small for extent, small in zip(extents, shape, strict=True)):
        raise ShapeError(f"a prediction of {tuple(shape)} is no whole fraction of its target's {tuple(extents)}")
    steps = [extent // small for extent, small in zip(extents, shape, strict=True)]
    z, y, x = (slice(step // 2, None, step) for step in steps)
    return whole[:, :, z, y, x]


def _pick_level(outputs: Mapping[str, Sequence[Tensor]], number: int) -> dict[str, Tensor]:
    return {name: levels[number] for name, levels in outputs.items() if number < len(levels)}


def _average_levels(scores: list[Tensor]) -> Tensor:
    """The mean over levels, each counting half of the finer one."""
    shares = [LEVEL_RATIO**number for number in range(len(scores))]
    total = torch.stack([share * score for share, score in zip(shares, scores, strict=True)]).sum()
    return total / sum(shares)
