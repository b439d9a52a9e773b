from collections import Counter

import pytest

from volumen.data import Case
from volumen.data.ordering import TURN, choose_case, share_turn

CASES = [
    Case(f"{name}/{number}", "", {}, dataset=name) for name, count in (("x", 3), ("y", 7)) for number in range(count)
]


def draw(count: int, weights: dict[str, float], first: int = 0) -> list[str]:
    return [choose_case(CASES, 42, number, weights).name for number in range(first, first + count)]


def test_each_data_set_has_its_share_of_every_turn():
    for turn in range(3):
        sets = Counter(name[0] for name in draw(TURN, {"x": 3.0, "y": 1.0}, first=turn * TURN))
        assert sets == {"x": 750, "y": 250}


def test_a_set_without_a_weight_counts_one():
    assert Counter(name[0] for name in draw(TURN, {"x": 4.0}))["x"] == 800


def test_within_a_set_every_case_comes_once_before_any_comes_again():
    names = [name for name in draw(2 * TURN, {"x": 1.0, "y": 2.0}) if name.startswith("y")]
    for start in range(0, len(names) - 7, 7):
        assert len(set(names[start : start + 7])) == 7


def test_sets_are_mixed_and_not_one_after_the_other():
    sets = "".join(name[0] for name in draw(100, {"x": 1.0, "y": 1.0}))
    assert "xy" in sets[:20]
    assert max(map(len, sets.replace("x", " ").split())) < 15


def test_a_sample_is_a_function_of_its_number_alone():
    backwards = [choose_case(CASES, 42, number, {"x": 2.0}).name for number in reversed(range(50))]
    assert backwards[::-1] == draw(50, {"x": 2.0})


@pytest.mark.parametrize("weights", [(1.0,), (1.0, 1.0, 1.0), (0.3, 0.3, 0.4), (1.0, 1e6), (5.0, 2.0, 1.0, 1.0)])
def test_shares_are_met_to_the_nearest_sample(weights):
    quotas = share_turn(weights)
    assert all(quota >= 1 for quota in quotas)
    assert TURN <= sum(quotas) <= TURN + len(weights)
    for quota, weight in zip(quotas, weights, strict=True):
        assert abs(quota - weight / sum(weights) * TURN) <= 1
