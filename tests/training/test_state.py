import math

import pytest

from volumen.config import TrainingSection
from volumen.training.state import RunState, find_last_fall

# Of ten epochs; the best is the sixth, and the second was not measured.
COSTS = [0.15, math.nan, 0.14, 0.13, 0.12, 0.1, 0.11, 0.12, 0.13, 0.14]


def test_a_state_survives_a_checkpoint():
    state = RunState(epoch=3, step=30, batches=60, seconds=1.5, best=0.2, best_epoch=2, costs=[0.3, 0.2, 0.2])
    assert RunState.from_dict(state.to_dict()) == state


def test_the_best_is_the_first_of_equals():
    state = RunState(epoch=1)
    assert state.note_score(0.5, lower_is_better=True)
    state.epoch = 2
    assert not state.note_score(0.5, lower_is_better=True)
    state.epoch = 3
    assert state.note_score(0.4, lower_is_better=True)
    assert (state.best, state.best_epoch) == (0.4, 3)


def test_a_number_that_was_not_measured_is_never_the_best():
    state = RunState(epoch=1)
    assert not state.note_score(math.nan, lower_is_better=True)
    assert state.best is None


def test_the_last_fall_is_one_by_more_than_asked():
    assert find_last_fall(COSTS, 0.0) == 6
    assert find_last_fall(COSTS, 0.02) == 5  # 0.15, 0.12
    assert find_last_fall([math.nan], 0.0) == 0


def test_more_is_better_for_a_score():
    state = RunState(epoch=1, best=0.5, best_epoch=1)
    assert not state.note_score(0.4, lower_is_better=False)
    assert state.note_score(0.6, lower_is_better=False)


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"max_epochs": 10}, "all 10 epochs"),
        ({"patience": 4}, "early stopping at epoch 10: val/loss has not improved for 4 epochs"),
        ({"max_steps": 100}, "max_steps=100"),
        ({"max_hours": 0.5}, "max_hours=0.5"),
        ({"stop_below": 0.02}, "the loss of epoch 10, 0.019, is below training.stop_below=0.02"),
        ({"patience": 8, "min_improvement": 0.1}, "has not improved for 9 epochs"),
    ],
)
def test_each_limit_ends_a_run(limits, reason):
    state = RunState(epoch=10, step=100, seconds=1800, best=0.1, best_epoch=6, costs=COSTS, losses=[0.019])
    assert reason in state.find_stop(TrainingSection.model_validate(limits))


def test_the_best_and_the_latest_epochs_are_kept():
    state = RunState(epoch=10, costs=COSTS)
    assert state.list_kept(best=3, last=1) == {5, 6, 7}
    assert state.list_kept(best=1, last=2) == {9, 10}
    assert state.list_kept(best=2, last=2) == {6, 7, 9, 10}
    assert state.list_kept(best=1, last=1) == set()
    assert state.list_kept(best=99, last=99) == set(range(1, 11))


def test_a_run_within_its_limits_goes_on():
    state = RunState(epoch=9, step=99, seconds=1799, best=0.1, best_epoch=6, costs=COSTS[:9], losses=[0.02])
    limits = TrainingSection.model_validate(
        {"max_epochs": 10, "patience": 4, "max_steps": 100, "max_hours": 0.5, "stop_below": 0.02}
    )
    assert state.find_stop(limits) is None
