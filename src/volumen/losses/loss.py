"""What every loss is, what it may look at, and how voxels that nobody looked at are left out."""

import abc
from collections.abc import Mapping
from dataclasses import dataclass, field

from jaxtyping import Float, Int
from torch import Tensor

from volumen.errors import ConfigError
from volumen.heads import HeadSpec

Scalar = Float[Tensor, ""]


@dataclass(frozen=True)
class LossContext:
    """What a loss may know beyond its own tensors.

    Args:
        head: the head whose prediction is judged; its activation says how logits become probabilities.
        step: optimiser steps done so far.
        predictions: raw logits of every head at the same resolution.
        class_ids: for each sample the class or data set it stands for, where a recipe has several.
    """

    head: HeadSpec
    step: int = 0
    predictions: Mapping[str, Tensor] = field(default_factory=dict)
    class_ids: Int[Tensor, " b"] | None = None


class Loss(abc.ABC):
    """Logits, target and weight in, a scalar out that falls as they agree.

    Voxels of weight 0 change nothing, and a patch of nothing else gives 0 with finite gradients. Tensors are float32:
    whoever sums losses sees to that.
    """

    @abc.abstractmethod
    def __call__(
        self,
        prediction: Float[Tensor, "b c z y x"],
        target: Float[Tensor, "b d z y x"],
        weight: Float[Tensor, "b 1 z y x"],
        context: LossContext,
    ) -> Scalar:
        """How far prediction and target are apart."""


def activate(prediction: Float[Tensor, "b c z y x"], head: HeadSpec) -> Float[Tensor, "b c z y x"]:
    """Probabilities from logits, by the head's activation."""
    return prediction.softmax(1) if is_exclusive(head) else prediction.sigmoid()


def is_exclusive(head: HeadSpec) -> bool:
    """Whether channels are classes that exclude each other; a ConfigError when they are no probabilities at all."""
    if head.activation == "none":
        raise ConfigError(
            f"head {head.name!r}: this loss compares probabilities; give the head activation: sigmoid or softmax"
        )
    return head.activation == "softmax"


def average_voxels(values: Float[Tensor, "b c z y x"], weight: Float[Tensor, "b d z y x"]) -> Scalar:
    """Mean over channels and voxels by weight; 0 when there is none."""
    total = weight.sum() * (values.shape[1] // weight.shape[1])
    return (values * weight).sum() / (total + (total == 0))


def average_samples(values: Float[Tensor, "b c"], weight: Float[Tensor, "b 1 z y x"]) -> Scalar:
    """Mean over channels and those samples that have any weight; 0 when none has."""
    seen = weight.flatten(1).sum(1, keepdim=True).sign()
    total = seen.sum() * values.shape[1]
    return (values * seen).sum() / (total + (total == 0))
