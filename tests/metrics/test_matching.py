import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from volumen.errors import ConfigError
from volumen.metrics import score_ap, score_pq
from volumen.morphology import label_components

LABELS = arrays(np.int64, (3, 4, 5), elements=st.integers(0, 4))
WIDE = {"components": False}

# Three true objects of four voxels: the first found, three voxels of the second, none of the third; two invented.
TRUTH = np.array([[[1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 0, 0]]])
FOUND = np.array([[[7, 7, 7, 7, 8, 8, 8, 0, 0, 0, 0, 0, 9, 9]]])


def count_matches(prediction, truth, threshold) -> tuple[int, int, int]:
    """Right, invented and missed objects, mask by mask; thresholds above a half."""
    predicted, true = (set(np.unique(labels)) - {0} for labels in (prediction, truth))
    right = 0
    for one in predicted:
        for other in true:
            both = ((prediction == one) & (truth == other)).sum()
            right += both / ((prediction == one) | (truth == other)).sum() >= threshold
    return right, len(predicted) - right, len(true) - right


def test_precision_counted_by_hand():
    score = score_ap(FOUND, TRUTH)

    assert (score.ap_50, score.ap_75) == (2 / 4, 2 / 4)  # two right, one invented, one missed
    assert score.ap == pytest.approx((6 * 2 / 4 + 4 * 1 / 5) / 10)  # above 0.75 the second is no match


def test_precision_by_size_counted_by_hand():
    sizes = score_ap(FOUND, TRUTH, sizes=[2, 3]).sizes

    assert sizes["large"] == pytest.approx((6 * 2 / 3 + 4 * 1 / 3) / 10)  # of three true ones
    assert sizes["75_large"] == pytest.approx(2 / 3)
    assert sizes["small"] == 0  # the invented one
    assert sizes["medium"] == 0  # the one of three voxels where it is no match
    assert np.isnan(sizes["75_medium"])


def test_the_curve_counted_by_hand():
    score = score_ap(FOUND, TRUTH, definition="curve")

    assert score.ap_50 == pytest.approx(67 / 101)  # precision 1 up to a recall of 2/3
    assert score.ap == pytest.approx((6 * 67 + 4 * 34) / 101 / 10)


def test_the_curve_falls_when_a_large_object_is_wrong():
    wrong = np.array([[[5, 5, 5, 5, 5, 1, 1]]])
    right = np.array([[[0, 0, 0, 0, 0, 1, 1]]])

    assert score_ap(wrong, right, definition="curve").ap_50 == pytest.approx(1 / 2)
    assert score_ap(right, right, definition="curve").ap == 1


def test_two_halves_of_an_object_are_one_match():
    whole, halves = np.array([[[3, 3]]]), np.array([[[1, 2]]])

    assert score_ap(halves, whole, thresholds=[0.5]).ap == 1 / 2
    assert score_ap(whole, halves, thresholds=[0.5]).ap == 1 / 2
    assert score_pq(halves, whole).pq == 0  # panoptic quality matches above a half only


def test_panoptic_quality_counted_by_hand():
    score = score_pq(FOUND, TRUTH)

    assert (score.pq, score.sq, score.rq) == pytest.approx((1.75 / 3, 1.75 / 2, 2 / 3))
    assert (score.pq_matched, score.pq_missed, score.pq_invented) == (2, 1, 1)


@settings(max_examples=40, deadline=None)
@given(LABELS, LABELS, st.sampled_from([0.55, 0.6, 0.75, 0.9]))
def test_precision_is_what_masks_compared_one_by_one_give(prediction, truth, threshold):
    right, invented, missed = count_matches(prediction, truth, threshold)

    if right + invented + missed:
        expected = right / (right + invented + missed)
        assert score_ap(prediction, truth, thresholds=[threshold], **WIDE).ap == pytest.approx(expected)


@settings(max_examples=30, deadline=None)
@given(LABELS, LABELS)
def test_panoptic_quality_is_monais(prediction, truth):
    from monai.metrics.panoptic_quality import compute_panoptic_quality

    matched, invented, missed, iou = compute_panoptic_quality(
        torch.from_numpy(prediction), torch.from_numpy(truth), output_confusion_matrix=True
    ).tolist()

    score = score_pq(prediction, truth, **WIDE)

    assert (score.pq_matched, score.pq_invented, score.pq_missed) == (matched, invented, missed)
    assert score.sq * max(1, matched) == pytest.approx(iou if matched + invented + missed else 1)


@settings(max_examples=30, deadline=None)
@given(LABELS, LABELS)
def test_prediction_and_truth_may_change_places(prediction, truth):
    one, other = score_pq(prediction, truth, **WIDE), score_pq(truth, prediction, **WIDE)

    assert (one.pq, one.pq_missed, one.pq_invented) == (pytest.approx(other.pq), other.pq_invented, other.pq_missed)
    assert score_ap(prediction, truth, **WIDE).ap == pytest.approx(score_ap(truth, prediction, **WIDE).ap)


def test_masks_are_compared_by_their_components(rng):
    one, other = rng.random((8, 9, 10)) < 0.1, rng.random((8, 9, 10)) < 0.1
    objects = label_components(one), label_components(other)

    assert score_pq(one, other) == score_pq(*objects, **WIDE)
    assert score_ap(one.astype(np.uint8), other).ap == score_ap(*objects, **WIDE).ap


def test_an_object_that_is_all_ignored_is_none():
    truth = np.array([[[1, 1, 2, 2]]])
    found = np.array([[[1, 1, 0, 0]]])

    assert score_pq(found, truth, ignore=2).pq == 1
    assert score_ap(found, truth, ignore=2).ap == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"thresholds": []}, "thresholds from 0.5"),
        ({"thresholds": [0.3, 0.5]}, r"got \[0.3, 0.5\]"),
        ({"thresholds": [1.5]}, "to 1"),
        ({"sizes": [10]}, "two rising sizes"),
        ({"sizes": [10, 5]}, "two rising sizes"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        score_ap(TRUTH, TRUTH, **options)
