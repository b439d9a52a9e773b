import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays

from volumen.errors import ConfigError
from volumen.metrics import score_accuracy, score_dice, score_iou, score_precision, score_recall

MASKS = arrays(bool, (3, 4, 5))
EMPTY, FULL = np.zeros((2, 2, 2), np.uint8), np.ones((2, 2, 2), np.uint8)


def score_all(prediction, truth, **options) -> tuple[float, ...]:
    return (
        score_dice(prediction, truth, **options).dice,
        score_iou(prediction, truth, **options).iou,
        score_precision(prediction, truth, **options).precision,
        score_recall(prediction, truth, **options).recall,
    )


def test_a_pair_counted_by_hand():
    prediction = np.array([[[1, 1, 1, 0, 0, 0]]])
    truth = np.array([[[0, 1, 1, 1, 1, 0]]])

    assert score_all(prediction, truth) == pytest.approx((4 / 7, 2 / 5, 2 / 3, 1 / 2))


def test_accuracy_is_the_share_of_right_labels_among_those_somebody_looked_at():
    prediction, truth = np.array([[[0, 1, 2, 3, 3]]]), np.array([[[0, 1, 1, 3, 9]]])

    assert score_accuracy(prediction, truth).accuracy == 3 / 5
    assert score_accuracy(prediction, truth, ignore=9).accuracy == 3 / 4
    assert score_accuracy(prediction, truth, ignore=(truth >= 0)).accuracy == 1


def test_empty_against_empty_is_right_and_against_anything_wrong():
    assert score_all(EMPTY, EMPTY) == (1, 1, 1, 1)
    assert score_all(EMPTY, FULL) == (0, 0, 0, 0)
    assert score_all(FULL, EMPTY) == (0, 0, 0, 0)


@settings(max_examples=40, deadline=None)
@given(MASKS, MASKS)
def test_one_for_itself_and_symmetric_where_due(one, other):
    dice, iou, precision, recall = score_all(one, other)

    assert score_all(one, one) == (1, 1, 1, 1)
    assert score_all(other, one) == (dice, iou, recall, precision)
    assert dice == pytest.approx(2 * iou / (1 + iou))
    assert 0 <= iou <= dice <= 1


@settings(max_examples=40, deadline=None)
@given(MASKS, MASKS, MASKS, MASKS)
def test_what_is_ignored_has_no_say(one, other, truth, ignored):
    agreed = np.where(ignored, other, one)

    assert score_all(agreed, truth, ignore=ignored) == score_all(one, truth, ignore=ignored)
    assert score_all(one, np.where(ignored, 2, truth), ignore=2) == score_all(one, truth, ignore=ignored)


def test_any_label_but_0_is_foreground(prediction, truth):
    assert score_all(prediction, truth) == score_all(prediction != 0, truth.astype(np.float32) != 0)


def test_classes_are_scored_one_by_one():
    prediction = np.array([[[1, 1, 2, 2, 0]]])
    truth = np.array([[[1, 2, 2, 2, 3]]])

    score = score_dice(prediction, truth, classes=[1, 2, 3, 4])

    assert score.classes == pytest.approx({1: 2 / 3, 2: 4 / 5, 3: 0, 4: 1})
    assert score.dice == pytest.approx(np.mean(list(score.classes.values())))


def test_no_classes_at_all_is_a_mistake():
    with pytest.raises(ConfigError, match="one or more"):
        score_iou(FULL, FULL, classes=[])
