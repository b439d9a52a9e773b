import numpy as np
import pytest
import torch
from monai.losses import HausdorffDTLoss
from scipy.ndimage import distance_transform_edt

from volumen.errors import ConfigError
from volumen.heads import HeadSpec
from volumen.losses import Boundary, Hausdorff, LossContext, SurfaceDistance

SURFACE = HeadSpec("surface", 1, "sigmoid")
EDGE = 12


def draw_sheet(place, thickness=2, edge=EDGE):
    labels = torch.zeros(1, edge, edge, edge, dtype=torch.int64)
    labels[:, place : place + thickness] = 1
    return labels


def draw_logits(labels, certainty=20.0):
    return certainty * (2 * (labels[:, None] > 0).float() - 1)


@pytest.fixture
def judge(make_maps):
    def ask(loss, logits, labels, *, voxel_size=None, weight=None):
        weight = torch.ones(labels.shape)[:, None] if weight is None else weight
        context = LossContext(SURFACE, maps=make_maps(labels, weight), voxel_size=voxel_size)
        return loss(logits, (labels[:, None] > 0).float() * (weight > 0), weight, context)

    return ask


@pytest.fixture
def case(rng):
    labels = torch.from_numpy(rng.random((2, 4, 4, 4)) < 0.4).long()
    return torch.from_numpy(rng.normal(size=(2, 1, 4, 4, 4)).astype(np.float32)), labels


def test_boundary_is_its_formula(judge, case):
    logits, labels = case
    truth, probability = labels.numpy() > 0, 1 / (1 + np.exp(-logits.numpy().astype(np.float64)))[:, 0]
    signed = [np.where(t, 0.5 - distance_transform_edt(t), distance_transform_edt(~t) - 0.5) for t in truth]
    expected = (np.stack(signed) * (probability - truth)).mean()
    assert float(judge(Boundary(), logits, labels)) == pytest.approx(expected, rel=1e-5)


def test_hausdorff_is_monais(judge, case):
    logits, labels = case
    theirs = HausdorffDTLoss(sigmoid=True, include_background=True)(logits, labels[:, None].float())
    torch.testing.assert_close(judge(Hausdorff(), logits, labels), theirs, check_dtype=False)


def test_surface_distance_is_its_formula(judge, case):
    logits, labels = case
    truth, probability = labels.numpy() > 0, 1 / (1 + np.exp(-logits.numpy().astype(np.float64)))[:, 0]
    masks = (truth, probability > 0.5)
    true, predicted = (
        np.stack([distance_transform_edt(t) + distance_transform_edt(~t) - 0.5 for t in mask]) for mask in masks
    )
    area = np.mean([(distance < 1).sum() / 2 for distance in (true, predicted)])
    expected = ((true + predicted) * np.abs(probability - truth)).sum() / area
    assert float(judge(SurfaceDistance(), logits, labels)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("gap", [1, 2, 4])
def test_borders_apart_cost_about_the_square_of_their_distance(judge, gap):
    cost = judge(SurfaceDistance(), draw_logits(draw_sheet(0, 4 + gap)), draw_sheet(0, 4))
    assert float(cost) == pytest.approx(gap**2, rel=0.01)


@pytest.mark.parametrize("loss", [Boundary(), SurfaceDistance(), Hausdorff()], ids=lambda loss: type(loss).__name__)
@pytest.mark.parametrize("side", [-1, 1])
def test_the_sign_is_right_a_border_is_drawn_to_the_truth_from_either_side(judge, loss, side):
    labels = draw_sheet(4, 4)
    logits = draw_logits(draw_sheet(4 + side, 4 - 2 * side), certainty=2.0).requires_grad_()
    judge(loss, logits, labels).backward()
    wrong = (logits > 0) != (labels[:, None] > 0)
    towards = torch.where(labels[:, None] > 0, -1.0, 1.0)
    assert torch.equal(logits.grad[wrong].sign(), towards[wrong])


def test_only_surface_distance_and_hausdorff_see_how_far_a_missed_object_is(judge):
    labels = draw_sheet(1) + draw_sheet(8)
    near, far = draw_logits(draw_sheet(8)), draw_logits(draw_sheet(8))
    shifted = draw_sheet(5) + draw_sheet(8)
    costs = [
        [float(judge(loss, near, truth)) for truth in (labels, shifted)] for loss in (SurfaceDistance(), Hausdorff())
    ]
    assert all(first > second for first, second in costs)
    assert float(judge(Boundary(), far, labels)) == pytest.approx(float(judge(Boundary(), far, shifted)), rel=1e-4)


def test_distances_are_measured_in_voxels_of_the_finest_axis(judge):
    labels, logits = draw_sheet(2, 4), draw_logits(draw_sheet(2, 6))
    flat = judge(SurfaceDistance(), logits, labels)
    thick = judge(SurfaceDistance(), logits, labels, voxel_size=torch.tensor([[40.0, 8.0, 8.0]]))
    unknown = judge(SurfaceDistance(), logits, labels, voxel_size=torch.full((1, 3), torch.nan))
    assert thick > 2 * flat
    assert torch.equal(unknown, flat)


def test_a_prediction_without_any_border_costs_the_most(judge):
    labels = draw_sheet(4)
    empty = draw_logits(0 * labels)
    assert judge(Hausdorff(most=5), empty, labels) < judge(Hausdorff(most=9), empty, labels)


def test_several_channels_at_once_are_refused():
    head = HeadSpec("both", 2, "sigmoid")
    values, weight = torch.zeros(1, 2, 4, 4, 4), torch.ones(1, 1, 4, 4, 4)
    with pytest.raises(ConfigError, match="2 channels that do not exclude each other"):
        Boundary()(values, values, weight, LossContext(head))
