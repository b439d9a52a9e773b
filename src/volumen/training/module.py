"""What Lightning drives: a network, its objective and its optimiser."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch
from lightning.pytorch import LightningModule
from torch import Tensor, optim
from typing_extensions import override

from volumen.config import RunConfig, build_component
from volumen.data import Sample
from volumen.errors import ConfigError
from volumen.losses import Balance, LossReport, Moment
from volumen.networks import Network
from volumen.training.decoded import DecodedScores
from volumen.training.means import Means
from volumen.training.objective import LOSS, Objective
from volumen.training.previews import take_preview
from volumen.training.schedules import Schedule, warm_rate
from volumen.training.state import RunState
from volumen.viewing import Preview

BALANCE = "balance"


class Batch:
    """A sample in a wrapping that Lightning hands on as it is: a frozen dataclass it tries to change."""

    def __init__(self, sample: Sample) -> None:
        self.sample = sample


class Batches:
    """A loader whose samples are wrapped, as Lightning walks it."""

    def __init__(self, loader: Iterable[Sample], count: int) -> None:
        self._loader = loader
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Batch]:
        for sample in self._loader:
            yield Batch(sample)


class Learner(LightningModule):
    """Learns from batches and measures others; what it measures is read once an epoch.

    Args:
        network: gives logits of every head.
        objective: what they are judged by.
        config: optimiser, schedule and seed.
        state: how far the fold has come; finished epochs are noted in it.
        decoded: what is decoded in validation.
    """

    def __init__(
        self,
        network: Network,
        objective: Objective,
        *,
        config: RunConfig,
        state: RunState,
        decoded: DecodedScores | None = None,
    ) -> None:
        super().__init__()
        self.network = network
        self.objective = objective
        self.config = config
        self.state = state
        self.decoded = decoded
        self.preview: Preview | None = None
        self._first_step = state.step
        self._first_batch = state.batches
        self.balance = build_balance(config, objective)
        self._schedule: Schedule = build_component("schedule", config.schedule)
        self._learned = Means()
        self._measured = Means()
        self._decoded = Means()

    def judge(self, sample: Sample, moment: Moment) -> LossReport:
        """What a batch costs; needs no trainer."""
        return self.objective.judge(self.network(sample.image), self.objective.encode(sample, moment), sample, moment)

    def count_steps(self) -> int:
        """Optimiser steps since the fold began."""
        return self._first_step + self.trainer.global_step

    def count_batches(self, batch_idx: int) -> int:
        """Batches that this process has learnt from before this one, since the fold began."""
        return self._first_batch + batch_idx

    def find_rate(self, base: float) -> float:
        """The learning rate of the epoch that is running, given the optimiser's own."""
        training, state = self.config.training, self.state
        if training.swa is not None and training.swa.lr is not None and state.epoch >= training.swa.start_epoch:
            return training.swa.lr
        rate = self._schedule.rate_at(state.epoch, rate=base, epochs=training.max_epochs, losses=state.losses)
        return warm_rate(rate, state.epoch, over=training.warm_up)

    @override
    def configure_optimizers(self) -> optim.Optimizer:
        """The recipe's optimiser over all weights; those of a balance do not decay."""
        parameters: list[dict[str, Any]] = [{"params": list(self.network.parameters())}]
        if own := list(self.balance.parameters()):
            parameters.append({"params": own, "weight_decay": 0.0})
        optimizer: optim.Optimizer = build_component("optimizer", self.config.optimizer, parameters=parameters)
        return optimizer

    @override
    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Sets the learning rate, and torch's randomness to what this batch has in every run."""
        for group in self._get_optimizer().param_groups:
            group["lr"] = self.find_rate(self._get_optimizer().defaults["lr"])
        seed_torch((self.config.training.seed, self.count_batches(batch_idx), self.global_rank), self.device)

    @override
    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """The loss that is minimised."""
        report = self.judge(batch.sample, Moment(self.count_steps(), self.state.epoch))
        self.balance.learn(report.costs, self.network.parameters())
        total: Tensor = self.balance(report.costs, report.start)
        losses, seen = _list_parts(report, total)
        weights = {f"{BALANCE}/{name}": weight for name, weight in self.balance.read_weights().items()}
        self._learned.add_losses(losses | weights, seen, weight=1)
        return total

    @override
    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Measures losses and scores of a batch; a picture of the first one is kept when it is due.

        The same losses in the same batches of every epoch, each with its full weight: so `val/loss` of one epoch
        compares with that of another, whatever schedules and balances do in training.
        """
        sample, moment = batch.sample, Moment(batch_idx)
        outputs, targets = self.network(sample.image), self.objective.encode(sample, moment)
        report = self.objective.judge(outputs, targets, sample, moment)
        self._measured.add_losses(*_list_parts(report, report.total), weight=len(sample))
        for scores in self.objective.score(outputs, targets, sample):
            self._measured.add_scores(scores)
        if self.decoded is not None and self.decoded.is_due(self.state.epoch, "patches"):
            for scores in self.decoded.score_patches(outputs, sample):
                self._decoded.add_scores(scores)
        if batch_idx == 0 and self.is_preview_due():
            self.preview = take_preview(self.objective, sample, outputs, targets)

    @override
    def on_validation_epoch_end(self) -> None:
        """Scores whole cases when that is due, with the weights that validation saw."""
        if self.decoded is not None and self.decoded.is_due(self.state.epoch, "cases"):
            for scores in self.decoded.score_cases(self.network, self.global_rank, self.trainer.world_size):
                self._decoded.add_scores(scores)

    def is_preview_due(self) -> bool:
        """Whether the epoch that is running is one to keep a picture of."""
        every = self.config.training.previews
        return every > 0 and (self.state.epoch + 1) % every == 0

    def read_means(self) -> dict[str, float]:
        """Every number of the epoch by its name; the next one starts empty."""
        rows = {"train": self._learned.read(), "val": self._measured.read(), "decoded": self._decoded.read()}
        means = {f"{part}/{name}": value for part, row in rows.items() for name, value in row.items()}
        return means | {"lr": self._get_optimizer().param_groups[0]["lr"]}

    def list_unseen(self) -> tuple[str, ...]:
        """Losses of the epoch that was read last for which nobody had looked at any voxel."""
        parts = {"train": self._learned.unseen, "val": self._measured.unseen}
        return tuple(f"{part}/{name}" for part, names in parts.items() for name in names)

    def list_means(self) -> tuple[str, ...]:
        """Names of the numbers that any epoch gives."""
        losses, scores = self.objective.list_losses(), self.objective.list_scores()
        weights = [f"{BALANCE}/{name}" for name in self.balance.read_weights()]
        names = {
            "train": (*losses, *weights),
            "val": (*losses, *scores),
            "decoded": () if self.decoded is None else self.decoded.list_scores(),
        }
        return tuple(dict.fromkeys(f"{part}/{name}" for part, several in names.items() for name in several))

    @override
    def transfer_batch_to_device(self, batch: Batch, device: torch.device, dataloader_idx: int) -> Batch:
        """The batch where the network is."""
        return Batch(batch.sample.to(device, non_blocking=True))

    @override
    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Adds how far the fold has come."""
        checkpoint["run"] = self.state.to_dict()

    def _get_optimizer(self) -> optim.Optimizer:
        return self.trainer.optimizers[0]


def build_balance(config: RunConfig, objective: Objective) -> Balance:
    """What weighs the costs of a batch; a ConfigError when the recipe trains in a way that it cannot follow."""
    component, training = config.training.balance, config.training
    if component.name == "gradnorm" and training.precision == "16-mixed":
        raise ConfigError(
            "training.balance=gradnorm measures gradients, which half precision loses; "
            "set training.precision=bf16-mixed or 32-true"
        )
    terms = {term.name: term.head.name for term in objective.losses.terms}
    balance: Balance = build_component("balance", component, terms=terms)
    return balance


def _list_parts(report: LossReport, total: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """What is minimised and its parts, and which of them were measured on anything."""
    seen = torch.stack([torch.zeros_like(total), *report.seen.values()]).amax()
    return {LOSS: total, **report.parts}, {LOSS: seen, **report.seen}


def seed_torch(words: tuple[int, ...], device: torch.device) -> None:
    """Sets the randomness of the CPU and of one GPU; `torch.manual_seed` takes a millisecond where there is no GPU."""
    seed = int(np.random.SeedSequence(words).generate_state(1)[0])
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)
