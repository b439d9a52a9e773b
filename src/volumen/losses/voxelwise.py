"""Losses that judge each voxel by itself, by its probabilities."""

import math
from collections.abc import Sequence
from typing import Annotated, final

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, log_softmax, logsigmoid, softplus

from volumen.errors import ConfigError
from volumen.heads import HeadSpec
from volumen.losses.loss import Compared, Loss, LossContext, Scalar, average_voxels, check_channels, is_exclusive

# Below this 1 − p_t counts as this, so that no slope is infinite for γ under 1.
LEAST_DOUBT = 1e-8


@final
class CrossEntropy(Loss):
    """Minus the log-likelihood of the truth, from logits (e.g. Goodfellow et al. 2016, 6.2.2).

    Softmax heads: L = −Σ_c t_c log p_c a voxel. Sigmoid heads: L = −t log p − (1 − t) log(1 − p) a voxel and channel.
    The mean is by weight.

    Args:
        label_smoothing: ε: truth becomes (1 − ε) t + ε / K, over K classes, or 2 for a sigmoid (Szegedy et al. 2016).
        class_weights: one a channel: what a voxel of that class counts, against 1 for a sigmoid's background.
        top: the share of voxels with the highest cost that count; 1 for all (Wu et al. 2016; nnU-Net's TopK: 0.1).
    """

    def __init__(
        self,
        *,
        label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0,
        class_weights: Sequence[float] | None = None,
        top: Annotated[float, Field(gt=0, le=1)] = 1.0,
    ) -> None:
        self.label_smoothing = label_smoothing
        self.class_weights = class_weights
        self.top = top

    def judge(self, compared: Compared, context: LossContext) -> Scalar:
        """0 when the truth is certain."""
        costs = judge_voxels(compared, context.head, label_smoothing=self.label_smoothing)
        weight = self._weigh_classes(compared, context.head)
        return average_voxels(costs, weight) if self.top == 1 else average_top(costs, weight, self.top)

    def _weigh_classes(self, compared: Compared, head: HeadSpec) -> Tensor:
        """What each voxel counts, by itself and by its class."""
        _, target, weight = compared
        if self.class_weights is None:
            return weight
        if len(self.class_weights) != target.shape[1]:
            raise ConfigError(
                f"head {head.name!r} has {target.shape[1]} channels and needs as many class_weights; "
                f"got {len(self.class_weights)}"
            )
        counts = torch.tensor(self.class_weights, device=target.device).view(1, -1, 1, 1, 1)
        if is_exclusive(head):
            return (target * counts).sum(1, keepdim=True) * weight
        return (1 + target * (counts - 1)) * weight


@final
class BalancedCrossEntropy(Loss):
    """Cross-entropy in which the two sides of a channel, or all classes, count alike however rare they are.

    With f the share of a batch's weight on a channel's foreground, foreground voxels count 1 / (2 f) and the others
    1 / (2 (1 − f)); classes of a softmax 1 / (K f_c). So affinities are learned although few voxels lie at borders.
    What a batch does not hold counts nothing, and the rest is not raised for it.

    Args:
        most: no voxel counts more than this.
    """

    def __init__(self, *, most: Annotated[float, Field(ge=1)] = 100.0) -> None:
        self.most = most

    def judge(self, compared: Compared, context: LossContext) -> Scalar:
        """0 when the truth is certain."""
        costs = judge_voxels(compared, context.head)
        _, target, weight = compared
        balance = self._find_balance(target, weight)
        if is_exclusive(context.head):
            counts = (target * balance / target.shape[1]).sum(1, keepdim=True)
        else:
            counts = (target * balance + (1 - target) * self._find_balance(1 - target, weight)) / 2
        return average_voxels(costs * counts.clamp(max=self.most), weight)

    def _find_balance(self, target: Tensor, weight: Tensor) -> Float[Tensor, "1 c 1 1 1"]:
        """For each channel one over the share of the weight that the target has."""
        axes = (0, 2, 3, 4)
        share = (target * weight).sum(axes, keepdim=True) / weight.sum(axes, keepdim=True).clamp(min=LEAST_DOUBT)
        return 1 / share.clamp(min=1 / (2 * self.most * target.shape[1]))


@final
class Focal(Loss):
    """Cross-entropy that looks away from voxels already right (Lin et al. 2017, Focal Loss for Dense Object Detection).

        L = −α_t (1 − p_t)^γ log p_t

    with p_t the probability of the truth, α_t = α on foreground and 1 − α on background (channel 0 of a softmax head).
    The mean is by weight.

    Args:
        gamma: γ; 0 is plain cross-entropy, times α_t.
        alpha: α; 0.5 counts both alike.
    """

    def __init__(
        self, *, gamma: Annotated[float, Field(ge=0)] = 2.0, alpha: Annotated[float, Field(gt=0, lt=1)] = 0.5
    ) -> None:
        self.gamma = gamma
        self.alpha = alpha

    def judge(self, compared: Compared, context: LossContext) -> Scalar:
        """0 when the truth is certain."""
        check_channels(compared, context.head)
        judge = self._judge_classes if is_exclusive(context.head) else self._judge_channels
        return average_voxels(judge(compared.prediction, compared.target), compared.weight)

    def _judge_channels(self, prediction: Tensor, target: Tensor) -> Tensor:
        """Every channel by itself; (1 − p_t)^γ from its logarithm, so that no slope is infinite."""
        entropy = binary_cross_entropy_with_logits(prediction, target, reduction="none")
        doubt = (self.gamma * logsigmoid(prediction * (1 - 2 * target))).exp()
        return (self.alpha * target + (1 - self.alpha) * (1 - target)) * doubt * entropy

    def _judge_classes(self, prediction: Tensor, target: Tensor) -> Tensor:
        """The true class of each voxel."""
        share = torch.full((1, target.shape[1], 1, 1, 1), self.alpha, device=target.device)
        share[:, 0] = 1 - self.alpha
        log_probability = log_softmax(prediction, 1)
        doubt = (-log_probability.expm1()).clamp(min=LEAST_DOUBT) ** self.gamma
        return -(share * target * doubt * log_probability).sum(1, keepdim=True)


@final
class Entropy(Loss):
    """How undecided a prediction is, whatever the truth (Grandvalet and Bengio 2005, entropy minimisation).

    L = −Σ_c p_c log p_c / log K a voxel, over K classes, or over both sides of each channel of a sigmoid head.
    """

    def judge(self, compared: Compared, context: LossContext) -> Scalar:
        """0 where every voxel is decided, 1 where all classes are equally probable."""
        prediction = compared.prediction
        if is_exclusive(context.head):
            log_probability = log_softmax(prediction, 1)
            entropy = -(log_probability.exp() * log_probability).sum(1, keepdim=True)
            return average_voxels(entropy / math.log(prediction.shape[1]), compared.weight)
        entropy = softplus(prediction) - prediction * prediction.sigmoid()
        return average_voxels(entropy / math.log(2), compared.weight)


def judge_voxels(compared: Compared, head: HeadSpec, *, label_smoothing: float = 0.0) -> Float[Tensor, "b k z y x"]:
    """Cross-entropy of each voxel: one number of a softmax head, one a channel of a sigmoid head."""
    check_channels(compared, head)
    prediction, target, _ = compared
    exclusive = is_exclusive(head)
    classes = target.shape[1] if exclusive else 2
    truth = target * (1 - label_smoothing) + label_smoothing / classes
    if exclusive:
        return -(truth * log_softmax(prediction, 1)).sum(1, keepdim=True)
    return binary_cross_entropy_with_logits(prediction, truth, reduction="none")


def average_top(values: Float[Tensor, "b c z y x"], weight: Float[Tensor, "b w z y x"], share: float) -> Scalar:
    """Mean by weight of the share of voxels that cost most; 0 when none counts."""
    weight = weight.expand_as(values).flatten()
    costs = (values.flatten() * weight).masked_fill(weight == 0, -torch.inf)
    count = math.ceil(share * int((weight > 0).sum()))
    chosen = costs.detach().topk(count).indices
    total = weight[chosen].sum()
    return (values.flatten()[chosen] * weight[chosen]).sum() / (total + (total == 0))
