import pytest

from volumen.config import Component, check_component
from volumen.decoding import list_knobs
from volumen.decoding.grids import GRIDS, Knob
from volumen.errors import ConfigError

STEPS = (Component(name="threshold"), Component(name="min_size", options={"voxels": 5}))


def test_values_are_listed_or_counted():
    assert list_knobs(STEPS, ["threshold.value=0.2:0.4:0.1", "min_size.voxels=1,10"]) == [
        Knob(0, "value", (0.2, 0.3, 0.4)),
        Knob(1, "voxels", (1, 10)),
    ]


def test_turning_a_knob_leaves_all_else():
    turned = Knob(1, "voxels", (9,)).turn(STEPS, 9)

    assert [step.options for step in turned] == [{}, {"voxels": 9}]
    assert STEPS[1].options == {"voxels": 5}


@pytest.mark.parametrize("name", GRIDS)
def test_every_usual_value_is_one_that_its_step_takes(name):
    faults = [
        fault
        for option, values in GRIDS[name].items()
        for value in values
        for fault in check_component("decoding", Component(name=name, options={option: value}))
    ]
    assert faults == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("threshold", "values to try are written"),
        ("treshold.value=1", "did you mean 'threshold'"),
        ("threshold.value=a,b", "is no list of numbers"),
        ("threshold.value=0:1:0", "is no list of numbers"),
    ],
)
def test_what_cannot_be_tried_is_said(text, message):
    with pytest.raises(ConfigError, match=message):
        list_knobs(STEPS, [text])
