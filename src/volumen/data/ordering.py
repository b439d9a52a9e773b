"""Which case a training sample is from: a function of the seed and the sample's number alone."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from jaxtyping import Int64

from volumen.data.cases import Case

# Last word of the seeds of orders: numbers drawn for one purpose never serve another.
ORDER_STREAM = 1
SET_STREAM = 3

# Samples in which every data set has its share: so many that a share is met to a thousandth.
TURN = 1000


def choose_case(cases: Sequence[Case], seed: int, number: int, weights: Mapping[str, float]) -> Case:
    """The case of sample `number`.

    Without weights every case comes once in each run of `len(cases)` numbers, newly shuffled each time. With weights
    each data set has its share of each run of 1000 numbers, in shuffled order, and within a set every case comes once
    before any comes again.

    Args:
        cases: all there are.
        seed: of the order.
        number: of the sample.
        weights: of the data sets by name; the share of a set is its weight over their sum.
    """
    if not weights:
        return cases[_pick(seed, number, len(cases))]
    names = tuple(dict.fromkeys(case.dataset for case in cases))
    quotas = share_turn(tuple(weights.get(str(name), 1.0) for name in names))
    turn, place = divmod(number, sum(quotas))
    order = _shuffle_sets(seed, turn, quotas)
    chosen = int(order[place])
    visit = turn * quotas[chosen] + int(np.count_nonzero(order[:place] == chosen))
    members = [case for case in cases if case.dataset == names[chosen]]
    return members[_pick(seed, visit, len(members), SET_STREAM + chosen)]


@lru_cache(maxsize=16)
def share_turn(weights: tuple[float, ...]) -> tuple[int, ...]:
    """How many samples of a turn each set has: as its weight says, to the nearest whole, at least one."""
    exact = np.array(weights) / sum(weights) * TURN
    quotas = np.maximum(np.floor(exact), 1).astype(int)
    for place in np.argsort(np.floor(exact) - exact, kind="stable")[: max(TURN - int(quotas.sum()), 0)]:
        quotas[place] += 1
    return tuple(int(quota) for quota in quotas)


def _pick(seed: int, number: int, count: int, *stream: int) -> int:
    """Place `number` of an endless order in which each of `count` comes once a turn."""
    turn, place = divmod(number, count)
    return int(_shuffle(seed, turn, count, *stream)[place])


@lru_cache(maxsize=16)
def _shuffle(seed: int, turn: int, count: int, *stream: int) -> Int64[np.ndarray, " count"]:
    return np.random.default_rng((seed, turn, ORDER_STREAM, *stream)).permutation(count)


@lru_cache(maxsize=4)
def _shuffle_sets(seed: int, turn: int, quotas: tuple[int, ...]) -> Int64[np.ndarray, " samples"]:
    """The set of every sample of a turn."""
    sets = np.repeat(np.arange(len(quotas)), quotas)
    return np.random.default_rng((seed, turn, ORDER_STREAM, SET_STREAM)).permutation(sets)
