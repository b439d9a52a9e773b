import pytest
import torch

from volumen.config import Component, check_component
from volumen.errors import ConfigError
from volumen.geometry import VoxelSize
from volumen.heads import HeadSpec
from volumen.networks import StagedDesign, Task, build_network, count_parameters

ONE = (HeadSpec("surface", 1, "sigmoid"),)
TWO = (HeadSpec("surface", 2, "softmax"),)
CUBE = (128, 128, 128)


def build(name, *, heads=ONE, patch_size=(16, 16, 16), voxel_size=None, **options):
    component = Component(name=name, options=options)
    assert check_component("network", component) == []
    return build_network(component, heads=heads, channels=1, patch_size=patch_size, voxel_size=voxel_size)


def count_on_paper(name, **options):
    """Parameters of a network that takes no memory."""
    with torch.device("meta"):
        return count_parameters(build(name, patch_size=CUBE, **options))


def test_the_recipe_of_system_1_has_22_58_million_parameters():
    network = build("unet", patch_size=CUBE, features=32, depth=4)
    assert round(count_parameters(network) / 1e6, 2) == 22.58
    assert [stage.features for stage in network.plan.stages] == [32, 64, 128, 256, 512]
    assert network.divisor == (16, 16, 16)


def test_planned_networks_have_the_parameters_of_nnunet():
    # notes/components.md: 102.35 M with residual blocks and 31.2 M without, counted on nnU-Net's own classes
    assert round(count_on_paper("planned_unet", heads=TWO) / 1e6, 2) == 102.35
    assert round(count_on_paper("planned_unet", heads=TWO, block="plain") / 1e6, 1) == 31.2


def test_a_light_unet_has_a_sixteenth_of_the_parameters_of_the_classic_one():
    assert 15 < count_on_paper("unet") / count_on_paper("light_unet") < 17


def test_rsunet_keeps_flat_kernels_until_voxels_are_even_and_takes_its_filters_from_a_list():
    network = build(
        "rsunet", patch_size=(16, 32, 32), voxel_size=VoxelSize(30.0, 8.0, 8.0), features=[4, 6, 8], depth=4
    )
    assert [stage.features for stage in network.plan.stages] == [4, 6, 8]
    assert [stage.kernel for stage in network.plan.stages] == [(1, 3, 3), (3, 3, 3), (3, 3, 3)]
    assert network.divisor == (2, 4, 4)


def test_rsunet_has_four_convolutions_a_stage_and_no_bias_of_its_own_between_sums():
    # Lee et al. 2017: a convolution, a residual pair, a convolution; in the first stage the image's is the first
    features, kernel, channels = [4, 8], 27, 1
    network = build("rsunet", features=features, heads=ONE)
    convolutions = channels * 4 + 3 * 4 * 4 + 4 * 8 + 3 * 8 * 8 + 4 * 4 * 4
    biases = 4 * 4 + 4 * 8 + 4 * 4
    norms = 2 * (3 * 4 + 4 + 3 * 8 + 4 * 4 + 4)  # scale and shift before every convolution but the first, and the head
    up, head = 8 * 4 + 4, 4 + 1
    assert count_parameters(network) == convolutions * kernel + biases + norms + up + head


def test_heads_that_share_a_decoder_cost_one_convolution_each():
    one = build("unet", features=4, depth=2, shared_decoder=True)
    two = build("unet", heads=(*ONE, HeadSpec("edge", 2)), features=4, depth=2, shared_decoder=True)
    assert count_parameters(two) - count_parameters(one) == 2 * (4 + 1)


def test_the_coarsest_map_carries_no_logits():
    network = build("residual_unet", patch_size=(32, 32, 32), features=2, depth=4).train()
    levels = network(torch.zeros(2, 1, 32, 32, 32))["surface"]
    assert [level.shape[2] for level in levels] == [32, 16, 8]


def test_an_attention_gate_that_is_shut_lets_nothing_of_a_skip_connection_through():
    network = build("unet", features=4, depth=1, attention_gates=True, normalisation="instance").eval()
    gate = network.decoders[0].joins[0].gate
    torch.nn.init.zeros_(gate.weigh[1].weight)
    torch.nn.init.constant_(gate.weigh[1].bias, -100.0)
    skip, features = torch.randn(1, 4, 4, 4, 4), torch.randn(1, 4, 4, 4, 4)
    assert network.decoders[0].joins[0](features, skip)[:, 4:].abs().max() < 1e-30


def test_recipes_are_told_of_options_that_do_not_exist():
    faults = check_component("network", Component(name="unet", options={"depht": 4}))
    assert faults == ["network 'unet' has no option 'depht'; did you mean 'depth'?"]


@pytest.mark.parametrize(
    ("option", "value"),
    [("features", 0), ("features", []), ("features", [4, "eight"]), ("depth", 0), ("normalisation", "layer")],
)
def test_recipes_are_told_of_values_out_of_range(option, value):
    assert len(check_component("network", Component(name="unet", options={option: value}))) == 1


def test_a_unet_of_one_stage_is_refused():
    with pytest.raises(ConfigError, match="two stages or more"):
        build("unet", features=[4])


def test_stages_written_out_must_agree_in_number():
    design = StagedDesign(
        features=[4, 8], strides=[[1, 1, 1]], kernels=[[3, 3, 3]] * 2, blocks=[2, 2], decoder_blocks=[2]
    )
    with pytest.raises(ConfigError, match="strides has another number"):
        design.build(Task(ONE, 1, (8, 8, 8)))


def test_training_on_patches_that_pool_to_one_voxel_says_so():
    network = build("unet", patch_size=(8, 8, 8), features=2, depth=3).train()
    with pytest.raises(ValueError, match="leave one voxel after pooling"):
        network(torch.zeros(1, 1, 8, 8, 8))


def test_half_precision_gives_half_precision_logits():
    network = build("unet", patch_size=(8, 8, 8), features=2, depth=2).eval()
    with torch.autocast("cpu", dtype=torch.bfloat16), torch.no_grad():
        logits = network(torch.ones(1, 1, 8, 8, 8))["surface"][0]
    assert logits.dtype == torch.bfloat16
    assert logits.isfinite().all()
