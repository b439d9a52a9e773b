"""When a loss counts: from which epoch, in which steps, and how much while it grows."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Moment:
    """How far training has come.

    Args:
        step: optimiser steps done; in validation the batch's number, so that every epoch asks for the same losses.
        epoch: finished epochs; None where all losses count in full, as in validation, so that epochs compare.
    """

    step: int = 0
    epoch: int | None = None


@dataclass(frozen=True)
class Schedule:
    """The epoch that a loss begins in, its steps, and the epochs that it grows in; the words of a recipe."""

    start_epoch: int = 0
    every: int = 1
    ramp: int = 0

    def is_due(self, moment: Moment) -> bool:
        """Whether the loss is computed."""
        return moment.step % self.every == 0 and (moment.epoch is None or moment.epoch >= self.start_epoch)

    def find_share(self, moment: Moment) -> float:
        """How much of its weight a loss has: with a ramp of 3 epochs a quarter, a half, three quarters, then all."""
        if moment.epoch is None:
            return 1.0
        return min(1.0, (moment.epoch - self.start_epoch + 1) / (self.ramp + 1))
