import copy

import torch
from torch import nn

from volumen.networks.checkpointing import checkpoint_parts


def build():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv3d(1, 4, 3, padding=1), nn.BatchNorm3d(4), nn.ReLU(), nn.Conv3d(4, 1, 1))


def test_a_batch_is_counted_once_though_it_is_computed_twice():
    plain, frugal = build(), build()
    checkpoint_parts([frugal])
    image = torch.randn(2, 1, 4, 4, 4, requires_grad=True)
    for network in (plain, frugal):
        network(image).square().sum().backward()
    assert frugal[1].num_batches_tracked == 1
    assert torch.equal(frugal[1].running_mean, plain[1].running_mean)
    assert torch.equal(frugal[1].running_var, plain[1].running_var)


def test_a_copy_computes_with_its_own_weights():
    network = build()
    checkpoint_parts([network])
    other = copy.deepcopy(network)
    other(torch.randn(2, 1, 4, 4, 4)).sum().backward()
    assert other[0].weight.grad is not None
    assert network[0].weight.grad is None
    assert (network[1].num_batches_tracked, other[1].num_batches_tracked) == (0, 1)


def test_weights_keep_their_names():
    network = build()
    names = list(network.state_dict())
    checkpoint_parts([network[0], network[1]])
    assert list(network.state_dict()) == names


def test_nothing_is_computed_twice_without_a_gradient():
    calls = []
    network = build()
    network[0].register_forward_hook(lambda *_: calls.append(1))
    checkpoint_parts([network])
    with torch.no_grad():
        network.train()(torch.randn(2, 1, 4, 4, 4))
    network.eval()(torch.randn(2, 1, 4, 4, 4)).sum().backward()
    assert len(calls) == 2
