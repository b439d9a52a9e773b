"""Losses that judge each voxel by itself."""

from collections.abc import Sequence
from typing import Annotated, final

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, log_softmax, logsigmoid

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
    """

    def __init__(
        self,
        *,
        label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0,
        class_weights: Sequence[float] | None = None,
    ) -> None:
        self.label_smoothing = label_smoothing
        self.class_weights = class_weights

    def judge(self, compared: Compared, context: LossContext) -> Scalar:
        """0 when the truth is certain."""
        check_channels(compared, context.head)
        prediction, target, _ = compared
        exclusive = is_exclusive(context.head)
        classes = target.shape[1] if exclusive else 2
        truth = target * (1 - self.label_smoothing) + self.label_smoothing / classes
        if exclusive:
            loss = -(truth * log_softmax(prediction, 1)).sum(1, keepdim=True)
        else:
            loss = binary_cross_entropy_with_logits(prediction, truth, reduction="none")
        return average_voxels(loss, self._weigh_classes(compared, context.head))

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
