import numpy as np
import pytest
import torch
from monai.losses import DiceLoss, GeneralizedDiceLoss, TverskyLoss

from volumen.errors import ConfigError
from volumen.heads import HeadSpec
from volumen.losses import Dice, GeneralisedDice, LossContext, Tversky, Variance

SURFACE = LossContext(HeadSpec("surface", 1, "sigmoid"))
CELLS = LossContext(HeadSpec("cells", 3, "softmax"))


@pytest.fixture
def case(rng):
    logits = rng.normal(size=(2, 1, 4, 4, 4)).astype(np.float32)
    truth = (rng.random((2, 1, 4, 4, 4)) < 0.4).astype(np.float32)
    weight = (rng.random((2, 1, 4, 4, 4)) < 0.8).astype(np.float32)
    return logits, truth, weight


def as_tensors(*arrays):
    return [torch.from_numpy(array) for array in arrays]


def test_dice_is_its_formula(case):
    logits, truth, weight = case
    probability = 1 / (1 + np.exp(-logits.astype(np.float64)))
    overlap, size = (weight * probability * truth).sum(), (weight * (probability + truth)).sum()
    expected = 1 - (2 * overlap + 1) / (size + 1)
    assert float(Dice()(*as_tensors(*case), SURFACE)) == pytest.approx(expected, rel=1e-5)


def draw_classes():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 3, 4, 4, 4, generator=generator)
    classes = torch.randint(3, (2, 1, 4, 4, 4), generator=generator)
    return logits, torch.zeros(2, 3, 4, 4, 4).scatter_(1, classes, 1.0)


@pytest.mark.parametrize("batch", [True, False])
def test_dice_is_monais_dice(batch):
    logits, truth = draw_classes()
    theirs = DiceLoss(include_background=False, softmax=True, smooth_nr=1.0, smooth_dr=1.0, batch=batch)(logits, truth)
    ours = Dice(batch=batch)(logits, truth, torch.ones(2, 1, 4, 4, 4), CELLS)
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("batch", [True, False])
def test_generalised_dice_is_monais(batch):
    logits, truth = draw_classes()
    truth[:, 0] += truth[:, 2]
    truth[:, 2] = 0
    theirs = GeneralizedDiceLoss(softmax=True, batch=batch)(logits, truth)
    ours = GeneralisedDice(batch=batch)(logits, truth, torch.ones(2, 1, 4, 4, 4), CELLS)
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("batch", [True, False])
def test_tversky_is_monais(batch):
    logits, truth = draw_classes()
    options = {"include_background": False, "softmax": True, "smooth_nr": 1.0, "smooth_dr": 1.0, "batch": batch}
    theirs = TverskyLoss(alpha=0.3, beta=0.7, **options)(logits, truth)
    ours = Tversky(alpha=0.3, beta=0.7, batch=batch)(logits, truth, torch.ones(2, 1, 4, 4, 4), CELLS)
    torch.testing.assert_close(ours, theirs)


def test_tversky_at_one_half_is_dice_with_half_its_smoothing(case):
    tensors = as_tensors(*case)
    torch.testing.assert_close(Tversky(smooth=0.5)(*tensors, SURFACE), Dice()(*tensors, SURFACE))


def test_background_counts_when_asked():
    truth = torch.zeros(1, 3, 4, 4, 4)
    truth[:, 0] = 1
    logits, weight = torch.zeros_like(truth), torch.ones(1, 1, 4, 4, 4)
    assert Dice(background=True)(logits, truth, weight, CELLS) < Dice()(logits, truth, weight, CELLS)


def test_variance_is_its_formula(case):
    logits, truth, weight = case
    probability = 1 / (1 + np.exp(-logits.astype(np.float64)))
    costs = []
    for sample in range(2):
        seen = weight[sample, 0] > 0
        predicted, true = probability[sample, 0][seen].std(), truth[sample, 0][seen].std()
        costs.append((predicted - true) ** 2 / (predicted**2 + true**2 + 9e-4))
    assert float(Variance()(*as_tensors(*case), SURFACE)) == pytest.approx(np.mean(costs), rel=1e-4)


def test_variance_is_dearest_where_a_prediction_is_uniform(case):
    _, truth, weight = as_tensors(*case)
    uniform, undecided = torch.zeros_like(truth), 0.5 * (truth - 0.5)
    assert Variance()(uniform, truth, weight, SURFACE) > 0.9
    assert Variance()(undecided, truth, weight, SURFACE) < Variance()(uniform, truth, weight, SURFACE)


def test_variance_still_pulls_where_a_prediction_is_almost_uniform(case):
    _, truth, weight = as_tensors(*case)
    logits = (1e-3 * truth).requires_grad_()
    Variance()(logits, truth, weight, SURFACE).backward()
    assert logits.grad.norm() > 0.05


def test_variance_asks_for_uniformity_where_the_truth_is_uniform():
    truth, weight = torch.zeros(1, 1, 4, 4, 4), torch.ones(1, 1, 4, 4, 4)
    assert Variance()(torch.full_like(truth, -3.0), truth, weight, SURFACE) == 0
    assert Variance()(torch.randn(truth.shape), truth, weight, SURFACE) > 0.9


@pytest.mark.parametrize("loss", [Dice(), Variance()])
def test_a_head_without_probabilities_is_refused(loss):
    values = torch.zeros(1, 1, 4, 4, 4)
    with pytest.raises(ConfigError, match="give the head activation: sigmoid or softmax"):
        loss(values, values, values, LossContext(HeadSpec("distance", 1)))
