"""MONAI's networks behind our face give what they give alone."""

import logging
import sys

import pytest
import torch
from monai.networks import nets

from volumen.config import Component
from volumen.errors import ConfigError, ShapeError
from volumen.geometry import VoxelSize
from volumen.heads import HeadSpec
from volumen.networks import build_network, count_parameters, settle_network

HEADS = (HeadSpec("surface", 1, "sigmoid"), HeadSpec("cells", 3, "softmax"))
CUBE = (32, 32, 32)


def build(name, *, patch_size=CUBE, voxel_size=None, heads=HEADS, **options):
    component = Component(name=name, options=options)
    return build_network(component, heads=heads, channels=1, patch_size=patch_size, voxel_size=voxel_size)


@pytest.fixture
def no_monai(monkeypatch):
    for name in [name for name in sys.modules if name == "monai" or name.startswith("monai.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "monai", None)


def count(network):
    return round(sum(parameter.numel() for parameter in network.parameters()) / 1e6, 1)


@pytest.mark.parametrize(("size", "kernel", "millions"), [("S", 3, 5.6), ("S", 5, 6.0), ("B", 3, 10.5), ("M", 3, 17.5)])
def test_mednext_has_the_parameters_of_its_size(size, kernel, millions):
    # notes/components.md; one channel in, two out
    network = build("mednext", size=size, kernel=kernel, deep_supervision=False, heads=[HeadSpec("a", 2)])
    assert count(network) == millions


@pytest.mark.slow
def test_the_large_networks_have_the_parameters_of_their_papers():
    two = [HeadSpec("a", 2)]
    assert count(build("mednext", size="L", deep_supervision=False, heads=two)) == 61.7
    assert count(build("vista", heads=two)) == 196.1
    assert 217 < count(build("vista", heads=HEADS)) < 218  # a decoder each for semantics and embedding
    assert count(build("swin_unetr", heads=two)) == 15.7
    assert count(build("swin_unetr", features=48, version=2, heads=two)) == 72.8
    assert count(build("unetr", patch_size=(96, 96, 96), heads=two)) == 92.8


def test_dynunet_needs_patches_that_can_be_halved_twice():
    with pytest.raises(ShapeError, match="halved twice"):
        build("dynunet", patch_size=(8, 8, 8))


def test_channels_of_an_output_go_to_the_heads_in_turn():
    network = build("mednext", features=2, deep_supervision=False).eval()
    image = torch.randn(1, 1, *CUBE)
    with torch.no_grad():
        whole, heads = network.inner(image), network(image)
    assert torch.equal(whole[:, :1], heads["surface"][0])
    assert torch.equal(whole[:, 1:], heads["cells"][0])


def test_dynunet_gives_what_monai_gives_and_its_coarse_maps_before_they_are_enlarged():
    torch.manual_seed(0)
    network = build("dynunet", features=4, max_features=8)
    stages = [(3, 3, 3)] * 4
    steps = [(1, 1, 1)] + [(2, 2, 2)] * 3
    reference = nets.DynUNet(
        3, 1, 4, stages, steps, steps[1:], filters=[4, 8, 8, 8], deep_supervision=True, deep_supr_num=1
    )
    own = {name: tensor for name, tensor in reference.state_dict().items() if not name.startswith("skip_layers")}
    network.inner.load_state_dict(own)
    image = torch.randn(2, 1, *CUBE)
    levels, stacked = network.train()(image), reference.train()(image)
    assert torch.equal(levels["surface"][0], stacked[:, 0, :1])
    assert torch.equal(torch.nn.functional.interpolate(levels["cells"][1], CUBE), stacked[:, 1, 1:])


def test_segresnet_gives_what_monai_gives():
    torch.manual_seed(0)
    network = build("segresnet", features=4, blocks=[1, 1, 1], heads=HEADS[:1], deep_supervision=False).eval()
    torch.manual_seed(0)
    reference = nets.SegResNetDS(3, 4, 1, 1, blocks_down=(1, 1, 1)).eval()
    head = network.decoders[0].heads[0].convolutions[0]
    head.load_state_dict(reference.up_layers[-1]["head"].state_dict())
    image = torch.randn(1, 1, *CUBE)
    with torch.no_grad():
        assert torch.equal(network(image)["surface"][0], reference(image))


def test_segresnet_pools_axes_of_coarse_voxels_later():
    network = build("segresnet", features=4, blocks=[1, 1, 1], voxel_size=VoxelSize(30.0, 8.0, 8.0))
    assert network.divisor == (2, 4, 4)


def test_unetr_gives_what_monai_gives_and_stretches_its_positions_over_other_sizes():
    network = build("unetr", features=2, hidden=12).eval()
    with torch.no_grad():
        image = torch.randn(1, 1, *CUBE)
        torch.testing.assert_close(network(image)["cells"][0], network.inner(image)[:, 1:])
        assert network(torch.randn(1, 1, 48, 32, 64))["cells"][0].shape == (1, 3, 48, 32, 64)


def test_unetr_needs_patches_of_whole_tokens():
    with pytest.raises(ConfigError, match="multiples of 16"):
        build("unetr", patch_size=(24, 32, 32))


@pytest.mark.parametrize("name", ["mednext", "monai_unet", "dynunet", "segresnet", "swin_unetr", "unetr"])
def test_networks_of_monai_say_what_to_install_where_it_is_missing(name, no_monai):
    with pytest.raises(ConfigError, match=rf"network '{name}' is MONAI's.*pip install 'volumen\[nets\]'"):
        build(name)


def test_vista_without_monai_is_a_network_of_ours_and_says_so(no_monai, caplog):
    with caplog.at_level(logging.WARNING):
        settled = settle_network(Component(name="vista", options={"features": 4}))
    assert "cannot be imported: pip install" in caplog.text
    assert "takes a SegResNet-shaped network of our own instead" in caplog.text
    assert settled.options == {"features": 4, "backbone": "own"}
    network = build("vista", **settled.options)
    assert network.eval()(torch.zeros(1, 1, *CUBE))["cells"][0].shape == (1, 3, *CUBE)


def test_vista_asked_for_by_its_backbone_is_never_another_network(no_monai):
    with pytest.raises(ConfigError, match=r"pip install 'volumen\[nets\]'"):
        build("vista", features=4, backbone="monai")


def test_vista_records_the_backbone_that_it_takes_where_monai_is():
    assert settle_network(Component(name="vista")).options == {"backbone": "monai"}
    assert settle_network(Component(name="vista", options={"backbone": "own"})).options == {"backbone": "own"}
    assert settle_network(Component(name="unet")).options == {}


def test_our_stand_in_for_vista_has_its_shape():
    options = {"features": 8, "deep_supervision": True}
    theirs, ours = (build("vista", backbone=backbone, **options) for backbone in ("monai", "own"))
    assert count_parameters(ours) == pytest.approx(
        count_parameters(theirs), rel=0.1
    )  # MONAI's steps up span 3³, ours 2³
    assert ours.divisor == theirs.divisor
    image = torch.zeros(2, 1, *CUBE)
    shapes = [[level.shape for level in network.train()(image)["cells"]] for network in (theirs, ours)]
    assert shapes[0] == shapes[1]
