"""Learning rates as functions of the epoch and of earlier losses: nothing is remembered, so a resumed run goes on."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol, runtime_checkable

from pydantic import Field


@runtime_checkable
class Schedule(Protocol):
    """A learning rate for every epoch."""

    def rate_at(self, epoch: int, *, rate: float, epochs: int, losses: Sequence[float] = ()) -> float:
        """The learning rate of an epoch, counted from 0.

        Args:
            epoch: which one.
            rate: the optimiser's own, which the schedule starts from.
            epochs: how many a whole run has.
            losses: those of the epochs before it, of validation; NaN where there is none.
        """
        ...


@dataclass(frozen=True)
class ConstantSchedule:
    """The optimiser's learning rate, always."""

    def rate_at(self, epoch: int, *, rate: float, epochs: int, losses: Sequence[float] = ()) -> float:  # noqa: ARG002 - the protocol's
        """The learning rate of an epoch, counted from 0."""
        return rate


@dataclass(frozen=True)
class CosineSchedule:
    """Half a cosine over the whole run, from the optimiser's learning rate down to `min_lr`."""

    min_lr: Annotated[float, Field(ge=0)] = 0.0

    def rate_at(self, epoch: int, *, rate: float, epochs: int, losses: Sequence[float] = ()) -> float:  # noqa: ARG002 - the protocol's
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

    def rate_at(self, epoch: int, *, rate: float, epochs: int, losses: Sequence[float] = ()) -> float:  # noqa: ARG002 - the protocol's
        """The learning rate of an epoch, counted from 0."""
        since, length = epoch, self.t_0
        while since >= length:
            since -= length
            length *= self.t_mult
        return _descend(since / length, rate, self.min_lr)


@dataclass(frozen=True)
class PolynomialSchedule:
    """η (1 − t / T)^power over the whole run, nnU-Net's with a power of 0.9; never below `min_lr`."""

    power: Annotated[float, Field(gt=0)] = 0.9
    min_lr: Annotated[float, Field(ge=0)] = 0.0

    def rate_at(self, epoch: int, *, rate: float, epochs: int, losses: Sequence[float] = ()) -> float:  # noqa: ARG002 - the protocol's
        """The learning rate of an epoch, counted from 0."""
        return max(rate * math.pow(1 - epoch / epochs, self.power), self.min_lr)


@dataclass(frozen=True)
class PlateauSchedule:
    """The rate times `factor` whenever the loss was flat for more than `patience` epochs; never below `min_lr`.

    The same numbers as PyTorch's ReduceLROnPlateau with an absolute threshold. An epoch is flat when the loss of
    validation is not lower than the lowest so far by more than `min_improvement`.

    Args:
        factor: what the rate is multiplied by.
        patience: flat epochs that are borne.
        min_improvement: what counts as lower.
        min_lr: where the rate stays.
    """

    factor: Annotated[float, Field(gt=0, lt=1)] = 0.5
    patience: Annotated[int, Field(ge=0)] = 10
    min_improvement: Annotated[float, Field(ge=0)] = 1e-4
    min_lr: Annotated[float, Field(ge=0)] = 0.0

    def rate_at(self, epoch: int, *, rate: float, epochs: int, losses: Sequence[float] = ()) -> float:  # noqa: ARG002 - the protocol's
        """The learning rate of an epoch, counted from 0."""
        return max(rate * self.factor ** self._count_falls(losses), self.min_lr)

    def _count_falls(self, losses: Iterable[float]) -> int:
        """How often the rate has fallen."""
        best, flat, falls = math.inf, 0, 0
        for loss in losses:
            if loss < best - self.min_improvement:
                best, flat = loss, 0
                continue
            flat += 1
            if flat > self.patience:
                flat, falls = 0, falls + 1
        return falls


def warm_rate(rate: float, epoch: int, *, over: int) -> float:
    """A rate that grows evenly over the first epochs: with 3 a quarter, a half, three quarters, then all of it."""
    return rate * min(1.0, (epoch + 1) / (over + 1))


def _descend(share: float, high: float, low: float) -> float:
    return low + (high - low) * (1 + math.cos(math.pi * share)) / 2
