import pytest
import torch
from scipy.ndimage import gaussian_filter
from torch.nn.functional import cosine_similarity

from volumen.heads import HeadSpec
from volumen.losses import Cosine, LossContext, NormalSmoothness

NORMALS = LossContext(HeadSpec("normals", 3, "none", "normals"))
DIRECTION = LossContext(HeadSpec("direction", 3, "none", "direction"))


@pytest.fixture
def case():
    generator = torch.Generator().manual_seed(0)
    vectors = [torch.randn(2, 3, 4, 4, 4, generator=generator) for _ in range(2)]
    return *vectors, (torch.rand(2, 1, 4, 4, 4, generator=generator) < 0.7).float()


def test_cosine_is_its_formula(case):
    prediction, target, weight = case
    expected = ((1 - cosine_similarity(prediction, target))[:, None] * weight).sum() / weight.sum()
    torch.testing.assert_close(Cosine()(*case, NORMALS), expected, rtol=1e-4, atol=1e-5)


def test_directions_are_compared_up_to_their_sign_by_themselves(case):
    prediction, target, weight = case
    expected = ((1 - cosine_similarity(prediction, target).abs())[:, None] * weight).sum() / weight.sum()
    for loss, context in ((Cosine(), DIRECTION), (Cosine(sign_invariant=True), NORMALS)):
        torch.testing.assert_close(loss(*case, context), expected, rtol=1e-4, atol=1e-5)
    assert torch.equal(Cosine()(-prediction, target, weight, DIRECTION), Cosine()(*case, DIRECTION))


def test_lengths_do_not_matter(case):
    prediction, target, weight = case
    torch.testing.assert_close(
        Cosine()(50 * prediction, 0.1 * target, weight, NORMALS), Cosine()(*case, NORMALS), rtol=1e-3, atol=1e-4
    )


def test_a_voxel_whose_truth_has_no_direction_does_not_count(case):
    prediction, target, weight = case
    target[:, :, :2] = 0
    expected = Cosine()(prediction[:, :, 2:], target[:, :, 2:], weight[:, :, 2:], NORMALS)
    torch.testing.assert_close(Cosine()(prediction, target, weight, NORMALS), expected)


def test_a_prediction_of_no_length_is_pulled_with_a_finite_force():
    target = torch.zeros(1, 3, 1, 1, 1)
    target[:, 0] = 1
    prediction = torch.zeros_like(target).requires_grad_()
    Cosine()(prediction, target, torch.ones(1, 1, 1, 1, 1), NORMALS).backward()
    assert prediction.grad.isfinite().all()
    assert prediction.grad[0, 0] < 0


def test_smoothness_is_its_formula(case):
    prediction, _, weight = case
    directions = (prediction / prediction.norm(dim=1, keepdim=True))[:1]
    maps = [gaussian_filter((axis * weight[0, 0]).numpy(), 1.0, radius=3, mode="constant") for axis in directions[0]]
    mean = torch.stack([torch.from_numpy(values) for values in maps])
    turn = 1 - (directions[0] * mean / mean.norm(dim=0)).sum(0)
    expected = (turn**3 * weight[0, 0]).sum() / weight[0].sum()
    ours = NormalSmoothness(sigma=1.0, q=3.0)(prediction[:1], prediction[:1], weight[:1], NORMALS)
    torch.testing.assert_close(ours, expected, rtol=1e-3, atol=1e-4)


def test_smoothness_needs_no_truth(case):
    prediction, target, weight = case
    ours = NormalSmoothness()(prediction, target, weight, NORMALS)
    assert torch.equal(ours, NormalSmoothness()(prediction, -7 * target, weight, NORMALS))


def test_what_lies_off_the_surface_does_not_bend_it():
    prediction, weight = torch.zeros(1, 3, 1, 5, 5), torch.zeros(1, 1, 1, 5, 5)
    prediction[:, 0] = -1
    prediction[:, :, :, 2] = torch.tensor([1.0, 0, 0]).view(1, 3, 1, 1)
    weight[:, :, :, 2] = 1
    assert NormalSmoothness()(prediction, prediction, weight, NORMALS) < 1e-6
