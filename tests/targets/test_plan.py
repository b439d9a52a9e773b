import pytest

from volumen.config import Component, RunConfig, check_component
from volumen.errors import ConfigError
from volumen.heads import HeadSpec
from volumen.targets import BinaryTarget, ClassesTarget, build_targets, plan_heads


def configure(**heads):
    return RunConfig(heads={name: {"losses": ["dice"], **section} for name, section in heads.items()})


def test_heads_are_planned_from_their_targets_in_the_recipes_order():
    config = configure(
        surface={"target": "binary"},
        cells={"target": {"name": "classes", "classes": 4}, "activation": "softmax"},
    )
    assert plan_heads(config) == (
        HeadSpec("surface", 1, "sigmoid", "binary"),
        HeadSpec("cells", 4, "softmax", "classes"),
    )
    assert [type(target) for target in build_targets(config).values()] == [BinaryTarget, ClassesTarget]


def test_softmax_over_one_channel_is_refused():
    with pytest.raises(ConfigError, match=r"heads.surface.activation: target 'binary' goes with sigmoid.*got softmax"):
        plan_heads(configure(surface={"target": "binary", "activation": "softmax"}))


def test_classes_that_exclude_each_other_need_softmax():
    classes = {"name": "classes", "classes": 4}
    [head] = plan_heads(configure(cells={"target": classes}))
    assert head.activation == "softmax"
    with pytest.raises(ConfigError, match="target 'classes' goes with softmax or none; got sigmoid"):
        plan_heads(configure(cells={"target": classes, "activation": "sigmoid"}))


def test_channels_that_contradict_the_target_are_refused():
    with pytest.raises(ConfigError, match=r"heads.surface.channels: target 'binary' has 1; got 2"):
        plan_heads(configure(surface={"target": "binary", "channels": 2}))


@pytest.mark.parametrize("options", [{"classes": 1}, {"classes": "many"}, {}])
def test_recipes_are_told_of_wrong_numbers_of_classes(options):
    assert check_component("target", Component(name="classes", options=options))


def test_foreground_may_be_a_list_in_a_recipe():
    config = configure(surface={"target": {"name": "binary", "foreground": [1]}})
    assert check_component("target", config.heads["surface"].target) == []
    assert plan_heads(config)[0].channels == 1
