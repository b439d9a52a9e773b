import pytest

from volumen.config.layers import Layers
from volumen.errors import ConfigError


def lay(*mappings):
    layers = Layers()
    for number, mapping in enumerate(mappings):
        layers.lay(mapping, f"layer {number}")
    return layers


def test_mappings_merge_and_everything_else_replaces():
    layers = lay({"data": {"a": 1, "list": [1, 2]}}, {"data": {"b": 2, "list": [3]}})
    assert layers.values == {"data": {"a": 1, "b": 2, "list": [3]}}


def test_options_of_a_component_merge_only_under_the_same_name():
    below = {"network": {"name": "unet", "features": 32}}
    assert lay(below, {"network": {"features": 8}}).values["network"] == {"name": "unet", "features": 8}
    assert lay(below, {"network": {"name": "other"}}).values["network"] == {"name": "other"}


def test_an_override_reaches_into_mappings_lists_and_bare_names():
    layers = lay({"losses": [{"name": "dice"}, {"name": "focal"}], "schedule": "constant"})
    layers.override("losses.1.weight=0.5")
    layers.override("schedule.warm=3")
    layers.override("new.deep.key=[1, 2]")
    assert layers.values == {
        "losses": [{"name": "dice"}, {"name": "focal", "weight": 0.5}],
        "schedule": {"name": "constant", "warm": 3},
        "new": {"deep": {"key": [1, 2]}},
    }


def test_the_source_of_a_value_is_the_nearest_that_set_it():
    layers = lay({"data": {"a": 1}}, {"data": {"b": 1}})
    layers.override("data.a=2")
    assert layers.find_source(("data", "a")) == "override 'data.a=2'"
    assert layers.find_source(("data", "b", "deeper")) == "layer 1"


@pytest.mark.parametrize("assignment", ["novalue", "=3"])
def test_an_override_without_key_or_value_is_refused(assignment):
    with pytest.raises(ConfigError, match=r"written key\.sub=value"):
        lay({}).override(assignment)


def test_an_index_past_the_end_of_a_list_is_refused():
    with pytest.raises(ConfigError, match="a list of 1 entries has no entry 3"):
        lay({"a": [1]}).override("a.3=1")
