"""What every network must do; a network joins by a line in NETWORKS."""

import pytest
import safetensors.torch
import torch

from volumen.config import Component, check_component
from volumen.errors import ShapeError
from volumen.geometry import VoxelSize
from volumen.heads import HeadSpec
from volumen.networks import build_network

CHANNELS = 2
HEADS = (HeadSpec("surface", 1, "sigmoid"), HeadSpec("keys.of items", 3, "softmax"))

CUBE, SLICE = (16, 16, 16), (1, 32, 32)
EM = VoxelSize(30.0, 8.0, 8.0)
STAGED = {
    "features": [4, 6, 8],
    "strides": [[1, 1, 1], [1, 2, 2], [2, 2, 2]],
    "kernels": [[1, 3, 3], [3, 3, 3], [3, 3, 3]],
    "blocks": [1, 2, 1],
    "decoder_blocks": [2, 1],
}

# name of the test: name in recipes, options, patch, voxel size
NETWORKS = {
    "unet": ("unet", {"features": 4, "depth": 2}, CUBE, None),
    "unet-deep": ("unet", {"features": 4, "depth": 3, "deep_supervision": True}, CUBE, None),
    "unet-shared": ("unet", {"features": 4, "depth": 2, "shared_decoder": True}, CUBE, None),
    "unet-group": ("unet", {"features": 4, "depth": 2, "normalisation": "group"}, CUBE, None),
    "unet-2d": ("unet", {"features": 4, "depth": 2}, SLICE, None),
    "unet-attention": ("unet", {"features": 4, "depth": 2, "attention_gates": True}, CUBE, None),
    "unet-squeeze": ("unet", {"features": 4, "depth": 2, "squeeze_excitation": True}, CUBE, None),
    "light": ("light_unet", {"features": 4}, CUBE, None),
    "residual": ("residual_unet", {"features": 4, "depth": 2}, CUBE, None),
    "residual-resize": ("residual_unet", {"features": 4, "depth": 3, "upsampling": "resize"}, CUBE, None),
    "residual-squeeze": ("residual_unet", {"features": 4, "depth": 2, "squeeze_excitation": True}, CUBE, None),
    "planned": ("planned_unet", {"features": 4}, (16, 32, 32), EM),
    "planned-plain": ("planned_unet", {"features": 4, "block": "plain"}, CUBE, None),
    "planned-2d": ("planned_unet", {"features": 4}, SLICE, None),
    "rsunet": ("rsunet", {"features": [4, 6, 8]}, (16, 32, 32), EM),
    "rsunet-deep": ("rsunet", {"features": [4, 6, 8, 8], "deep_supervision": True, "depth": 3}, CUBE, None),
    "rsunet-2d": ("rsunet", {"features": [4, 6]}, SLICE, None),
    "staged": ("staged_unet", STAGED, (8, 16, 16), None),
    "staged-residual": ("staged_unet", STAGED | {"block": "residual"}, (8, 16, 16), None),
    "mednext": ("mednext", {"features": 2}, (32, 32, 32), None),
    "mednext-response": ("mednext", {"features": 4, "response_normalisation": True}, (1, 64, 64), None),
    "monai-unet": ("monai_unet", {"features": [4, 6, 8]}, CUBE, None),
    "monai-unet-2d": ("monai_unet", {"features": [4, 6, 8]}, SLICE, None),
    "dynunet": ("dynunet", {"features": 4, "max_features": 8, "depth": 3}, (32, 32, 32), None),
    "dynunet-residual": ("dynunet", {"features": 4, "depth": 2, "residual": True}, (16, 32, 32), EM),
    "dynunet-2d": ("dynunet", {"features": 4, "max_features": 8}, SLICE, None),
    "segresnet": ("segresnet", {"features": 4, "blocks": [1, 1, 1]}, (8, 16, 16), EM),
    "segresnet-shared": ("segresnet", {"features": 4, "blocks": [1, 1, 1], "shared_decoder": True}, CUBE, None),
    "vista": ("vista", {"features": 4, "blocks": [1, 1, 1]}, CUBE, None),
    "vista-2d": ("vista", {"features": 4, "blocks": [1, 1, 1, 1], "deep_supervision": True}, SLICE, None),
    "vista-own": ("vista", {"features": 4, "blocks": [1, 1, 1], "backbone": "own"}, CUBE, None),
    "swin-2d": ("swin_unetr", {"features": 12, "depths": [1, 1, 1, 1]}, (1, 64, 64), None),
    "swin-2d-second": ("swin_unetr", {"features": 12, "depths": [1, 1, 1, 1], "version": 2}, (1, 64, 64), None),
    "unetr": ("unetr", {"features": 2, "hidden": 12}, (32, 32, 32), None),
    "unetr-2d": ("unetr", {"features": 2, "hidden": 12}, (1, 32, 32), None),
}
LARGE = {"swin": ("swin_unetr", {"features": 12, "depths": [1, 1, 1, 1]}, (64, 64, 64), None)}
CHECKPOINTED = [name for name in NETWORKS if not name.startswith("monai-unet")]


def build(case, **changes):
    name, options, patch_size, voxel_size = (NETWORKS | LARGE)[case]
    component = Component(name=name, options=options | changes.pop("options", {}))
    assert check_component("network", component) == []
    supplied = {"heads": HEADS, "channels": CHANNELS, "patch_size": patch_size, "voxel_size": voxel_size}
    return build_network(component, **supplied | changes)


@pytest.fixture(params=[*NETWORKS, *(pytest.param(name, marks=pytest.mark.slow) for name in LARGE)])
def case(request):
    return request.param


@pytest.fixture
def network(case):
    torch.manual_seed(0)
    return build(case)


def draw_image(network, multiples=None, batch=2):
    """A batch of few multiples of the divisor, and of one of 32³ of fewer."""
    multiples = multiples or ((1, 2, 1) if network.divisor[0] == 32 else (2, 3, 2))
    shape = [step * count for step, count in zip(network.divisor, multiples, strict=True)]
    generator = torch.Generator().manual_seed(1)
    return torch.randn(batch, CHANNELS, *shape, generator=generator)


def sum_squares(outputs):
    return sum(level.square().sum() for levels in outputs.values() for level in levels)


def stir_weights(network):
    """Weights other than those of the start, where residual blocks are their shortcut and gradients are 0."""
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.normal_(0.1 if parameter.ndim == 1 else 0.0, 0.1, generator=generator)


def test_logits_have_the_size_of_the_image_and_the_channels_of_the_head(network):
    image = draw_image(network.eval(), (3, 2, 1), batch=1)
    with torch.no_grad():
        outputs = network(image)
    assert list(outputs) == [head.name for head in HEADS]
    for head in HEADS:
        assert [tuple(level.shape) for level in outputs[head.name]] == [(1, head.channels, *image.shape[2:])]


def test_levels_in_training_get_coarser_and_vanish_in_evaluation(network):
    image = draw_image(network)
    for levels in network.train()(image).values():
        volumes = [level[0, 0].numel() for level in levels]
        assert volumes == sorted(volumes, reverse=True)
        assert len(set(volumes)) == len(volumes)
        assert levels[0].shape[2:] == image.shape[2:]
    assert all(len(levels) == 1 for levels in network.eval()(image).values())


def test_a_loss_on_every_level_reaches_every_parameter(network):
    stir_weights(network)
    sum_squares(network.train()(draw_image(network))).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().sum() > 0, name


def test_the_seed_decides_the_weights(case):
    torch.manual_seed(3)
    first = build(case).state_dict()
    torch.manual_seed(3)
    second = build(case).state_dict()
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_weights_saved_and_loaded_give_the_same_bits(case, network, tmp_path):
    image = draw_image(network)
    network.train()(image)  # moves batch statistics
    safetensors.torch.save_file(network.state_dict(), tmp_path / "weights.safetensors")
    other = build(case)
    other.load_state_dict(safetensors.torch.load_file(tmp_path / "weights.safetensors"))
    with torch.no_grad():
        expected, loaded = network.eval()(image), other.eval()(image)
    assert all(torch.equal(expected[name][0], loaded[name][0]) for name in expected)


def test_a_constant_head_gives_a_constant(network):
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        outputs = network.eval()(draw_image(network))
    assert all(levels[0].unique().numel() == 1 for levels in outputs.values())


def test_an_image_is_left_as_it_was(network):
    image = draw_image(network)
    before = image.clone()
    network.train()(image)
    assert torch.equal(image, before)


def test_samples_of_a_batch_do_not_see_each_other_in_evaluation(network):
    image = draw_image(network)
    with torch.no_grad():
        together, alone = network.eval()(image), network(image[:1])
    for name, levels in together.items():
        torch.testing.assert_close(levels[0][:1], alone[name][0], atol=1e-4, rtol=1e-4)


def test_a_size_that_does_not_divide_is_refused_with_the_divisor(network):
    shape = [step * 2 + (step > 1) for step in network.divisor]
    with pytest.raises(ShapeError, match=r"multiples of \(\d+, \d+, \d+\)"):
        network(torch.zeros(1, CHANNELS, *shape))


def test_an_image_with_other_channels_is_refused(network):
    with pytest.raises(ShapeError, match="channels"):
        network(torch.zeros(1, CHANNELS + 1, *(2 * step for step in network.divisor)))


def test_one_head_alone_is_enough(case):
    network = build(case, heads=HEADS[:1])
    assert list(network.eval()(draw_image(network))) == ["surface"]


def learn_once(network, image):
    """Logits, gradients and buffers of one step."""
    stir_weights(network)
    outputs = network.train()(image)
    sum_squares(outputs).backward()
    gradients = {name: parameter.grad for name, parameter in network.named_parameters()}
    return outputs, gradients, dict(network.named_buffers())


@pytest.mark.parametrize("case", CHECKPOINTED)
def test_checkpointing_changes_no_number(case):
    plain, frugal = build(case), build(case, options={"checkpointing": True})
    image = draw_image(plain)
    expected, found = learn_once(plain, image), learn_once(frugal, image)
    assert list(plain.state_dict()) == list(frugal.state_dict())
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("case", [name for name in NETWORKS if name.endswith("2d")])
def test_a_2d_network_sees_each_slice_alone(case):
    network = build(case).eval()
    image = draw_image(network, (3, 2, 2), batch=1)
    with torch.no_grad():
        together = network(image)["surface"][0]
        alone = [network(image[:, :, z : z + 1])["surface"][0] for z in range(3)]
    difference = (together - torch.cat(alone, dim=2)).abs().max()
    uses_instances = any(isinstance(module, torch.nn.InstanceNorm3d) for module in network.modules())
    assert uses_instances or difference < 1e-4


@pytest.mark.gpu
def test_a_gpu_gives_the_logits_of_the_processor_and_learns(network):
    image = draw_image(network)
    expected = network.eval()(image)
    with torch.backends.cudnn.flags(allow_tf32=False):
        outputs = network.cuda()(image.cuda())
    for head, levels in expected.items():
        torch.testing.assert_close(outputs[head][0].cpu(), levels[0], atol=1e-3, rtol=1e-3)
    sum_squares(network.train()(image.cuda())).backward()
    assert all(parameter.grad.isfinite().all() for parameter in network.parameters())
