import logging

import torch

from volumen.config import Component
from volumen.heads import HeadSpec
from volumen.networks import build_network, name_weights, transfer_weights

SURFACE, EDGE, CELLS = HeadSpec("surface", 1), HeadSpec("edge", 2), HeadSpec("cells", 3)


def build(*heads, name="unet", **options):
    options = {"features": 4, "depth": 2} | options if name == "unet" else options
    component = Component(name=name, options=options)
    return build_network(component, heads=heads, channels=1, patch_size=(32, 32, 32))


def test_weights_of_the_same_network_are_all_loaded():
    source, target = build(SURFACE), build(SURFACE)
    transfer = transfer_weights(source, target)
    assert set(transfer.loaded) == set(name_weights(target))
    assert not transfer.kept + transfer.misshaped + transfer.unused + transfer.enlarged
    assert all(torch.equal(one, other) for one, other in zip(source.parameters(), target.parameters(), strict=True))


def test_heads_find_their_own_weights_wherever_they_stand():
    source, target = build(SURFACE, EDGE), build(CELLS, EDGE)
    before = target.decoders[0].state_dict()["steps.0.weight"].clone()
    transfer = transfer_weights(source, target)
    assert torch.equal(target.decoders[1].steps[0].weight, source.decoders[1].steps[0].weight)
    assert torch.equal(target.decoders[0].steps[0].weight, before)
    assert all(name.startswith("decoders.cells.") for name in transfer.kept)
    assert all(name.startswith("decoders.surface.") for name in transfer.unused)
    assert len(transfer.kept) == len(transfer.unused) > 0


def test_heads_whose_names_are_numbers_are_not_mistaken_for_places():
    source, target = build(HeadSpec("1", 1), HeadSpec("0", 1)), build(HeadSpec("0", 1), HeadSpec("1", 1))
    transfer = transfer_weights(source, target)
    assert set(transfer.loaded) == set(name_weights(target))
    assert torch.equal(target.decoders[0].steps[0].weight, source.decoders[1].steps[0].weight)


def test_heads_that_share_a_decoder_share_its_weights_in_a_network_with_others():
    transfer = transfer_weights(build(SURFACE, EDGE, shared_decoder=True), build(EDGE, shared_decoder=True))
    assert "decoders.shared.heads.0.convolutions.edge.weight" in transfer.loaded
    assert {name.split(".")[-2] for name in transfer.unused} == {"surface"}
    assert not transfer.kept


def test_weights_of_another_shape_are_named_and_left():
    transfer = transfer_weights(build(SURFACE, depth=2), build(SURFACE, features=[4, 8, 12]))
    assert "encoder.stages.0.0.0.weight" in transfer.loaded
    assert "encoder.stages.2.1.0.weight" in transfer.misshaped


def test_kernels_of_mednext_are_enlarged_as_upkern_does():
    source, target = (build(SURFACE, name="mednext", features=2, kernel=kernel) for kernel in (3, 5))
    transfer = transfer_weights(source, target)
    assert len(transfer.enlarged) > 0
    assert all(name.endswith("conv1.weight") for name in transfer.enlarged)
    assert not transfer.misshaped + transfer.kept
    small, large = source.inner.bottleneck[0].conv1.weight, target.inner.bottleneck[0].conv1.weight
    assert torch.equal(large[:, :, 2, 2, 2], small[:, :, 1, 1, 1])
    assert torch.equal(large[:, :, 0, 0, 0], small[:, :, 0, 0, 0])


def test_a_log_lists_what_was_and_was_not_loaded(caplog):
    with caplog.at_level(logging.INFO):
        transfer_weights(build(SURFACE), build(EDGE)).log("runs/a/model")
    assert "Warm start from runs/a/model: 42 tensors loaded" in caplog.text
    assert "Warm start, kept: decoders.edge." in caplog.text
    assert "Warm start, unused: decoders.surface." in caplog.text
