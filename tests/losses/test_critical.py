import itertools

import networkx as nx
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import binary_cross_entropy_with_logits

from volumen.errors import ConfigError
from volumen.heads import HeadSpec
from volumen.losses import CriticalComponents, CrossEntropy, Dice, LossContext, NeighbourPooled
from volumen.losses.critical import FALSE, FOUND, MISSED, find_critical
from volumen.losses.critical_kernels import find_cut_nodes

SURFACE = LossContext(HeadSpec("surface", 1, "sigmoid"))


def judge(loss, prediction, truth, weight=None):
    return loss(prediction, truth, torch.ones_like(truth) if weight is None else weight, SURFACE)


def draw_row(text):
    """`#` foreground, `.` background."""
    return torch.tensor([float(letter == "#") for letter in text]).view(1, 1, 1, 1, -1)


@pytest.mark.parametrize(
    ("truth", "found", "critical"),
    [
        ("..#####..", "..##.##..", "....#...."),  # a gap that splits
        ("..#####..", "..####...", "........."),  # an end that is missing
        ("..#####..", "...##....", "........."),  # both ends
        ("..###....", ".........", "..###...."),  # a whole object
        ("..##.##..", "..#####..", "....#...."),  # a bridge
        ("..##.....", "..####...", "........."),  # an end too much
        ("..##.....", "..##..##.", "........."),  # an object too much: nothing is joined
    ],
)
def test_what_splits_and_joins_by_hand(truth, found, critical):
    truth, logits = draw_row(truth), 4 * draw_row(found) - 2
    costs = binary_cross_entropy_with_logits(logits, truth, reduction="none")
    expected = (costs * draw_row(critical)).sum() / truth.numel()
    torch.testing.assert_close(judge(CriticalComponents(), logits, truth), expected)


def test_each_kind_has_its_price():
    gap, bridge = (draw_row("#####"), draw_row("##.##")), (draw_row("##.##"), draw_row("#####"))
    costs = [
        [
            float(judge(CriticalComponents(split=split, join=join), 4 * found - 2, truth))
            for truth, found in (gap, bridge)
        ]
        for split, join in ((1, 0), (0, 2))
    ]
    assert costs[0][1] == costs[1][0] == 0
    assert costs[1][1] == pytest.approx(2 * costs[0][0])


def test_what_nobody_looked_at_neither_splits_nor_joins():
    truth, weight = draw_row("##.##"), draw_row("##.##")
    assert judge(CriticalComponents(), torch.full_like(truth, 3.0), truth, weight) == 0


def test_classes_are_judged_as_foreground():
    head = LossContext(HeadSpec("cells", 3, "softmax", "classes"))
    truth = torch.nn.functional.one_hot(torch.tensor([0, 1, 2, 1, 0]), 3).T.reshape(1, 3, 1, 1, 5).float()
    logits = torch.zeros(1, 3, 1, 1, 5)
    logits[:, 0, ..., [0, 2, 4]], logits[:, 1, ..., [1, 3]] = 3, 3
    cost = CriticalComponents()(logits, truth, torch.ones(1, 1, 1, 1, 5), head)
    foreground = 1 - logits.softmax(1)[0, 0, 0, 0, 2]
    assert float(cost) == pytest.approx(float(-foreground.log() / 5), rel=1e-5)


@st.composite
def graphs(draw):
    nodes = draw(st.integers(1, 9))
    pairs = [pair for pair in itertools.combinations(range(nodes), 2) if draw(st.integers(0, 2)) == 0]
    return nodes, pairs


@given(graphs())
@settings(deadline=None)
def test_cut_nodes_are_networkxs(case):
    nodes, pairs = case
    graph = nx.Graph(pairs)
    graph.add_nodes_from(range(nodes))
    neighbours = [sorted(graph[node]) for node in range(nodes)]
    starts = np.cumsum([0, *map(len, neighbours)])
    flat = np.array(list(itertools.chain(*neighbours)), np.int64)
    assert set(np.flatnonzero(find_cut_nodes(starts, flat))) == set(nx.articulation_points(graph))


def test_a_ring_with_one_gap_is_whole_and_with_two_falls_apart_by_neither():
    kinds = np.array([0, FOUND, MISSED, FOUND, MISSED, FALSE], np.uint8)
    ring = np.array([[1, 2], [2, 3], [3, 4], [1, 4]])
    assert not find_critical(kinds, ring)[0].any()
    assert find_critical(kinds, ring[:2])[0].tolist() == [False, False, True, False, True, False]


def test_a_false_bridge_joins_by_what_was_found_only():
    kinds = np.array([0, FOUND, FOUND, FALSE, MISSED], np.uint8)
    assert find_critical(kinds, np.array([[1, 3], [2, 3]]))[1].tolist() == [False, False, False, True, False]
    assert not find_critical(kinds, np.array([[1, 3], [3, 4]]))[1].any()


def pool_by_hand(logits, truth, weight, radius):
    """The worst logit among voxels of the same truth around each."""
    worst = logits.clone()
    for place in itertools.product(*map(range, logits.shape)):
        around = tuple(slice(max(0, p - radius), p + radius + 1) for p in place)
        alike = logits[around][(truth[around] == truth[place]) & (weight[around] > 0)]
        if weight[place]:
            worst[place] = alike.min() if truth[place] else alike.max()
    return worst


@pytest.mark.parametrize("radius", [1, 2])
@pytest.mark.parametrize("inner", [CrossEntropy(), Dice()], ids=["cross_entropy", "dice"])
def test_the_worst_neighbour_of_the_same_truth_is_judged(inner, radius):
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(1, 1, 4, 4, 4, generator=generator)
    truth, weight = ((torch.rand(1, 1, 4, 4, 4, generator=generator) < share).float() for share in (0.4, 0.8))
    truth = truth * weight
    worst = pool_by_hand(logits[0, 0], truth[0, 0], weight[0, 0], radius)[None, None]
    name = "dice" if isinstance(inner, Dice) else "cross_entropy"
    ours = judge(NeighbourPooled(loss=name, radius=radius), logits, truth, weight)
    torch.testing.assert_close(ours, judge(inner, worst, truth, weight))


def test_options_of_the_other_loss_are_checked():
    with pytest.raises(ConfigError, match="neighbour_pooled: loss 'dice' has no option 'smoth'"):
        NeighbourPooled(loss={"name": "dice", "smoth": 1.0})
