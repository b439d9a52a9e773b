"""What every network must do; a network joins by a line in BUILDERS."""

from functools import partial

import pytest
import safetensors.torch
import torch

from volumen.errors import ShapeError
from volumen.geometry import VoxelSize
from volumen.heads import HeadSpec
from volumen.networks import build_planned_unet, build_residual_unet, build_unet

CHANNELS = 2
HEADS = (HeadSpec("surface", 1, "sigmoid"), HeadSpec("keys.of items", 3, "softmax"))

BUILDERS = {
    "unet": partial(build_unet, patch_size=(16, 16, 16), features=4, depth=2),
    "unet-deep": partial(build_unet, patch_size=(16, 16, 16), features=4, depth=3, deep_supervision=True),
    "unet-shared": partial(build_unet, patch_size=(16, 16, 16), features=4, depth=2, shared_decoder=True),
    "unet-instance": partial(build_unet, patch_size=(16, 16, 16), features=4, depth=2, normalisation="instance"),
    "unet-2d": partial(build_unet, patch_size=(1, 16, 16), features=4, depth=2),
    "residual": partial(build_residual_unet, patch_size=(16, 16, 16), features=4, depth=2),
    "residual-resize": partial(build_residual_unet, patch_size=(16, 16, 16), features=4, depth=3, upsampling="resize"),
    "planned": partial(build_planned_unet, patch_size=(16, 32, 32), features=4, voxel_size=VoxelSize(30.0, 8.0, 8.0)),
    "planned-plain": partial(build_planned_unet, patch_size=(16, 16, 16), features=4, residual=False),
    "planned-2d": partial(build_planned_unet, patch_size=(1, 32, 32), features=4),
}


@pytest.fixture(params=BUILDERS)
def build(request):
    return partial(BUILDERS[request.param], channels=CHANNELS)


@pytest.fixture
def network(build):
    torch.manual_seed(0)
    return build(heads=HEADS)


def draw_image(network, multiples=(2, 3, 2), batch=2):
    shape = [step * count for step, count in zip(network.divisor, multiples, strict=True)]
    generator = torch.Generator().manual_seed(1)
    return torch.randn(batch, CHANNELS, *shape, generator=generator)


def test_logits_have_the_size_of_the_image_and_the_channels_of_the_head(network):
    image = draw_image(network.eval(), (3, 2, 5), batch=1)
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
    with torch.no_grad():
        for parameter in network.parameters():  # residual blocks begin as their shortcut: gradients would be 0
            parameter.normal_(0, 0.1)
    outputs = network.train()(draw_image(network))
    sum(level.square().sum() for levels in outputs.values() for level in levels).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().sum() > 0, name


def test_the_seed_decides_the_weights(build):
    torch.manual_seed(3)
    first = build(heads=HEADS).state_dict()
    torch.manual_seed(3)
    second = build(heads=HEADS).state_dict()
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_weights_saved_and_loaded_give_the_same_bits(build, network, tmp_path):
    image = draw_image(network)
    network.train()(image)  # moves batch statistics
    safetensors.torch.save_file(network.state_dict(), tmp_path / "weights.safetensors")
    other = build(heads=HEADS)
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
    shape = [step * 2 + 1 for step in network.divisor]
    with pytest.raises(ShapeError, match=r"multiples of \(\d+, \d+, \d+\)"):
        network(torch.zeros(1, CHANNELS, *shape))


def test_an_image_with_other_channels_is_refused(network):
    with pytest.raises(ShapeError, match="channels"):
        network(torch.zeros(1, CHANNELS + 1, *(2 * step for step in network.divisor)))


def test_one_head_alone_is_enough(build):
    network = build(heads=HEADS[:1])
    assert list(network.eval()(draw_image(network))) == ["surface"]
