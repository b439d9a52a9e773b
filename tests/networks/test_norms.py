"""Norms that a GPU computes in one go with what follows them; the kernels themselves need one."""

import sys
from types import SimpleNamespace

import pytest
import torch
from torch.nn.functional import instance_norm, leaky_relu

from volumen.config import Component
from volumen.heads import HeadSpec
from volumen.networks import blocks, build_network, layers, norms
from volumen.networks.layers import Layers, build_unit
from volumen.networks.norms import InstanceNorm, convolve_unbiased, fuses, normalise

SHAPES = [(1, 32, 40, 33, 21), (2, 5, 7, 6, 5), (3, 70, 9, 8, 8), (1, 1, 64, 64, 64), (2, 320, 4, 4, 4)]


def test_nothing_is_fused_on_the_processor_or_where_gradients_are_asked_for():
    norm, features = InstanceNorm(2), torch.ones(1, 2, 3, 3, 3)
    with torch.no_grad():
        assert not fuses(norm, features)


def test_a_norm_takes_the_bias_of_a_convolution_away():
    convolution, norm, _ = build_unit(3, 5, Layers(), kernel=(3, 3, 3), stride=(2, 1, 1))
    image = torch.randn(2, 3, 6, 5, 4)
    with torch.no_grad():
        unbiased = norm(convolve_unbiased(convolution, image))
        torch.testing.assert_close(unbiased, norm(convolution(image)), atol=1e-5, rtol=1e-4)


def normalise_plainly(features, weight, bias, *, epsilon, slope, added, channels_last, out):
    """What the kernels compute, by torch."""
    assert channels_last != features.is_contiguous()
    normalised = instance_norm(features, weight=weight, bias=bias, eps=epsilon)
    out.copy_(torch.where((total := normalised + (0 if added is None else added)) < 0, total * slope, total))


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("planned_unet", {"block": "plain", "deep_supervision": False, "features": 4, "depth": 1}),
        ("planned_unet", {"deep_supervision": False, "features": 4, "depth": 1}),
        ("residual_unet", {"features": 4}),
    ],
)
def test_whole_networks_are_fused_as_they_are_without(monkeypatch, name, options, channels_last):
    torch.manual_seed(0)
    component = Component(name=name, options=options)
    network = build_network(component, heads=[HeadSpec("surface", 1)], channels=1, patch_size=(16, 16, 16)).eval()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, 0.1, 0.3)
    image = torch.randn(2, 1, *[2 * max(4, step) for step in network.divisor])
    with torch.inference_mode():
        expected = network(image)["surface"][0]
        kernels = SimpleNamespace(normalise_features=normalise_plainly)
        monkeypatch.setitem(sys.modules, "volumen.networks.gpu_kernels", kernels)
        for room in (layers, blocks, norms):
            monkeypatch.setattr(room, "fuses", lambda norm, _features: isinstance(norm, InstanceNorm))
        if channels_last:
            network.to(memory_format=torch.channels_last_3d)
            image = image.contiguous(memory_format=torch.channels_last_3d)
        torch.testing.assert_close(network(image)["surface"][0], expected, atol=1e-3, rtol=1e-3)


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last_3d])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_norm_a_sum_and_an_activation_are_those_of_torch(shape, layout, dtype):
    torch.manual_seed(0)
    norm = InstanceNorm(shape[1]).cuda()
    torch.nn.init.normal_(norm.weight)
    torch.nn.init.normal_(norm.bias)
    features, added = (torch.randn(shape, device="cuda").mul(3).add(mean).to(dtype) for mean in (20, 0))
    expected = instance_norm(features.float(), weight=norm.weight, bias=norm.bias, eps=norm.eps)
    arranged = features.contiguous(memory_format=layout)
    before = arranged.clone()
    with torch.inference_mode():
        alone = normalise(arranged, norm)
        summed = normalise(arranged, norm, slope=0.01, added=added)
        assert torch.equal(arranged, before)
        over = normalise(arranged, norm, slope=0.01, added=added, overwrite=True)
    near = {"atol": 3e-5, "rtol": 1e-4} if dtype == torch.float32 else {"atol": 0.05, "rtol": 0.01}
    torch.testing.assert_close(alone.float(), expected, **near)
    torch.testing.assert_close(summed.float(), leaky_relu(expected + added.float(), 0.01), **near)
    assert torch.equal(over, summed)
    assert over.data_ptr() == arranged.data_ptr()


@pytest.mark.gpu
def test_a_unit_predicts_what_it_learns_with():
    torch.manual_seed(0)
    unit = build_unit(3, 8, Layers(), kernel=(3, 3, 3)).cuda()
    image = torch.randn(2, 3, 12, 10, 8, device="cuda")
    with torch.backends.cudnn.flags(allow_tf32=False):
        learnt = unit(image)
        with torch.inference_mode():
            predicted = unit(image)
    torch.testing.assert_close(predicted, learnt, atol=1e-4, rtol=1e-4)
