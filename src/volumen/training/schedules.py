"""Learning rates as functions of the epoch: nothing is remembered, so a resumed run goes on exactly."""

import math
from dataclasses import dataclass
from typing import Annotated, Protocol, runtime_checkable

from pydantic import Field


@runtime_checkable
class Schedule(Protocol):
    """A learning rate for every epoch."""

    def rate_at(self, epoch: int, *, rate: float, epochs: int) -> float:
        """The learning rate of an epoch, counted from 0.

        Args:
            epoch: which one.
            rate: the optimiser's own, which the schedule starts from.
            epochs: how many a whole run has.
        """
        ...


@dataclass(frozen=True)
class ConstantSchedule:
    """The optimiser's learning rate, always."""

    def rate_at(self, epoch: int, *, rate: float, epochs: int) -> float:  # noqa: ARG002 - the protocol's
        """The learning rate of an epoch, counted from 0."""
        return rate


@dataclass(frozen=True)
class CosineSchedule:
    """Half a cosine over the whole run, from the optimiser's learning rate down to `min_lr`."""

    min_lr: Annotated[float, Field(ge=0)] = 0.0

    def rate_at(self, epoch: int, *, rate: float, epochs: int) -> float:
        """The learning rate of an epoch, counted from 0."""
        return _descend(epoch / epochs, rate, self.min_lr)


@dataclass(frozen=True)
class WarmRestarts:
    """Half a cosine down to `min_lr` over `t_0` epochs, then again over `t_0 · t_mult`, and so on.

    Loshchilov and Hutter 2017, SGDR: η = η_min + ½ (η_max − η_min)(1 + cos(π t / T)); the same numbers as PyTorch's
    CosineAnnealingWarmRestarts.

    Args:
        t_0: epochs of the first descent.
        t_mult: how much longer each descent is than the one before.
        min_lr: where a descent ends.
    """

    t_0: Annotated[int, Field(ge=1)] = 10
    t_mult: Annotated[int, Field(ge=1)] = 2
    min_lr: Annotated[float, Field(ge=0)] = 1e-6

    def rate_at(self, epoch: int, *, rate: float, epochs: int) -> float:  # noqa: ARG002 - the protocol's
        """The learning rate of an epoch, counted from 0."""
        since, length = epoch, self.t_0
        while since >= length:
            since -= length
            length *= self.t_mult
        return _descend(since / length, rate, self.min_lr)


def _descend(share: float, high: float, low: float) -> float:
    return low + (high - low) * (1 + math.cos(math.pi * share)) / 2
