"""Networks that make one slice of several layers."""

import pytest
import torch

from volumen.config import Component
from volumen.heads import HeadSpec
from volumen.networks import build_network
from volumen.networks.projection import Projection

WAYS = ["max", "mean", "attention"]
WINDOW = (7, 16, 16)


def build(name="residual_unet", patch=WINDOW, **options):
    torch.manual_seed(0)
    component = Component(name=name, options={"features": 4, "depth": 2} | options)
    return build_network(component, heads=[HeadSpec("ink", 1, "sigmoid")], channels=1, patch_size=patch)


def test_layers_become_their_maximum_or_their_mean():
    features = torch.rand(2, 3, 5, 4, 4)
    assert torch.equal(Projection(3, "max")(features)[:, :, 0], features.max(2)[0])
    torch.testing.assert_close(Projection(3, "mean")(features)[:, :, 0], features.mean(2))


def test_attention_weighs_layers_of_every_place():
    projection = Projection(2, "attention")
    features = torch.rand(1, 2, 5, 4, 4)
    projected = projection(features)[:, :, 0]
    assert (projected >= features.amin(2)).all()
    assert (projected <= features.amax(2)).all()


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("name", ["residual_unet", "unet", "planned_unet", "rsunet"])
def test_every_design_gives_one_slice_in_full_resolution_and_learns_everywhere(name, how):
    options = {"features": [4, 6, 8]} if name == "rsunet" else {}
    network = build(name, project=how, **options).train()
    assert network.projects
    maps = network(torch.rand(2, 1, *WINDOW))["ink"]
    assert maps[0].shape == (2, 1, 1, 16, 16)
    sum(level.sum() for level in maps).backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_coarser_maps_are_one_slice_too():
    network = build(depth=3, project="max", patch=(9, 32, 32)).train()
    assert [tuple(level.shape[2:]) for level in network(torch.rand(2, 1, 9, 32, 32))["ink"]] == [
        (1, 32, 32),
        (1, 16, 16),
    ]


@pytest.mark.parametrize("layers", [5, 8, 21])
def test_layers_need_not_divide(layers):
    network = build(depth=3, project="max", patch=(21, 32, 32)).eval()
    assert network.divisor == (1, 8, 8)
    assert network(torch.rand(1, 1, layers, 32, 32))["ink"][0].shape == (1, 1, 1, 32, 32)


def test_a_network_that_keeps_its_layers_projects_nothing():
    network = build(patch=(8, 16, 16))
    assert not network.projects
    assert not any("projection" in name for name in network.state_dict())
