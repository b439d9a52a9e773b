import numpy as np
import pytest
import torch
from monai.losses import FocalLoss
from torch.nn.functional import cross_entropy

from volumen.errors import ConfigError
from volumen.heads import HeadSpec
from volumen.losses import BalancedCrossEntropy, CrossEntropy, Entropy, Focal, LossContext

SURFACE = LossContext(HeadSpec("surface", 1, "sigmoid"))
CELLS = LossContext(HeadSpec("cells", 3, "softmax"))
ALL = torch.ones(2, 1, 4, 4, 4)


@pytest.fixture
def binary(rng):
    logits = rng.normal(size=(2, 1, 4, 4, 4)).astype(np.float32)
    truth = (rng.random((2, 1, 4, 4, 4)) < 0.4).astype(np.float32)
    weight = (rng.random((2, 1, 4, 4, 4)) < 0.8).astype(np.float32)
    return logits, truth, weight


@pytest.fixture
def classes():
    generator = torch.Generator().manual_seed(0)
    numbers = torch.randint(3, (2, 4, 4, 4), generator=generator)
    truth = torch.zeros(2, 3, 4, 4, 4).scatter_(1, numbers.unsqueeze(1), 1.0)
    return torch.randn(2, 3, 4, 4, 4, generator=generator), truth, numbers


def judge_in_numpy(logits, truth, weight, *, gamma, alpha):
    probability = 1 / (1 + np.exp(-logits.astype(np.float64)))
    right = np.where(truth > 0, probability, 1 - probability)
    share = np.where(truth > 0, alpha, 1 - alpha)
    return (weight * share * (1 - right) ** gamma * -np.log(right)).sum() / weight.sum()


def test_binary_cross_entropy_is_its_formula(binary):
    cost = CrossEntropy()(*map(torch.from_numpy, binary), SURFACE)
    assert float(cost) == pytest.approx(2 * judge_in_numpy(*binary, gamma=0, alpha=0.5), rel=1e-5)


def test_focal_is_its_formula(binary):
    cost = Focal(gamma=3.0, alpha=0.3)(*map(torch.from_numpy, binary), SURFACE)
    assert float(cost) == pytest.approx(judge_in_numpy(*binary, gamma=3, alpha=0.3), rel=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy_of_classes_is_torchs(classes, smoothing):
    logits, truth, numbers = classes
    expected = cross_entropy(logits, numbers, label_smoothing=smoothing)
    torch.testing.assert_close(CrossEntropy(label_smoothing=smoothing)(logits, truth, ALL, CELLS), expected)


def test_class_weights_are_torchs(classes):
    logits, truth, numbers = classes
    expected = cross_entropy(logits, numbers, weight=torch.tensor([1.0, 2.0, 0.5]))
    torch.testing.assert_close(CrossEntropy(class_weights=[1.0, 2.0, 0.5])(logits, truth, ALL, CELLS), expected)


def test_ignored_voxels_are_those_torch_ignores(classes):
    logits, truth, numbers = classes
    weight = (torch.rand(2, 1, 4, 4, 4, generator=torch.Generator().manual_seed(1)) < 0.5).float()
    ignored = numbers.masked_fill(weight[:, 0] == 0, -100)
    torch.testing.assert_close(
        CrossEntropy()(logits, truth * weight, weight, CELLS), cross_entropy(logits, ignored, ignore_index=-100)
    )


def test_focal_of_channels_is_monais(binary):
    logits, truth, _ = map(torch.from_numpy, binary)
    theirs = FocalLoss(gamma=2.0, alpha=0.25)(logits, truth)
    torch.testing.assert_close(Focal(alpha=0.25)(logits, truth, ALL, SURFACE), theirs)


def test_focal_of_classes_is_monais_summed_over_channels(classes):
    logits, truth, _ = classes
    theirs = FocalLoss(gamma=2.0, alpha=0.25, use_softmax=True)(logits, truth)
    torch.testing.assert_close(Focal(alpha=0.25)(logits, truth, ALL, CELLS), 3 * theirs)


def test_class_weights_of_another_length_are_refused(classes):
    logits, truth, _ = classes
    with pytest.raises(ConfigError, match="3 channels and needs as many class_weights; got 2"):
        CrossEntropy(class_weights=[1.0, 2.0])(logits, truth, ALL, CELLS)


def test_top_is_the_mean_of_what_costs_most(binary):
    logits, truth, weight = binary
    costs = np.logaddexp(0, np.where(truth > 0, -logits, logits).astype(np.float64))[weight > 0]
    expected = np.sort(costs)[-int(np.ceil(0.25 * costs.size)) :].mean()
    assert float(CrossEntropy(top=0.25)(*map(torch.from_numpy, binary), SURFACE)) == pytest.approx(expected, rel=1e-5)


def test_balanced_cross_entropy_is_its_formula(binary):
    logits, truth, weight = binary
    costs = np.logaddexp(0, np.where(truth > 0, -logits, logits).astype(np.float64))
    share = (weight * truth).sum() / weight.sum()
    counts = np.where(truth > 0, 0.5 / share, 0.5 / (1 - share))
    expected = (weight * counts * costs).sum() / weight.sum()
    assert float(BalancedCrossEntropy()(*map(torch.from_numpy, binary), SURFACE)) == pytest.approx(expected, rel=1e-5)


def test_balanced_classes_cost_the_mean_of_each_class(classes):
    logits, truth, numbers = classes
    costs = cross_entropy(logits, numbers, reduction="none")
    expected = torch.stack([costs[numbers == number].mean() for number in range(3)]).mean()
    torch.testing.assert_close(BalancedCrossEntropy()(logits, truth, ALL, CELLS), expected)


def test_a_side_that_a_batch_does_not_hold_raises_nothing(binary):
    logits = torch.from_numpy(binary[0])
    nothing = torch.zeros_like(logits)
    expected = CrossEntropy()(logits, nothing, ALL, SURFACE) / 2
    torch.testing.assert_close(BalancedCrossEntropy()(logits, nothing, ALL, SURFACE), expected)


def test_no_voxel_counts_more_than_the_most():
    truth = torch.zeros(1, 1, 1, 1, 1000)
    truth[..., 0] = 1
    logits, weight = -50 * truth, torch.ones_like(truth)
    assert float(BalancedCrossEntropy(most=20)(logits, truth, weight, SURFACE)) == pytest.approx(1.0, abs=0.4)


def test_entropy_is_its_formula(binary, classes):
    probability = 1 / (1 + np.exp(-binary[0].astype(np.float64)))
    entropy = -probability * np.log2(probability) - (1 - probability) * np.log2(1 - probability)
    expected = (entropy * binary[2]).sum() / binary[2].sum()
    assert float(Entropy()(*map(torch.from_numpy, binary), SURFACE)) == pytest.approx(expected, rel=1e-5)
    logits, truth, _ = classes
    share = logits.softmax(1)
    torch.testing.assert_close(
        Entropy()(logits, truth, ALL, CELLS), -(share * share.log()).sum(1).mean() / np.log(3), check_dtype=False
    )
