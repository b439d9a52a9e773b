"""How far a fold has come: plain values that go into its checkpoints."""

from dataclasses import asdict, dataclass
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
    """

    epoch: int = 0
    step: int = 0
    batches: int = 0
    seconds: float = 0.0
    best: float | None = None
    best_epoch: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a checkpoint."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "RunState":
        """The state that `to_dict` wrote."""
        return cls(**values)

    def note_score(self, value: float, *, lower_is_better: bool) -> bool:
        """Whether the epoch just finished is the best so far; it is remembered when it is."""
        better = self.best is None or (value < self.best if lower_is_better else value > self.best)
        if better:
            self.best, self.best_epoch = value, self.epoch
        return better

    def find_stop(self, limits: TrainingSection) -> str | None:
        """Why no epoch should follow, in words; None when one should."""
        flat = self.epoch - (self.best_epoch or 0)
        if self.epoch >= limits.max_epochs:
            return f"all {limits.max_epochs} epochs are done"
        if limits.patience is not None and flat >= limits.patience:
            return f"early stopping at epoch {self.epoch}: {limits.monitor} has not improved for {flat} epochs"
        return self.find_cap(limits, self.step, self.seconds)

    def find_cap(self, limits: TrainingSection, step: int, seconds: float) -> str | None:
        """Which cap on steps or hours is reached, in words; None when none is."""
        if limits.max_steps is not None and step >= limits.max_steps:
            return f"training.max_steps={limits.max_steps} reached"
        if limits.max_hours is not None and seconds >= limits.max_hours * 3600:
            return f"training.max_hours={limits.max_hours:g} reached"
        return None
