"""Means over an epoch: sums stay on the device, and are read once, over all processes."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, distributed

Tally = dict[str, tuple[float, float]]  # sum and weight


class Means:
    """Means of named numbers, weighted; reading them is the only time that the device is waited for."""

    def __init__(self) -> None:
        self._names: tuple[str, ...] = ()
        self._sums: Tensor | None = None
        self._weight = 0.0
        self._scores: defaultdict[str, list[float]] = defaultdict(list)

    def add_losses(self, losses: Mapping[str, Tensor], *, weight: float) -> None:
        """Counts scalars of a batch, always of the same names; one that is no number makes the mean no number."""
        values = weight * torch.stack([value.detach() for value in losses.values()]).double()
        self._names = tuple(losses)
        self._sums = values if self._sums is None else self._sums + values
        self._weight += weight

    def add_scores(self, scores: Mapping[str, float]) -> None:
        """Counts scores of a patch; those that are not defined there (NaN) are left out of the mean."""
        for name, value in scores.items():
            self._scores[name] += [] if math.isnan(value) else [value]

    def read(self) -> dict[str, float]:
        """Every mean over all processes; the next epoch starts empty. NaN where nothing was defined."""
        sums = [] if self._sums is None else self._sums.tolist()
        tally = {name: (total, self._weight) for name, total in zip(self._names, sums, strict=True)}
        tally |= {name: (math.fsum(values), len(values)) for name, values in self._scores.items()}
        self.__init__()  # type: ignore[misc]
        return _divide(_gather(tally))


def _gather(tally: Tally) -> list[Tally]:
    """The tallies of all processes."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return [tally]
    tallies: list[Tally] = [{}] * distributed.get_world_size()
    distributed.all_gather_object(tallies, tally)
    return tallies


def _divide(tallies: Iterable[Tally]) -> dict[str, float]:
    sums: defaultdict[str, float] = defaultdict(float)
    weights: defaultdict[str, float] = defaultdict(float)
    for tally in tallies:
        for name, (total, weight) in tally.items():
            sums[name] += total
            weights[name] += weight
    return {name: sums[name] / weights[name] if weights[name] else math.nan for name in sums}
