import pytest
import torch

from volumen.config import Component, build_component, check_component
from volumen.training import build_sgd


@pytest.mark.parametrize(
    ("name", "made"), [("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW), ("sgd", torch.optim.SGD)]
)
def test_a_recipe_names_an_optimiser_and_its_rate(name, made):
    component = Component(name=name, options={"lr": 3e-4, "weight_decay": 0.1})
    optimizer = build_component("optimizer", component, parameters=[torch.zeros(1, requires_grad=True)])
    assert isinstance(optimizer, made)
    assert optimizer.defaults["lr"] == 3e-4
    assert optimizer.defaults["weight_decay"] == 0.1


def test_a_rate_that_is_not_positive_is_a_fault_of_the_recipe():
    [fault] = check_component("optimizer", Component(name="adam", options={"lr": 0}), frozenset({"parameters"}))
    assert "lr" in fault
    assert "greater than 0" in fault


def test_descent_without_momentum_has_no_look_ahead():
    assert not build_sgd([torch.zeros(1, requires_grad=True)], momentum=0.0).defaults["nesterov"]
