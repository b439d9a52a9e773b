"""What every loss is, what it may look at, and how voxels that nobody looked at are left out."""

import abc
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple, final

from jaxtyping import Float, Int
from torch import Tensor

from volumen.config import Component
from volumen.errors import ConfigError
from volumen.geometry import Shape
from volumen.heads import HeadSpec

Scalar = Float[Tensor, ""]


class Compared(NamedTuple):
    """A prediction's logits, what it should be, and how much each voxel counts: in one channel, or each by itself."""

    prediction: Float[Tensor, "b c z y x"]
    target: Float[Tensor, "b d z y x"]
    weight: Float[Tensor, "b w z y x"]


class TruthMap(NamedTuple):
    """Another target of the same voxels, and how much each counts."""

    values: Float[Tensor, "b c z y x"]
    weight: Float[Tensor, "b w z y x"]


class Region(NamedTuple):
    """Probabilities beside the truth, in the channels that count."""

    probability: Float[Tensor, "b c z y x"]
    truth: Float[Tensor, "b c z y x"]
    weight: Float[Tensor, "b w z y x"]


@dataclass(frozen=True)
class LossContext:
    """What a loss may know beyond its own tensors.

    Args:
        head: the head whose prediction is judged; its activation says how logits become probabilities.
        step: optimiser steps done so far; what a loss draws at random, it draws from this.
        predictions: raw logits of every head at the same resolution.
        targets: targets of the heads that the loss names in `heads`, at the same resolution.
        maps: by name the targets that the loss asks for in `maps`.
        class_ids: for each sample the class or data set it stands for, where a recipe has several.
        voxel_size: of each sample in nm, NaN where unknown; None when nobody says.
        strides: how many voxels of the finest level one voxel here stands for.
    """

    head: HeadSpec
    step: int = 0
    predictions: Mapping[str, Tensor] = field(default_factory=dict)
    targets: Mapping[str, TruthMap] = field(default_factory=dict)
    maps: Mapping[str, TruthMap] = field(default_factory=dict)
    class_ids: Int[Tensor, " b"] | None = None
    voxel_size: Float[Tensor, "b 3"] | None = None
    strides: Shape = (1, 1, 1)


class Loss(abc.ABC):
    """Logits, target and weight in, a scalar out that falls as they agree.

    Voxels of weight 0 change nothing, and a patch of nothing else gives 0 with finite gradients. Tensors are float32:
    whoever sums losses sees to that.

    Attributes:
        maps: further targets of the head's label, by the names they have in recipes, given as `context.maps[name]`.
        heads: heads whose targets it looks at beside its own, given as `context.targets[name]`.
        fits: names of the targets it can be asked for; empty for any whose activation and channels suit it.
        finest_only: whether deep supervision leaves it to the finest level, as for whatever counts single voxels.
    """

    maps: tuple[Component, ...] = ()
    heads: tuple[str, ...] = ()
    fits: ClassVar[tuple[str, ...]] = ()
    finest_only: ClassVar[bool] = False

    @final
    def __call__(
        self,
        prediction: Float[Tensor, "b c z y x"],
        target: Float[Tensor, "b d z y x"],
        weight: Float[Tensor, "b w z y x"],
        context: LossContext,
    ) -> Scalar:
        """How far prediction and target are apart."""
        return self.judge(Compared(prediction, target, weight), context)

    @abc.abstractmethod
    def judge(self, compared: Compared, context: LossContext) -> Scalar:
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


def check_channels(compared: Compared, head: HeadSpec) -> None:
    """Raises unless the target has a channel for each of the prediction's."""
    given, wanted = compared.target.shape[1], compared.prediction.shape[1]
    if given != wanted:
        raise ConfigError(
            f"head {head.name!r} gives {wanted} channels and its target {head.target!r} has {given}; "
            "this loss compares channel with channel"
        )


def open_region(compared: Compared, head: HeadSpec, *, background: bool = False) -> Region:
    """Probabilities and truth of every channel, without that of a softmax head's background unless it counts."""
    check_channels(compared, head)
    first = 1 if is_exclusive(head) and not background else 0
    probability = activate(compared.prediction, head)[:, first:]
    weight = compared.weight if compared.weight.shape[1] == 1 else compared.weight[:, first:]
    return Region(probability, compared.target[:, first:], weight)


def open_foreground(compared: Compared, head: HeadSpec) -> Region:
    """Probability and truth of being any class but background, in one channel, zeros where nobody looked."""
    check_channels(compared, head)
    weight = compared.weight.amin(1, keepdim=True)
    if is_exclusive(head):
        probability = 1 - activate(compared.prediction, head)[:, :1]
        return Region(probability, compared.target[:, 1:].sum(1, keepdim=True), weight)
    if head.channels != 1:
        raise ConfigError(
            f"head {head.name!r} gives {head.channels} channels that do not exclude each other; "
            "this loss judges one foreground: use a head with target: binary"
        )
    return Region(activate(compared.prediction, head), compared.target, weight)


def average_voxels(values: Float[Tensor, "b c z y x"], weight: Float[Tensor, "b w z y x"]) -> Scalar:
    """Mean over channels and voxels by weight; 0 when there is none."""
    total = weight.sum() * (values.shape[1] // weight.shape[1])
    return (values * weight).sum() / (total + (total == 0))


def average_samples(values: Float[Tensor, "b c"], weight: Float[Tensor, "b w z y x"]) -> Scalar:
    """Mean over channels and those samples that have any weight; 0 when none has."""
    seen = weight.flatten(2).sum(2).sign()
    total = seen.sum() * (values.shape[1] // seen.shape[1])
    return (values * seen).sum() / (total + (total == 0))
