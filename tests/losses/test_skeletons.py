import math

import pytest
import torch
from monai.losses import SoftclDiceLoss
from scipy.ndimage import binary_dilation, distance_transform_edt

from volumen.heads import HeadSpec
from volumen.losses import (
    CentrelineBoundaryDice,
    CentrelineDice,
    LossContext,
    MorphologicalSkeleton,
    SkeletonRecall,
    SurfaceDice,
    TruthMap,
)
from volumen.losses.soft_morphology import skeletonise

SURFACE = HeadSpec("surface", 1, "sigmoid")
CELLS = HeadSpec("cells", 2, "softmax", "classes")
LOSSES = [CentrelineDice(), SurfaceDice(), MorphologicalSkeleton(), SkeletonRecall(), CentrelineBoundaryDice()]
NO_SMOOTHING = {"smooth": 1e-12, "smooth_nr": 1.0, "smooth_dr": 1.0}


def draw_sheet(start=6, stop=9, edge=16):
    truth = torch.zeros(1, 1, edge, edge, edge)
    truth[:, :, start:stop, 2:-2, 2:-2] = 1
    return truth


@pytest.fixture
def judge(make_maps):
    def ask(loss, logits, truth, weight=None):
        weight = torch.ones_like(truth) if weight is None else weight
        return loss(logits, truth * weight, weight, LossContext(SURFACE, maps=make_maps(truth[:, 0].long(), weight)))

    return ask


@pytest.fixture
def logits():
    generator = torch.Generator().manual_seed(0)
    return 2 * (2 * draw_sheet() - 1) + torch.randn(1, 1, 16, 16, 16, generator=generator)


def test_cldice_is_monais():
    generator = torch.Generator().manual_seed(0)
    truth = draw_sheet()
    both = torch.cat([1 - truth, truth], 1)
    logits = 2 * both + torch.randn(both.shape, generator=generator)
    theirs = SoftclDiceLoss(iter_=3, softmax=True, include_background=False, **NO_SMOOTHING)(logits, both)
    ours = CentrelineDice()(logits, both, torch.ones_like(truth), LossContext(CELLS))
    torch.testing.assert_close(ours, theirs)


def test_cldice_is_its_formula(judge, logits):
    truth, probability = draw_sheet(), logits.sigmoid()
    predicted, true = (skeletonise(maps, None, iterations=2) for maps in (probability, truth))
    precision = ((predicted * truth).sum() + 3) / (predicted.sum() + 3)
    sensitivity = ((true * probability).sum() + 3) / (true.sum() + 3)
    expected = 1 - 2 * precision * sensitivity / (precision + sensitivity)
    torch.testing.assert_close(judge(CentrelineDice(iterations=2, smooth=3), logits, truth), expected)


def test_the_morphological_skeleton_is_its_formula(judge, logits):
    truth = draw_sheet()
    predicted, true = (skeletonise(maps, None, iterations=3) for maps in (logits.sigmoid(), truth))
    expected = 1 - (2 * (predicted * true).sum() + 1) / ((predicted**2).sum() + (true**2).sum() + 1)
    torch.testing.assert_close(judge(MorphologicalSkeleton(), logits, truth), expected)


def test_skeleton_recall_is_its_formula():
    generator = torch.Generator().manual_seed(0)
    truth, skeleton, known = ((torch.rand(2, 1, 4, 4, 4, generator=generator) < 0.6).float() for _ in range(3))
    logits = torch.randn(2, 1, 4, 4, 4, generator=generator)
    context = LossContext(SURFACE, maps={"skeleton": TruthMap(skeleton, known)})
    wanted = truth * skeleton * known
    expected = 1 - ((wanted * logits.sigmoid()).sum() + 1) / (wanted.sum() + 1)
    torch.testing.assert_close(SkeletonRecall(of="skeleton")(logits, truth, torch.ones_like(truth), context), expected)


def test_recall_asks_for_medial_surfaces_unless_told_otherwise():
    assert [loss.maps[0].name for loss in (SkeletonRecall(), SkeletonRecall(of={"name": "skeleton", "tube": 2.0}))] == [
        "medial_surface",
        "skeleton",
    ]


def test_centreline_boundary_dice_is_its_formula(judge):
    truth, logits = draw_sheet(5, 10), torch.full((1, 1, 16, 16, 16), -9.0)
    logits[:, :, 5:8, 2:-2, 2:-2] = math.log(4)  # the thinner half of it, at four in five
    parts = []
    for mask, probability in ((truth, truth), (logits.sigmoid() > 0.5, logits.sigmoid())):
        radius = torch.from_numpy(distance_transform_edt(mask[0, 0].numpy())).float()
        skeleton = skeletonise(mask.float(), None, iterations=10)[0, 0] > 0.5
        radius = radius / (radius * skeleton).max()
        parts.append((radius.clamp(max=1) * probability[0, 0], radius * skeleton, skeleton * probability[0, 0], radius))

    def share(one, other):
        slim = torch.where(one[2] > 0, one[2] / one[3] ** 2, 0)
        thick = torch.where(other[1] > 0, other[1], one[1])
        return ((slim * other[0]).sum() + 1) / ((slim * thick).sum() + 1)

    precision, sensitivity = share(parts[1], parts[0]), share(parts[0], parts[1])
    expected = 1 - 2 * precision * sensitivity / (precision + sensitivity)
    torch.testing.assert_close(judge(CentrelineBoundaryDice(), logits, truth), expected, rtol=1e-4, atol=1e-5)


def test_a_prediction_thicker_than_the_truth_costs_its_centreline_nothing(judge):
    truth = draw_sheet()
    thick = torch.from_numpy(binary_dilation(truth.numpy())).float()
    cost = {loss: float(judge(loss, 40 * thick - 20, truth)) for loss in (CentrelineDice(), SkeletonRecall())}
    assert max(cost.values()) < 0.15


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
def test_a_hole_in_a_sheet_costs_more_than_the_same_voxels_off_its_faces(judge, loss):
    truth = draw_sheet()
    hole, thin = 40 * truth - 20, 40 * truth - 20
    hole[:, :, 6:9, 5:11, 5:11] = -20
    thin[:, :, 6, 2:14, 2:11] = -20
    assert judge(loss, hole, truth) > judge(loss, thin, truth)


def test_recall_of_a_thinned_skeleton_is_blind_to_a_hole_in_a_sheet(judge):
    """Thinning in three dimensions shrinks a sheet to a few curves, which may all go round the hole."""
    truth = draw_sheet()
    hole = 40 * truth - 20
    hole[:, :, 6:9, 5:11, 5:11] = -20
    assert judge(SkeletonRecall(of="skeleton"), hole, truth) == 0
    assert judge(SkeletonRecall(), hole, truth) > 0.2


@pytest.mark.parametrize("smooth", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("voxels", [0, 1, 8])
def test_smoothing_pushes_nothing_where_prediction_and_truth_agree(judge, smooth, voxels):
    """MONAI adds it to the sum of both fractions alone, so that its clDice of the truth itself is above 0."""
    truth = torch.zeros(1, 1, 6, 6, 6)
    truth.view(-1)[:voxels] = 1
    logits = (200 * truth - 100).requires_grad_()
    for loss in (CentrelineDice(smooth=smooth), SurfaceDice(smooth=smooth), MorphologicalSkeleton(smooth=smooth)):
        cost = judge(loss, logits, truth)
        (gradient,) = torch.autograd.grad(cost, logits)
        assert cost.abs() < 1e-6
        assert gradient.abs().max() < 1e-6


def test_an_ignored_half_is_no_background_that_cuts_a_sheet(judge):
    """A sheet that runs into voxels that nobody looked at is whole up to there, and its skeleton does not shrink."""
    truth, weight = torch.zeros(1, 1, 8, 8, 12), torch.ones(1, 1, 8, 8, 12)
    truth[:, :, 3:6] = 1
    weight[..., 6:] = 0
    logits = (40 * truth - 20).requires_grad_()
    for loss in (CentrelineDice(), SurfaceDice(), MorphologicalSkeleton()):
        assert judge(loss, logits, truth, weight) < 1e-6
        half = judge(loss, (20 * truth - 20)[..., :6], truth[..., :6])
        torch.testing.assert_close(judge(loss, 20 * truth - 20, truth, weight), half)


def test_the_truths_skeleton_carries_no_gradient(judge):
    truth = draw_sheet().requires_grad_()
    cost = CentrelineDice()(torch.zeros(truth.shape), truth, torch.ones(truth.shape), LossContext(SURFACE))
    (gradient,) = torch.autograd.grad(cost, truth)
    inside = skeletonise(torch.full(truth.shape, 0.5), None, iterations=3)
    assert torch.equal(gradient != 0, inside > 0) or not gradient.any()
