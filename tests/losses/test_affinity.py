import itertools

import networkx as nx
import numpy as np
import pytest
import torch

from volumen.errors import ConfigError
from volumen.heads import AffinitySpec, HeadSpec
from volumen.losses import LossContext, Malis
from volumen.targets import AffinitiesTarget

OFFSETS = ((1, 0, 0), (0, 1, 0), (0, 0, 1))


def make_head(offsets=OFFSETS, edge="start"):
    return HeadSpec("edges", len(offsets), "sigmoid", "affinities", affinities=AffinitySpec(offsets, edge))


def encode(labels, head):
    spec = head.affinities
    return AffinitiesTarget(offsets=spec.offsets, edge=spec.edge).encode(labels).float()


def judge(logits, labels, head, **options):
    encoded = encode(labels, head)
    return Malis(**options)(logits, encoded.values, encoded.weight, LossContext(head))


def judge_by_paths(affinity, labels, head):
    """For every pair of voxels the weakest edge of the best path, which the maximum spanning tree gives."""
    encoded = encode(labels, head)
    truth, known = encoded.values[0].numpy() > 0.5, encoded.weight[0].numpy() > 0
    own, every = nx.Graph(), nx.Graph()
    for channel, reach in enumerate(head.affinities.reaches):
        for start in itertools.product(*map(range, labels.shape[1:])):
            stop = tuple(np.add(start, reach).tolist())
            if known[(channel, *start)] and all(
                0 <= s < extent for s, extent in zip(stop, labels.shape[1:], strict=True)
            ):
                value, same = float(affinity[(channel, *start)]), truth[(channel, *start)]
                every.add_edge(start, stop, weight=2.0 if same else value, cost=None if same else value)
                if same:
                    own.add_edge(start, stop, weight=value)
    objects = {voxel: number for number, part in enumerate(nx.connected_components(own)) for voxel in part}
    costs = {True: [], False: []}
    for one, other in itertools.combinations(sorted(objects), 2):
        same = objects[one] == objects[other]
        tree = nx.maximum_spanning_tree(own if same else every)
        if nx.has_path(tree, one, other):
            path = nx.shortest_path(tree, one, other)
            weakest = min(tree[a][b]["weight"] for a, b in itertools.pairwise(path))
            costs[same].append((1 - weakest) ** 2 if same else weakest**2)
    return sum(np.mean(values) / 2 for values in costs.values() if values)


@pytest.mark.parametrize("edge", ["start", "end"])
@pytest.mark.parametrize("seed", range(3))
def test_every_pair_is_judged_by_the_weakest_edge_of_its_best_path(seed, edge):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, 3, (1, 2, 3, 3), generator=generator)
    labels[:, 0, 0, 0] = -100
    head = make_head(edge=edge)
    logits = torch.randn(1, 3, 2, 3, 3, generator=generator)
    expected = judge_by_paths(logits.sigmoid()[0].numpy(), labels, head)
    assert float(judge(logits, labels, head)) == pytest.approx(expected, rel=1e-4)


def test_a_split_and_a_merge_are_pushed_at_the_one_edge_that_makes_them():
    labels = torch.tensor([1, 1, 1, 1, 0, 2, 2]).view(1, 1, 1, 7)
    head = make_head(((0, 0, 1),))
    logits = torch.tensor([5.0, -1, 5, -5, 2, 5, 0]).view(1, 1, 1, 1, 7).requires_grad_()
    judge(logits, labels, head).backward()
    signs = logits.grad.flatten().sign().tolist()
    assert signs[1] == -1  # the weakest edge of the first object, where most of its pairs hang
    assert signs[3] == 1  # the weaker of the two edges across the background
    assert signs[4] == 0
    assert logits.grad.flatten()[1].abs() > 5 * logits.grad.flatten()[0].abs()


def test_an_object_in_two_pieces_within_the_patch_is_no_split():
    """Its pieces hang together beyond the faces: no path between them is asked for."""
    labels = torch.tensor([1, 1, 0, 1, 1]).view(1, 1, 1, 5)
    head = make_head(((0, 0, 1),))
    logits = torch.full((1, 1, 1, 1, 5), 50.0)
    logits[..., 1:3] = -50
    assert judge(logits, labels, head) < 1e-6


def test_far_links_do_not_count():
    labels = torch.randint(0, 3, (1, 3, 4, 4), generator=torch.Generator().manual_seed(0))
    logits = torch.randn(1, 4, 3, 4, 4, generator=torch.Generator().manual_seed(1))
    far = make_head((*OFFSETS, (0, 0, 3)))
    assert torch.equal(judge(logits, labels, far), judge(logits[:, :3], labels, make_head()))


def test_a_part_of_each_sample_is_looked_at():
    labels = torch.randint(1, 3, (1, 8, 8, 8), generator=torch.Generator().manual_seed(0))
    logits = torch.randn(1, 3, 8, 8, 8, generator=torch.Generator().manual_seed(1)).requires_grad_()
    judge(logits, labels, make_head(), crop=4).backward()
    touched = logits.grad.abs().sum((0, 1)).nonzero()
    assert ((touched.amax(0) - touched.amin(0)) < 4).all()


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (HeadSpec("edges", 3, "sigmoid"), "gives no affinities"),
        (make_head(((0, 0, 3),)), "links no neighbours at faces"),
    ],
)
def test_heads_without_such_edges_are_refused(head, message):
    values = torch.zeros(1, head.channels, 4, 4, 4)
    with pytest.raises(ConfigError, match=message):
        Malis()(values, values, values, LossContext(head))
