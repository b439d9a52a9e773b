"""Features counted by hand; the pairing itself is tested against dense matrices in tests/morphology."""

import numpy as np
import pytest
import torch

from volumen.heads import HeadSpec
from volumen.losses import BettiMatching, LossContext, Persistence
from volumen.morphology import match_persistence, measure_persistence

SURFACE = LossContext(HeadSpec("surface", 1, "sigmoid"))
LOSSES = [Persistence(), BettiMatching()]
named = pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)


def to_logits(probability):
    return torch.logit(probability.clamp(1e-6, 1 - 1e-6))


def judge(loss, probability, truth):
    return loss(to_logits(probability), truth, torch.ones_like(truth), SURFACE)


def draw_line(*values):
    return torch.tensor(values).view(1, 1, 1, 1, -1)


def draw_frame(value=1.0, middle=0.0):
    """A ring of eight voxels round one."""
    frame = torch.zeros(1, 1, 1, 5, 5)
    frame[..., 1:4, 1:4] = value
    frame[..., 2, 2] = middle
    return frame


def test_a_missing_link_costs_what_it_lacks():
    """Two peaks at 1 with 0.3 between them, and one object in truth: ½ (1 − 0.3)²."""
    truth = draw_line(0.0, 1, 1, 1, 0)
    probability = draw_line(0.0, 1, 0.3, 1, 0)
    assert float(judge(Persistence(), probability, truth)) == pytest.approx(0.5 * 0.7**2, abs=1e-5)
    assert float(judge(BettiMatching(), probability, truth)) == pytest.approx(0.5 * 0.7**2, abs=1e-5)


def test_a_component_too_few_costs_one_half():
    truth, probability = draw_line(1.0, 0, 1, 0, 0), draw_line(1.0, 1, 1, 0, 0)
    for loss in LOSSES:
        assert float(judge(loss, probability, truth)) == pytest.approx(0.5 / 2, abs=1e-5)


def test_a_ring_in_the_right_place_is_made_certain():
    truth, probability = draw_frame(), draw_frame(0.8, 0.1)
    expected = ((1 - 0.8) ** 2 + 0.1**2 + (1 - 0.8) ** 2) / 2  # the tunnel, and the component, over both
    for loss in LOSSES:
        assert float(judge(loss, probability, truth)) == pytest.approx(expected, abs=1e-5)


def test_only_matching_sees_that_a_ring_is_in_the_wrong_place():
    truth, probability = torch.cat([draw_frame(), 0 * draw_frame()], 2), torch.cat([0 * draw_frame(), draw_frame()], 2)
    truth, probability = (
        torch.cat([array[:, :, :1], 0 * array[:, :, :1], array[:, :, 1:]], 2) for array in (truth, probability)
    )
    assert judge(Persistence(), probability, truth) < 1e-5
    assert judge(BettiMatching(), probability, truth) == pytest.approx(0.5, abs=1e-4)


@named
def test_gradients_point_at_the_voxels_where_features_begin_and_end(loss):
    truth = draw_line(0.0, 1, 1, 1, 0)
    logits = to_logits(draw_line(0.0, 0.9, 0.3, 0.8, 0)).requires_grad_()
    loss(logits, truth, torch.ones_like(truth), SURFACE).backward()
    signs = logits.grad.flatten().sign().tolist()
    assert signs == [0, -1, -1, 1, 0]  # raise the largest, fill the gap, lower the second peak


def test_dimensions_are_judged_as_asked():
    truth, probability = draw_frame(), draw_frame(1.0, 1.0)
    costs = [float(judge(Persistence(dimensions=[dimension]), probability, truth)) for dimension in range(3)]
    assert costs == pytest.approx([0, 0.25, 0], abs=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_values_are_those_of_a_second_sum_over_features(seed):
    generator = torch.Generator().manual_seed(seed)
    probability = torch.rand(1, 1, 4, 4, 4, generator=generator)
    truth = (torch.rand(1, 1, 4, 4, 4, generator=generator) < 0.4).float()
    f, t = probability[0, 0].numpy().ravel(), truth[0, 0].numpy().ravel()
    oldest = (f.max() - t.max()) ** 2
    total, features = oldest, 1
    for found, true in zip(
        measure_persistence(probability[0, 0].numpy()), measure_persistence(truth[0, 0].numpy()), strict=True
    ):
        lives = sorted(zip(f[found.births], f[found.deaths], strict=True), key=lambda pair: pair[1] - pair[0])
        total += sum((1 - b) ** 2 + d**2 for b, d in lives[: len(true)])
        total += sum((b - d) ** 2 / 2 for b, d in lives[len(true) :]) + max(0, len(true) - len(lives)) / 2
        features += len(true)
    assert float(judge(Persistence(), probability, truth)) == pytest.approx(total / features, rel=1e-4)
    total = oldest
    for matching in match_persistence(probability[0, 0].numpy(), truth[0, 0].numpy()):
        pairs = dict(zip(matching.in_first.tolist(), matching.in_second.tolist(), strict=True))
        for number, (birth, death) in enumerate(zip(matching.first.births, matching.first.deaths, strict=True)):
            total += (f[birth] - 1) ** 2 + f[death] ** 2 if number in pairs else (f[birth] - f[death]) ** 2 / 2
        total += (len(matching.second) - len(pairs)) / 2
    assert float(judge(BettiMatching(), probability, truth)) == pytest.approx(total / features, rel=1e-4)


@named
def test_a_part_of_each_sample_is_looked_at_another_one_each_step(loss):
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(1, 1, 12, 12, 12, generator=generator)
    truth = (torch.rand(1, 1, 12, 12, 12, generator=generator) < 0.5).float()
    small = type(loss)(crop=4)
    costs = [
        float(small(logits, truth, torch.ones_like(truth), LossContext(SURFACE.head, step))) for step in (0, 1, 2, 0)
    ]
    assert costs[0] == costs[3]
    assert len(set(np.round(costs, 6))) == 3
