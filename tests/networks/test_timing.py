import pytest
import torch

from volumen.heads import HeadSpec
from volumen.networks import Task, design_light_unet, forecast_seconds
from volumen.networks.timing import _count_operations, _grow, _shrink


@pytest.fixture
def network():
    design = design_light_unet(features=2, depth=2)
    return design.build(Task((HeadSpec("x", 1),), 1, (32, 32, 32)))


def test_a_patch_that_is_quick_is_timed_as_it_is(network):
    seconds = forecast_seconds(network, (16, 16, 16), batch=2)
    assert seconds.timed == (16, 16, 16)
    assert 0 < seconds.forward < seconds.step


def test_time_is_scaled_by_operations(network, monkeypatch):
    monkeypatch.setattr("volumen.networks.timing._time", lambda _action, _network: 2.0)
    seconds = forecast_seconds(network, (32, 32, 32), batch=3)
    assert seconds.timed == (8, 8, 8)
    assert seconds.step == pytest.approx(2 * 3 / 2 * 4**3)
    assert seconds.forward == pytest.approx(2 * 4**3)


def test_a_trial_that_does_not_fit_is_halved(network, monkeypatch):
    def time(action, _network):
        action()
        return 0.1

    def prepare(_network, shape, _images, _dtype):
        def step():
            if shape[0] * shape[1] * shape[2] > 16 * 8 * 8:
                raise torch.OutOfMemoryError("full")

        return step

    monkeypatch.setattr("volumen.networks.timing._time", time)
    monkeypatch.setattr("volumen.networks.timing._prepare_step", prepare)
    assert forecast_seconds(network, (32, 32, 32)).timed == (8, 16, 8)


def test_operations_count_both_ways(network):
    forward = _count_operations(network, (16, 16, 16), 1, learn=False)
    assert 2 < _count_operations(network, (16, 16, 16), 1, learn=True) / forward <= 3


def test_weights_and_gradients_stay_as_they_were(network):
    before = {name: tensor.clone() for name, tensor in network.named_parameters()}
    forecast_seconds(network, (8, 8, 8))
    assert all(torch.equal(before[name], tensor) for name, tensor in network.named_parameters())
    assert all(parameter.grad is None for parameter in network.parameters())


def test_a_trial_grows_where_it_lacks_most():
    assert _grow((8, 8, 8), (8, 32, 16)) == (8, 16, 8)
    assert _grow((8, 16, 8), (8, 24, 8)) == (8, 24, 8)
    assert _shrink((8, 16, 8), (4, 4, 4)) == (8, 8, 8)


def test_a_network_of_layers_is_timed_with_all_of_them():
    design = design_light_unet(features=2, depth=2, project="max")
    network = design.build(Task((HeadSpec("ink", 1),), 1, (7, 32, 32)))
    assert forecast_seconds(network, (7, 32, 32)).timed[0] == 7
