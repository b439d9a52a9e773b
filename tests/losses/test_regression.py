import numpy as np
import pytest
import torch
from scipy.ndimage import distance_transform_edt
from torch.nn.functional import smooth_l1_loss

from volumen.errors import ConfigError
from volumen.heads import HeadSpec, LengthSpec
from volumen.losses import LossContext, SignedDistance, TensorDistance, build_l1, build_mse, build_smooth_l1

NUMBERS = LossContext(HeadSpec("numbers", 2, "none", "reconstruction"))
DISTANCE = HeadSpec("distance", 1, "none", "distance", lengths=LengthSpec(side="signed"))


@pytest.fixture
def case(rng):
    values = [rng.normal(size=(2, 2, 4, 4, 4)).astype(np.float32) for _ in range(2)]
    weight = rng.random((2, 1, 4, 4, 4)).astype(np.float32)
    values[1][:, :, :2] = 0
    return [torch.from_numpy(array) for array in (*values, weight)]


@pytest.mark.parametrize(
    ("loss", "measure"),
    [
        (build_mse(), lambda error: error**2),
        (build_l1(), np.abs),
        (build_smooth_l1(beta=0.5), lambda error: np.where(error**2 < 0.25, error**2, np.abs(error) - 0.25)),
    ],
)
def test_errors_are_their_formulas(case, loss, measure):
    prediction, target, weight = (tensor.numpy().astype(np.float64) for tensor in case)
    expected = (weight * measure(prediction - target)).sum() / (2 * weight.sum())
    assert float(loss(*case, NUMBERS)) == pytest.approx(expected, rel=1e-5)


def test_what_is_not_zero_may_count_more(case):
    prediction, target, weight = (tensor.numpy().astype(np.float64) for tensor in case)
    weight = weight * np.where((target != 0).any(1, keepdims=True), 5, 1)
    expected = (weight * (prediction - target) ** 2).sum() / (2 * weight.sum())
    assert float(build_mse(foreground=5.0)(*case, NUMBERS)) == pytest.approx(expected, rel=1e-5)


def test_a_sigmoid_heads_numbers_are_its_probabilities(case):
    prediction, target, weight = case
    head = LossContext(HeadSpec("numbers", 2, "sigmoid", "reconstruction"))
    torch.testing.assert_close(
        build_mse()(prediction, target, weight, head), build_mse()(prediction.sigmoid(), target, weight, NUMBERS)
    )


def measure_signed(mask):
    return np.where(mask, 0.5 - distance_transform_edt(mask), distance_transform_edt(~mask) - 0.5).astype(np.float32)


def draw_slab(thickness=4, edge=12, axis=0):
    mask = np.zeros((edge,) * 3, bool)
    np.moveaxis(mask, axis, 0)[4 : 4 + thickness] = True
    return torch.from_numpy(measure_signed(mask))[None, None]


def judge(loss, prediction, target, head=DISTANCE, voxel_size=None):
    return loss(prediction, target, torch.ones_like(target), LossContext(head, voxel_size=voxel_size))


def test_signed_distance_is_smooth_l1_within_its_band():
    target = draw_slab()
    prediction = target + torch.randn(target.shape, generator=torch.Generator().manual_seed(0))
    band = target.abs() < 2
    expected = smooth_l1_loss(prediction[band], target[band], beta=0.5)
    torch.testing.assert_close(judge(SignedDistance(rho=2.0, beta=0.5, eikonal=0.0), prediction, target), expected)


@pytest.mark.parametrize("thickness", [1, 2, 3, 4])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_true_distance_has_slopes_of_one_in_the_middle_of_sheets_too(thickness, axis):
    """Central differences, as elsewhere, are 0 on the ridge and pull a right prediction away from the truth."""
    target = draw_slab(thickness, axis=axis)
    assert judge(SignedDistance(eikonal=1.0), target, target) < 1e-6


def test_slopes_are_not_asked_for_at_the_faces_of_a_patch():
    """Differences with nothing, as elsewhere, are 0 there: every face would pull."""
    target = draw_slab()
    prediction = target.clone().requires_grad_()
    judge(SignedDistance(rho=100.0, eikonal=1.0), prediction, target).backward()
    assert prediction.grad.abs().max() < 1e-6


def test_a_prediction_that_is_too_flat_is_made_steeper():
    target = draw_slab()
    flat = (0.5 * target).requires_grad_()
    loss = SignedDistance(eikonal=1.0)
    cost = judge(loss, flat, target) - judge(SignedDistance(eikonal=0.0), flat, target)
    (gradient,) = torch.autograd.grad(cost, flat)
    steeper = judge(loss, flat - gradient, target) - judge(SignedDistance(eikonal=0.0), flat - gradient, target)
    assert 0 < steeper < cost
    assert float(cost.detach()) == pytest.approx(0.25, abs=0.15)


def test_slopes_are_measured_in_lengths():
    target = draw_slab() * 5
    thick = torch.tensor([[40.0, 8.0, 8.0]])
    assert judge(SignedDistance(rho=20.0, eikonal=1.0), target, target, voxel_size=thick) < 1e-6
    assert judge(SignedDistance(rho=20.0, eikonal=1.0), target, target) > 1


@pytest.mark.parametrize(
    ("lengths", "factor", "voxel_size"),
    [
        (LengthSpec(side="signed", scale=10.0), 0.1, None),
        (LengthSpec(side="signed", unit="nm"), 8.0, torch.tensor([[8.0, 8.0, 8.0]])),
        (LengthSpec(side="signed", unit="nm", scale=100.0), 0.08, torch.tensor([[8.0, 8.0, 8.0]])),
    ],
)
def test_band_and_beta_are_in_voxels_whatever_the_head_gives(lengths, factor, voxel_size):
    target = draw_slab()
    prediction = target + torch.randn(target.shape, generator=torch.Generator().manual_seed(0))
    head = HeadSpec("distance", 1, "none", "distance", lengths=lengths)
    scaled = judge(SignedDistance(), factor * prediction, factor * target, head, voxel_size)
    torch.testing.assert_close(scaled, judge(SignedDistance(), prediction, target), rtol=1e-4, atol=1e-5)


def test_beyond_the_clip_nothing_is_asked():
    head = HeadSpec("distance", 1, "none", "distance", lengths=LengthSpec(side="signed", clip=3.0))
    target = draw_slab().clamp(-3, 3)
    assert judge(SignedDistance(eikonal=1.0), target, target, head) < 1e-6


@pytest.mark.parametrize("side", ["inside", "outside"])
def test_distances_of_one_side_are_refused(side):
    head = HeadSpec("distance", 1, "none", "distance", lengths=LengthSpec(side=side))
    with pytest.raises(ConfigError, match=f"gives them {side}; set the target's side: signed, or use smooth_l1"):
        judge(SignedDistance(), draw_slab(), draw_slab(), head)


@pytest.mark.parametrize("dimensions", [2, 3])
def test_tensors_are_compared_entry_by_entry(dimensions):
    generator = torch.Generator().manual_seed(0)
    pairs = [(i, j) for i in range(dimensions) for j in range(i, dimensions)]
    both = torch.randn(2, 2, len(pairs), 4, 4, 4, generator=generator)
    full = torch.zeros(2, 2, dimensions, dimensions, 4, 4, 4)
    for channel, (i, j) in enumerate(pairs):
        full[:, :, i, j] = full[:, :, j, i] = both[:, :, channel]
    head = LossContext(HeadSpec("tensor", len(pairs), "none", "structure_tensor"))
    ours = TensorDistance()(both[0], both[1], torch.ones(2, 1, 4, 4, 4), head)
    torch.testing.assert_close(ours, (full[0] - full[1]).square().mean())


def test_channels_that_make_no_tensor_are_refused():
    values = torch.zeros(1, 4, 4, 4, 4)
    with pytest.raises(ConfigError, match="4 channels; symmetric tensors have 3 in 2D and 6 in 3D"):
        TensorDistance()(values, values, values[:, :1], LossContext(HeadSpec("tensor", 4, "none", "structure_tensor")))
