import pytest
import torch

from volumen.config import Component, check_component
from volumen.heads import HeadSpec
from volumen.networks import build_network, build_planned_unet, build_residual_unet, build_unet, count_parameters

ONE = [HeadSpec("surface", 1, "sigmoid")]
SUPPLIED = frozenset({"heads", "channels", "patch_size", "voxel_size"})


def test_the_recipe_of_system_1_has_22_58_million_parameters():
    network = build_network(
        Component(name="unet", options={"features": 32, "depth": 4}), heads=ONE, channels=1, patch_size=(128, 128, 128)
    )
    assert round(count_parameters(network) / 1e6, 2) == 22.58
    assert [stage.features for stage in network.plan.stages] == [32, 64, 128, 256, 512]
    assert network.divisor == (16, 16, 16)


def test_planned_networks_have_the_parameters_of_nnunet():
    # notes/components.md: 102.35 M with residual blocks and 31.2 M without, counted on nnU-Net's own classes
    heads = [HeadSpec("surface", 2, "softmax")]
    residual = build_planned_unet(heads=heads, channels=1, patch_size=(128, 128, 128))
    plain = build_planned_unet(heads=heads, channels=1, patch_size=(128, 128, 128), residual=False)
    assert round(count_parameters(residual) / 1e6, 2) == 102.35
    assert round(count_parameters(plain) / 1e6, 1) == 31.2


def test_heads_that_share_a_decoder_cost_one_convolution_each():
    one = build_unet(heads=ONE, channels=1, patch_size=(16, 16, 16), features=4, depth=2, shared_decoder=True)
    two = build_unet(
        heads=[*ONE, HeadSpec("edge", 2)],
        channels=1,
        patch_size=(16, 16, 16),
        features=4,
        depth=2,
        shared_decoder=True,
    )
    assert count_parameters(two) - count_parameters(one) == 2 * (4 + 1)


def test_the_coarsest_map_carries_no_logits():
    network = build_residual_unet(heads=ONE, channels=1, patch_size=(32, 32, 32), features=2, depth=4).train()
    levels = network(torch.zeros(2, 1, 32, 32, 32))["surface"]
    assert [level.shape[2] for level in levels] == [32, 16, 8]


def test_recipes_are_told_of_options_that_do_not_exist():
    faults = check_component("network", Component(name="unet", options={"depht": 4}), SUPPLIED)
    assert faults == ["network 'unet' has no option 'depht'; did you mean 'depth'?"]


@pytest.mark.parametrize(("option", "value"), [("features", 0), ("depth", 0), ("normalisation", "layer")])
def test_recipes_are_told_of_values_out_of_range(option, value):
    assert check_component("network", Component(name="unet", options={option: value}), SUPPLIED)


def test_training_on_patches_that_pool_to_one_voxel_says_so():
    network = build_unet(heads=ONE, channels=1, patch_size=(8, 8, 8), features=2, depth=3).train()
    with pytest.raises(ValueError, match="leave one voxel after pooling"):
        network(torch.zeros(1, 1, 8, 8, 8))


def test_half_precision_gives_half_precision_logits():
    network = build_unet(heads=ONE, channels=1, patch_size=(8, 8, 8), features=2, depth=2).eval()
    with torch.autocast("cpu", dtype=torch.bfloat16), torch.no_grad():
        logits = network(torch.ones(1, 1, 8, 8, 8))["surface"][0]
    assert logits.dtype == torch.bfloat16
    assert logits.isfinite().all()
