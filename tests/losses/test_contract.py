"""What every loss must do; a loss joins by a line in LOSSES."""

import pytest
import torch

from volumen.heads import HeadSpec
from volumen.losses import CrossEntropy, Dice, Focal, LossContext, Variance

SIGMOID = HeadSpec("surface", 2, "sigmoid")
SOFTMAX = HeadSpec("cells", 3, "softmax")

LOSSES = {
    "dice": Dice(),
    "dice-sample": Dice(batch=False, background=True),
    "cross-entropy": CrossEntropy(),
    "cross-entropy-weighted": CrossEntropy(class_weights=[1.0, 2.0, 0.5]),
    "focal": Focal(),
    "focal-flat": Focal(gamma=0.5, alpha=0.25),
    "variance": Variance(),
}


@pytest.fixture(params=LOSSES)
def loss(request):
    return LOSSES[request.param]


@pytest.fixture(params=[SIGMOID, SOFTMAX], ids=lambda head: head.activation)
def head(request, loss):
    head = request.param
    weights = getattr(loss, "class_weights", None)
    return HeadSpec(head.name, len(weights), head.activation) if weights else head


def draw_truth(head, batch=2, edge=6):
    generator = torch.Generator().manual_seed(2)
    shape = (batch, head.channels, edge, edge, edge)
    if head.activation == "sigmoid":
        return (torch.rand(shape, generator=generator) < 0.3).float()
    classes = torch.randint(head.channels, (batch, 1, edge, edge, edge), generator=generator)
    return torch.zeros(shape).scatter_(1, classes, 1.0)


def draw_logits(head, batch=2, edge=6):
    return torch.randn(batch, head.channels, edge, edge, edge, generator=torch.Generator().manual_seed(3))


def see_everything(truth):
    return torch.ones(truth.shape[0], 1, *truth.shape[2:])


def judge(loss, head, logits, truth, weight=None):
    return loss(logits, truth, see_everything(truth) if weight is None else weight, LossContext(head))


def test_the_truth_itself_costs_nothing(loss, head):
    truth = draw_truth(head)
    assert judge(loss, head, 100 * (2 * truth - 1), truth).abs() < 1e-5


def test_any_other_prediction_costs_something(loss, head):
    assert judge(loss, head, draw_logits(head), draw_truth(head)) > 1e-3


def test_the_cost_falls_all_the_way_from_undecided_to_the_truth(loss, head):
    truth = draw_truth(head)
    costs = [float(judge(loss, head, share * (2 * truth - 1), truth)) for share in (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)]
    assert costs == sorted(costs, reverse=True)


def test_a_step_down_the_gradient_lowers_the_cost(loss, head):
    truth, logits = draw_truth(head), draw_logits(head).requires_grad_()
    before = judge(loss, head, logits, truth)
    (gradient,) = torch.autograd.grad(before, logits)
    assert judge(loss, head, logits.detach() - gradient / gradient.norm(), truth) < before


def test_a_patch_that_nobody_looked_at_costs_nothing_and_moves_nothing(loss, head):
    logits = draw_logits(head).requires_grad_()
    truth = torch.zeros_like(logits)
    cost = judge(loss, head, logits, truth, torch.zeros(2, 1, 6, 6, 6))
    cost.backward()
    assert cost == 0
    assert torch.equal(logits.grad, torch.zeros_like(logits))


def test_nothing_under_the_ignore_changes_cost_or_gradient(loss, head):
    truth, logits, weight = draw_truth(head), draw_logits(head), torch.ones(2, 1, 6, 6, 6)
    weight[:, :, 2:4] = 0
    results = []
    for disturbance in (0.0, 30.0):
        disturbed = (logits + disturbance * (1 - weight)).requires_grad_()
        cost = judge(loss, head, disturbed, truth * weight, weight)
        cost.backward()
        results.append((cost.detach(), disturbed.grad))
    assert torch.equal(results[0][0], results[1][0])
    assert torch.equal(results[0][1], results[1][1])
    assert not results[0][1][:, :, 2:4].any()


def test_a_sample_that_nobody_looked_at_does_not_dilute_the_others(loss, head):
    truth, logits, weight = draw_truth(head), draw_logits(head), torch.ones(2, 1, 6, 6, 6)
    weight[1] = 0
    alone = judge(loss, head, logits[:1], truth[:1])
    torch.testing.assert_close(judge(loss, head, logits, truth * weight, weight), alone)


@pytest.mark.parametrize("value", [0.0, 1.0], ids=["empty", "full"])
@pytest.mark.parametrize("logit", [-1e4, 0.0, 1e4])
def test_empty_and_full_patches_and_extreme_logits_stay_finite(loss, head, value, logit):
    truth = torch.zeros(2, head.channels, 4, 4, 4)
    truth[:, -1 if value else 0] = 1.0 if head.activation == "softmax" else value
    logits = torch.zeros_like(truth)
    logits[:, -1] = logit
    logits.requires_grad_()
    cost = judge(loss, head, logits, truth)
    cost.backward()
    assert cost.isfinite()
    assert cost >= 0
    assert logits.grad.isfinite().all()


def test_flipping_prediction_and_truth_together_changes_nothing(loss, head):
    truth, logits = draw_truth(head), draw_logits(head)
    torch.testing.assert_close(judge(loss, head, logits.flip(2, 4), truth.flip(2, 4)), judge(loss, head, logits, truth))
