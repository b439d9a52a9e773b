import math

import numpy as np
import pytest

from volumen.config import Component
from volumen.decoding import Example, Judge, Knob, Source, list_knobs, tune_decoding
from volumen.errors import ConfigError
from volumen.heads import HeadSpec

DICE = Component(name="dice")
BEGIN = (Component(name="threshold", options={"value": 0.9}), Component(name="min_size", options={"voxels": 0}))


@pytest.fixture
def example(rng):
    """A ball of probability 0.6 with specks of 0.8 about it: right are a threshold of 0.5 and a least size."""
    distance = np.linalg.norm(np.indices((16, 16, 16)) - 8, axis=0)
    truth = (distance < 5).astype(np.uint8)
    probability = np.where(truth, 0.6, 0.0).astype(np.float32)
    specks = (rng.random(truth.shape) < 0.01) & (distance > 6)
    probability[specks] = 0.8
    reads = []

    def read(name):
        reads.append(name)
        return probability

    made = Example("ball", Source(read, [HeadSpec("ball", 1, "sigmoid")]), truth)
    return made, reads


def test_options_are_turned_until_nothing_gets_better(example):
    tuned = tune_decoding([example[0]], BEGIN, DICE, knobs=list_knobs(BEGIN))

    assert tuned.before < 0.1
    assert tuned.score == 1.0
    assert tuned.steps[0].options["value"] <= 0.6
    assert tuned.steps[1].options["voxels"] >= 20


def test_less_is_better_where_it_is(example):
    knobs = list_knobs(BEGIN, ["threshold.value=0.5,0.9", "min_size.voxels=0,20"])

    tuned = tune_decoding([example[0]], BEGIN, Component(name="voi"), knobs=knobs)

    assert tuned.score == pytest.approx(0, abs=1e-12)
    assert len(tuned.trials) == len({repr(trial.steps) for trial in tuned.trials})


def test_trials_are_a_bound(example):
    told = []

    tuned = tune_decoding(
        [example[0]], BEGIN, DICE, knobs=list_knobs(BEGIN), trials=4, progress=lambda *counts: told.append(counts)
    )

    assert len(tuned.trials) == 4
    assert told[-1] == (4, 4)


def test_a_late_step_is_tried_without_reading_the_prediction_again(example):
    made, reads = example
    judge = Judge([made], DICE)

    judge.score(BEGIN)
    judge.score(Knob(1, "voxels", ()).turn(BEGIN, 50))

    assert reads == ["ball"]


def test_what_is_held_stays_within_its_bound(example):
    made, reads = example
    judge = Judge([made], DICE, keep=1)

    judge.score(BEGIN)
    judge.score(Knob(1, "voxels", ()).turn(BEGIN, 50))

    assert reads == ["ball", "ball"]


def test_settings_that_exclude_each_other_are_never_best(example):
    begin = (Component(name="hysteresis", options={"low": 0.5, "high": 0.5}),)

    tuned = tune_decoding([example[0]], begin, DICE, knobs=list_knobs(begin, ["hysteresis.low=0.9,0.4"]))

    assert math.isnan(tuned.trials[1].score)
    assert tuned.steps[0].options["low"] in {0.4, 0.5}


def test_nothing_to_tune_is_an_error(example):
    argmax = (Component(name="argmax"),)
    with pytest.raises(ConfigError, match="nothing is tuned"):
        tune_decoding([example[0]], argmax, DICE, knobs=list_knobs(argmax))
    with pytest.raises(ConfigError, match="at least one trial"):
        tune_decoding([example[0]], BEGIN, DICE, knobs=list_knobs(BEGIN), trials=0)
