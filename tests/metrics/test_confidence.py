import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from volumen.errors import ConfigError, DataError
from volumen.metrics import Interval, bound_mean, compare_means, confidence, turn_scores

SCORES = {"a": 0.2, "b": 0.5, "c": 0.9, "d": 0.4}
NUMBERS = st.lists(st.integers(-5, 5), min_size=1, max_size=7)


def name(values) -> dict[str, float]:
    return {f"case{place}": float(value) for place, value in enumerate(values)}


def test_two_cases_counted_by_hand():
    # resampled means are 0, 1/2 and 1 with the shares 1/4, 1/2 and 1/4
    assert bound_mean({"a": 0.0, "b": 1.0}) == Interval(0.5, 0.0, 1.0, 2)
    assert bound_mean({"a": 0.0, "b": 1.0}, level=0.4) == Interval(0.5, 0.5, 0.5, 2)


def test_one_case_has_no_width_and_none_is_no_number():
    assert bound_mean({"a": 0.7}) == Interval(0.7, 0.7, 0.7, 1)
    empty = bound_mean({"a": math.nan})
    assert math.isnan(empty.mean)
    assert math.isnan(empty.low)
    assert empty.cases == 0


def test_cases_without_a_score_are_left_out():
    assert bound_mean(SCORES | {"e": math.nan}) == bound_mean(SCORES)


def test_the_same_seed_gives_the_same_interval_in_any_order_of_cases():
    turned = dict(reversed(SCORES.items()))

    assert bound_mean(SCORES, seed=3) == bound_mean(turned, seed=3)
    assert bound_mean(SCORES, resamples=50, seed=3) != bound_mean(SCORES, resamples=50, seed=4)


def test_the_interval_holds_the_true_mean_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    held = 0
    for trial in range(200):
        interval = bound_mean(name(rng.normal(0.5, 0.1, 30)), resamples=500, seed=trial)
        held += interval.low <= 0.5 <= interval.high
    assert 0.89 < held / 200 < 0.98


def test_draws_in_parts_are_draws_at_once(monkeypatch):
    other = dict.fromkeys(SCORES, 0.3)
    whole = bound_mean(SCORES, resamples=99), compare_means(SCORES, other, resamples=10), compare_means(SCORES, other)
    monkeypatch.setattr(confidence, "DRAWS", 12)

    assert bound_mean(SCORES, resamples=99) == whole[0]
    assert compare_means(SCORES, other, resamples=10) == whole[1]
    assert compare_means(SCORES, other) == whole[2]


@settings(max_examples=40, deadline=None)
@given(NUMBERS)
def test_few_cases_have_an_exact_p_value(differences):
    one, other = name(differences), name([0] * len(differences))
    sums = [abs(np.dot(signs, differences)) for signs in product((-1, 1), repeat=len(differences))]

    expected = np.mean([total >= abs(sum(differences)) for total in sums])

    assert compare_means(one, other).p_value == pytest.approx(expected)


def test_many_cases_have_about_the_exact_p_value():
    differences = [1, 2, -1, 3, 1, 2, -2, 1]

    exact = compare_means(name(differences), name([0] * 8)).p_value
    drawn = compare_means(name(differences), name([0] * 8), resamples=255).p_value

    assert drawn == pytest.approx(exact, abs=0.06)
    assert drawn >= 1 / 256  # never 0


def test_a_steady_gain_is_told_from_a_lucky_one():
    base = name(np.linspace(0.3, 0.8, 12))
    steady = {case: score + 0.02 for case, score in base.items()}
    lucky = base | {"case0": base["case0"] + 0.24}

    assert compare_means(steady, base).difference == pytest.approx(compare_means(lucky, base).difference)
    assert compare_means(steady, base).p_value < 0.001
    assert compare_means(lucky, base).p_value > 0.5
    assert compare_means(lucky, base).low == 0


def test_a_comparison_turned_round_is_the_same_but_for_its_sign():
    other = {"a": 0.1, "b": 0.7, "c": 0.4, "d": 0.4}
    one, turned = compare_means(SCORES, other), compare_means(other, SCORES)

    assert turned.difference == pytest.approx(-one.difference)
    assert turned.p_value == one.p_value
    same = compare_means(SCORES, SCORES)
    assert (same.difference, same.low, same.high, same.p_value) == (0, 0, 0, 1)


def test_cases_are_paired_by_name_and_those_without_a_number_left_out():
    other = {"d": 0.1, "c": 0.1, "b": math.nan, "a": 0.1}

    comparison = compare_means(SCORES, other)

    assert comparison.cases == 3
    assert comparison.difference == pytest.approx((0.1 + 0.8 + 0.3) / 3)
    assert math.isnan(compare_means({"a": 1.0}, {"a": math.nan}).p_value)
    with pytest.raises(DataError, match="only one has d, e"):
        compare_means(SCORES, {"a": 1.0, "b": 1.0, "c": 1.0, "e": 1.0})


def test_scores_are_turned_from_cases_to_metrics():
    turned = turn_scores({"a": {"dice": 0.5, "voi": 1.0}, "b": {"dice": 0.7}})

    assert turned["dice"] == {"a": 0.5, "b": 0.7}
    assert turned["voi"]["a"] == 1.0
    assert math.isnan(turned["voi"]["b"])


@pytest.mark.parametrize("wrong", [{"level": 0.0}, {"level": 1.0}, {"resamples": 0}])
def test_intervals_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ConfigError, match="a level between 0 and 1"):
        bound_mean(SCORES, **wrong)
