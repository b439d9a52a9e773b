import pytest

from volumen.config import Component, list_recipes, read_recipe
from volumen.errors import ConfigError
from volumen.training import check_recipe


def list_faults(config):
    with pytest.raises(ConfigError) as caught:
        check_recipe(config)
    return [line.strip() for line in str(caught.value).splitlines()]


@pytest.mark.parametrize("name", sorted(list_recipes().keys() - {"default"}))
def test_packaged_recipes_have_none(name):
    check_recipe(read_recipe(name))


def test_values_that_no_part_takes_are_told_together_by_their_paths(make_config):
    data = {"augmentations": ["flip", {"name": "noise", "sigma": -1.0}], "sampling": {"name": "foreground", "share": 2}}
    near = {"name": "distance", "side": "outside", "relative": True}
    heads = {
        "near": {"target": near, "label": "ball", "losses": ["mse"]},
        "odd": {"target": "binary", "activation": "softmax", "losses": ["dice"]},
    }
    steps = (Component(name="threshold"), Component(name="hysteresis", options={"low": 0.9, "high": 0.1}))
    config = make_config({"data": data, "heads": heads}).model_copy(update={"decoding": steps})
    first, *faults = list_faults(config)
    assert first == "5 faults in the recipe"
    paths = ["data.sampling", "data.augmentations.1", "decoding.1", "heads.near.target", "heads.odd.activation"]
    assert [fault.partition(": ")[0] for fault in faults] == paths


def test_steps_in_an_order_that_cannot_be_are_told(make_config):
    config = make_config().model_copy(update={"decoding": (Component(name="min_size"),)})
    assert list_faults(config)[0].startswith("decoding: decoding begins with threshold")


def test_losses_that_do_not_fit_their_heads_are_told_together(make_config):
    classes = {"target": {"name": "classes", "classes": 3}}
    weights = {"name": "cross_entropy", "class_weights": [1.0, 2.0], "start_epoch": 5}
    heads = {
        "parts": {**classes, "losses": ["dice", weights]},
        "ball": {"target": "binary", "losses": ["dice", "malis"]},
        "far": {"target": {"name": "distance", "unit": "nm"}, "label": "ball", "losses": ["smooth_l1"]},
    }
    _, *faults = list_faults(make_config({"heads": heads}))
    assert [fault.partition(": ")[0] for fault in faults] == ["heads.ball.losses.1", "heads.parts.losses.1"]
    assert "needs as many class_weights; got 2" in faults[1]
