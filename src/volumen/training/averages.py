"""Averages of weights: EMA over every step, SWA over late epochs; nothing is touched before an average has begun."""

from collections.abc import Iterable
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities.types import STEP_OUTPUT
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn
from typing_extensions import override

from volumen.training.module import Learner

Weights = dict[str, Tensor]
BatchNorm = nn.modules.batchnorm._BatchNorm  # noqa: SLF001 - the one base that its kinds share


class WeightAverage:
    """A running average of named tensors in float32, empty until the first update."""

    def __init__(self) -> None:
        self.count = 0
        self.tensors: Weights = {}

    @torch.no_grad()
    def update(self, live: Weights, *, share: float) -> None:
        """Average = share · new + (1 − share) · old; the first update takes the new weights as they are."""
        if self.count == 0:
            self.tensors = {name: tensor.detach().to(torch.float32, copy=True) for name, tensor in live.items()}
        else:
            old = [self.tensors[name] for name in live]
            new = [tensor.detach().to(average) for tensor, average in zip(live.values(), old, strict=True)]
            get_ema_multi_avg_fn(1 - share)(old, new, self.count)  # type: ignore[no-untyped-call]  # all tensors at once
        self.count += 1

    def move(self, device: torch.device) -> None:
        """Keeps the average on a device."""
        self.tensors = {name: tensor.to(device) for name, tensor in self.tensors.items()}

    def to_dict(self) -> dict[str, Any]:
        """Count and tensors, for a checkpoint."""
        return {"count": self.count, "tensors": self.tensors}

    def load(self, values: dict[str, Any]) -> None:
        """Goes on from what `to_dict` gave."""
        self.count, self.tensors = values["count"], dict(values["tensors"])


def list_weights(network: nn.Module) -> Weights:
    """Every parameter and buffer that an average covers, by its name in the network; they are not copied."""
    named = [*network.named_parameters(), *network.named_buffers()]
    return {name: tensor for name, tensor in named if tensor.is_floating_point()}


@torch.no_grad()
def fill_weights(network: nn.Module, weights: Weights) -> None:
    """Copies an average into a network."""
    for name, tensor in list_weights(network).items():
        tensor.copy_(weights[name])


class WeightAverager(Callback):
    """Keeps the averages that a recipe asks for.

    The EMA is updated after every optimiser step, with the decay min(d, (1 + n) / (10 + n)) after n updates. Once it
    has begun it is what validation sees: its weights are swapped in before and the trained ones back after. SWA is
    updated at the end of every epoch from `start_epoch` (counted from 0) on. Neither ever replaces the trained weights.
    """

    def __init__(self, learner: Learner) -> None:
        config = learner.config.training
        self._learner = learner
        self._swa_section = config.swa
        self._ema_section = config.ema
        self.swa = WeightAverage()
        self.ema = WeightAverage()
        self._live: Weights = {}
        self._held: Weights = {}
        self._steps_seen = 0

    @property
    def validated(self) -> WeightAverage | None:
        """The average that validation sees; None while it sees the trained weights."""
        return self.ema if self.ema.count else None

    @override
    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Takes what a checkpoint brought to where the network is."""
        self._live = list_weights(self._learner.network)
        self._steps_seen = trainer.global_step
        for average in (self.swa, self.ema):
            average.move(self._learner.device)

    @override
    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: STEP_OUTPUT, batch: Any, batch_idx: int
    ) -> None:
        """Updates the EMA when an optimiser step has been made."""
        if self._ema_section is None or trainer.global_step == self._steps_seen:
            return
        self._steps_seen = trainer.global_step
        if self._learner.count_steps() > self._ema_section.start_step:
            self.ema.update(self._live, share=1 - warm_decay(self._ema_section.decay, self.ema.count))

    @override
    @torch.no_grad()
    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Puts the EMA in the network's place, once there is one."""
        if self.validated is not None:
            self._held = {name: tensor.clone() for name, tensor in self._live.items()}
            fill_weights(self._learner.network, self.validated.tensors)

    @override
    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Puts the trained weights back, and adds them to SWA when its time has come."""
        if self._held:
            fill_weights(self._learner.network, self._held)
            self._held = {}
        if self._swa_section is not None and self._learner.state.epoch >= self._swa_section.start_epoch:
            self.swa.update(self._live, share=self._swa_section.share)

    @override
    def state_dict(self) -> dict[str, Any]:
        """Both averages, for a checkpoint."""
        return {"swa": self.swa.to_dict(), "ema": self.ema.to_dict()}

    @override
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Goes on from what a checkpoint holds."""
        self.swa.load(state_dict["swa"])
        self.ema.load(state_dict["ema"])


def warm_decay(decay: float, count: int) -> float:
    """The decay after `count` updates: small at first, so that the first weights are soon forgotten."""
    return min(decay, (1 + count) / (10 + count))


@torch.no_grad()
def renew_batch_norm(network: nn.Module, images: Iterable[Tensor]) -> int:
    """How many images the statistics of every batch norm were measured on anew; 0 when the network has none.

    Averaged weights have activations of their own, which the statistics of the last weights do not fit. All else, such
    as dropout, stays as in prediction.
    """
    layers = [layer for layer in network.modules() if isinstance(layer, BatchNorm) and layer.track_running_stats]
    if not layers:
        return 0
    network.eval()
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # the plain mean over all that follows
        layer.train()
    count = 0
    for image in images:
        network(image)
        count += 1
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
    network.eval()
    return count
