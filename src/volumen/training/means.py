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
        self._sums: dict[tuple[str, ...], Tensor] = {}
        self._scores: defaultdict[str, list[float]] = defaultdict(list)
        self.unseen: tuple[str, ...] = ()

    def add_losses(
        self, losses: Mapping[str, Tensor], seen: Mapping[str, Tensor] | None = None, *, weight: float
    ) -> None:
        """Counts scalars of a batch; one that is no number makes the mean no number.

        Args:
            losses: by name; whatever is not among them in this batch is not counted in it.
            seen: for some of them, 0 where the batch had nothing to measure them on, else 1.
            weight: of the batch.
        """
        names = tuple(losses)
        seen = seen or {}
        values = torch.stack([value.detach() for value in losses.values()]).double()
        counts = torch.stack([seen.get(name, torch.ones_like(losses[name])) for name in names]).double()
        sums = weight * torch.stack([values * counts, counts])
        self._sums[names] = self._sums[names] + sums if names in self._sums else sums

    def add_scores(self, scores: Mapping[str, float]) -> None:
        """Counts scores of a patch; those that are not defined there (NaN) are left out of the mean."""
        for name, value in scores.items():
            self._scores[name] += [] if math.isnan(value) else [value]

    def read(self) -> dict[str, float]:
        """Every mean over all processes; the next epoch starts empty.

        A loss that nothing was measured on is left out, and named in `unseen` until the next reading; a score that was
        nowhere defined is NaN.
        """
        scores: Tally = {name: (math.fsum(values), len(values)) for name, values in self._scores.items()}
        own = (_add_up(self._sums), scores)
        self.__init__()  # type: ignore[misc]
        losses, scores = map(_join, zip(*_gather(own), strict=True))
        self.unseen = tuple(name for name, (_, weight) in losses.items() if not weight)
        means = {name: total / weight for name, (total, weight) in losses.items() if weight}
        return means | {name: total / weight if weight else math.nan for name, (total, weight) in scores.items()}


def _add_up(sums: Mapping[tuple[str, ...], Tensor]) -> Tally:
    """Sum and weight of every name over the groups that it was counted in."""
    return _join(
        {name: (total, weight) for name, total, weight in zip(names, *values.tolist(), strict=True)}
        for names, values in sums.items()
    )


def _gather(own: tuple[Tally, Tally]) -> list[tuple[Tally, Tally]]:
    """The tallies of all processes."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return [own]
    tallies = [own] * distributed.get_world_size()
    distributed.all_gather_object(tallies, own)
    return tallies


def _join(tallies: Iterable[Tally]) -> Tally:
    """Sums and weights over all tallies, in the order that names first come in."""
    joined: Tally = {}
    for tally in tallies:
        for name, (total, weight) in tally.items():
            before, count = joined.get(name, (0.0, 0.0))
            joined[name] = (before + total, count + weight)
    return joined
