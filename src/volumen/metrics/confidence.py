"""How sure a mean over cases is, and whether one set of scores is really better than another."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from volumen.errors import ConfigError, DataError

# Numbers drawn at once: 32 MB.
DRAWS = 2**22
# Sums of the same numbers in another order differ in their last digits.
ROUNDING = 1e-12

Cases = Mapping[str, float]
Values = Float64[np.ndarray, " cases"]


@dataclass(frozen=True)
class Interval:
    """A mean over cases and between which values it lies, as far as the cases tell."""

    mean: float
    low: float
    high: float
    cases: int


@dataclass(frozen=True)
class Comparison:
    """The mean difference of two scores of the same cases (one less the other), its interval, and a p-value.

    Args:
        difference: mean over cases.
        low: where the interval begins.
        high: where it ends.
        p_value: how often chance alone gives a mean difference at least as great, in either direction.
        cases: how many both have.
    """

    difference: float
    low: float
    high: float
    p_value: float
    cases: int


def bound_mean(scores: Cases, *, level: float = 0.95, resamples: int = 10_000, seed: int = 0) -> Interval:
    """The mean over cases and its bootstrap percentile interval (Efron 1979).

    Cases are drawn with replacement, as many as there are, `resamples` times; the interval holds the middle `level` of
    the means. Cases whose score is NaN are left out; without any, all is NaN. The same seed gives the same interval.

    Args:
        scores: by case.
        level: share of the resampled means inside.
        resamples: how often to draw.
        seed: of the draws.
    """
    values = _list_defined(scores)
    low, high = _bootstrap(values, level=level, resamples=resamples, seed=seed)
    return Interval(float(values.mean()) if len(values) else math.nan, low, high, len(values))


def compare_means(
    one: Cases, other: Cases, *, level: float = 0.95, resamples: int = 10_000, seed: int = 0
) -> Comparison:
    """How much better `one` is than `other` on the same cases: mean difference, interval, sign-flip p-value.

    Were both alike, each case's difference could as well have the other sign. The p-value is the share of sign patterns
    whose mean difference is at least as great in size: of all 2ⁿ when these are no more than `resamples`, else of
    `resamples` drawn ones with the observed one added (Phipson 2010). Cases that either lacks are an error; those with
    NaN on either side are left out.

    Args:
        one: scores by case.
        other: scores of the same cases.
        level: of the bootstrap interval of the mean difference.
        resamples: how often to draw.
        seed: of the draws.
    """
    if one.keys() != other.keys():
        apart = ", ".join(sorted(one.keys() ^ other.keys()))
        raise DataError(f"two sets of scores are compared case by case; only one has {apart}")
    values = _list_defined({case: one[case] - other[case] for case in one})
    low, high = _bootstrap(values, level=level, resamples=resamples, seed=seed)
    if not len(values):
        return Comparison(math.nan, math.nan, math.nan, math.nan, 0)
    return Comparison(float(values.mean()), low, high, _flip_signs(values, resamples, seed), len(values))


def turn_scores(cases: Mapping[str, Cases]) -> dict[str, dict[str, float]]:
    """Scores by metric and case from those by case and metric, as `evaluate` gives them; NaN where a case has none."""
    names = dict.fromkeys(name for scores in cases.values() for name in scores)
    return {name: {case: scores.get(name, math.nan) for case, scores in cases.items()} for name in names}


def _list_defined(scores: Cases) -> Values:
    """The scores that are numbers, by the names of their cases, so that the order they came in does not matter."""
    values = np.array([scores[case] for case in sorted(scores)], np.float64)
    return values[~np.isnan(values)]


def _bootstrap(values: Values, *, level: float, resamples: int, seed: int) -> tuple[float, float]:
    """The percentile interval of the mean."""
    if not 0 < level < 1 or resamples < 1:
        raise ConfigError(f"an interval needs a level between 0 and 1 and some resamples; got {level} and {resamples}")
    if not len(values):
        return math.nan, math.nan
    rng = np.random.default_rng(seed)
    draws = (rng.integers(0, len(values), (rows, len(values))) for rows in _cut(resamples, len(values)))
    means = np.concatenate([values[drawn].mean(axis=1) for drawn in draws])
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _flip_signs(values: Values, resamples: int, seed: int) -> float:
    """The share of sign patterns that give a sum at least as great in size; exactly where there are few patterns."""
    exact = 2 ** len(values) <= resamples
    patterns = 2 ** len(values) if exact else resamples
    rng = np.random.default_rng(seed)
    observed = abs(values.sum()) * (1 - ROUNDING)
    count, first = 0, 0
    for rows in _cut(patterns, len(values)):
        if exact:
            flipped = (np.arange(first, first + rows)[:, None] >> np.arange(len(values))) & 1
        else:
            flipped = rng.integers(0, 2, (rows, len(values)))
        count += int((np.abs((1 - 2 * flipped) @ values) >= observed).sum())
        first += rows
    return count / patterns if exact else (count + 1) / (patterns + 1)


def _cut(rows: int, columns: int) -> Iterator[int]:
    """Rows that may be drawn at once."""
    most = max(1, DRAWS // max(1, columns))
    for first in range(0, rows, most):
        yield min(most, rows - first)
