"""How far a fold has come: plain values that go into its checkpoints."""

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from volumen.config import TrainingSection


@dataclass
class RunState:
    """Counters of a fold; epochs are those that are finished, and numbered from 1 where people read them.

    Args:
        epoch: finished epochs.
        step: optimiser steps.
        batches: batches that each process has learnt from.
        seconds: time spent in training and validation, over all resumes.
        best: best value of the monitored number.
        best_epoch: the epoch that gave it.
        costs: the monitored number of every epoch, negated where more is better; NaN where it was not measured.
        losses: the loss of every epoch, of validation, or of training where validation has none.
    """

    epoch: int = 0
    step: int = 0
    batches: int = 0
    seconds: float = 0.0
    best: float | None = None
    best_epoch: int | None = None
    costs: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a checkpoint."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "RunState":
        """The state that `to_dict` wrote."""
        return cls(**values)

    def note_score(self, value: float, *, lower_is_better: bool) -> bool:
        """Whether the epoch just finished is the best so far; it is remembered when it is. NaN never is."""
        self.costs.append(value if lower_is_better else -value)
        better = not math.isnan(value) and (
            self.best is None or (value < self.best if lower_is_better else value > self.best)
        )
        if better:
            self.best, self.best_epoch = value, self.epoch
        return better

    def list_kept(self, *, best: int, last: int) -> set[int]:
        """The epochs whose checkpoints are kept: so many of the lowest cost, earlier ones first, and of the latest.

        None where one of each is enough, as those have names of their own.
        """
        if best == last == 1:
            return set()
        measured = [(cost, epoch) for epoch, cost in enumerate(self.costs, start=1) if not math.isnan(cost)]
        lowest = [epoch for _, epoch in sorted(measured)[:best]] if best > 1 else []
        latest = range(max(self.epoch - last, 0) + 1, self.epoch + 1) if last > 1 else ()
        return {*lowest, *latest}

    def find_stop(self, limits: TrainingSection) -> str | None:
        """Why no epoch should follow, in words; None when one should."""
        flat = self.epoch - find_last_fall(self.costs, limits.min_improvement)
        if self.epoch >= limits.max_epochs:
            return f"all {limits.max_epochs} epochs are done"
        if limits.patience is not None and flat >= limits.patience:
            return f"early stopping at epoch {self.epoch}: {limits.monitor} has not improved for {flat} epochs"
        if limits.stop_below is not None and self.losses and self.losses[-1] < limits.stop_below:
            loss = f"{self.losses[-1]:.4g}"
            return f"the loss of epoch {self.epoch}, {loss}, is below training.stop_below={limits.stop_below:g}"
        return self.find_cap(limits, self.step, self.seconds)

    def find_cap(self, limits: TrainingSection, step: int, seconds: float) -> str | None:
        """Which cap on steps or hours is reached, in words; None when none is."""
        if limits.max_steps is not None and step >= limits.max_steps:
            return f"training.max_steps={limits.max_steps} reached"
        if limits.max_hours is not None and seconds >= limits.max_hours * 3600:
            return f"training.max_hours={limits.max_hours:g} reached"
        return None


def find_last_fall(costs: Iterable[float], least: float) -> int:
    """The last epoch, from 1, whose cost lay below the lowest before it by more than `least`; 0 when none did."""
    lowest, last = math.inf, 0
    for epoch, cost in enumerate(costs, start=1):
        if cost < lowest - least:
            lowest, last = cost, epoch
    return last
