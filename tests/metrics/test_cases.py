import math

import numpy as np
import pytest

from volumen.config import Component
from volumen.errors import ConfigError
from volumen.metrics import Pairs, Scoring, evaluate_cases
from volumen.metrics.cases import Evaluation, find_ignored
from volumen.volumes import export_volume

DICE = [Component(name="dice")]


@pytest.fixture
def pairs(tmp_path):
    """Three cases whose Dice is 1, 0 and 2/3."""
    truth = np.zeros((2, 3, 4), np.uint8)
    truth[0, 0, :2] = 1
    predictions = {"x_1": truth, "x_2": np.roll(truth, 1, axis=0), "y_1": truth * (np.arange(4) < 1)}
    cases = {}
    for name, prediction in predictions.items():
        export_volume(prediction.astype(np.uint8), tmp_path / f"{name}.tif")
        export_volume(truth, tmp_path / f"{name}_truth.tif")
        cases[name] = (tmp_path / f"{name}.tif", tmp_path / f"{name}_truth.tif")
    return Pairs(cases)


def test_groups_have_means_of_their_own(pairs):
    groups = {"x_1": "x", "x_2": "x", "y_1": "y"}

    evaluation = evaluate_cases(pairs, DICE, groups=groups)

    assert evaluation.cases == {"x_1": {"dice": 1.0}, "x_2": {"dice": 0.0}, "y_1": {"dice": pytest.approx(2 / 3)}}
    assert evaluation.group_means == {"x": {"dice": 0.5}, "y": {"dice": pytest.approx(2 / 3)}}
    assert evaluation.means == {"dice": pytest.approx(5 / 9)}


def test_two_processes_give_the_same_in_the_same_order(pairs):
    told = []

    shared = evaluate_cases(
        pairs, DICE, scoring=Scoring(workers=2), progress=lambda done, total: told.append((done, total))
    )

    assert shared == evaluate_cases(pairs, DICE)
    assert list(shared.cases) == list(pairs.cases)
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_means_leave_out_what_is_not_defined():
    evaluation = Evaluation({"a": {"dice": math.nan}, "b": {"dice": 0.5}, "c": {}})

    assert evaluation.means == {"dice": 0.5}


@pytest.mark.parametrize(("highest", "ignored"), [(1, None), (2, 2), (3, None), (2**64 - 1, None)])
def test_2_is_ignored_where_it_is_the_highest_label(highest, ignored):
    truth = np.zeros((3, 3, 3), np.uint64)
    truth[1, 1, 1] = highest

    assert find_ignored(truth) == ignored


def test_what_is_ignored_can_be_said():
    truth = np.array([[[0, 1, 2, 2]]])
    prediction = np.array([[[0, 1, 1, 0]]])
    pairs = Pairs({"array": (prediction, truth)})

    scores = {ignore: evaluate_cases(pairs, DICE, scoring=Scoring(ignore=ignore)).means for ignore in ("auto", "none")}

    assert scores == {"auto": {"dice": 1.0}, "none": {"dice": 0.8}}
    with pytest.raises(ConfigError, match="at least one worker"):
        Scoring(workers=0)
