import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.metrics import adapted_rand_error, variation_of_information

from volumen.metrics import RandScore, VoiScore, score_rand, score_voi
from volumen.morphology import label_components

LABELS = arrays(np.int64, (3, 4, 5), elements=st.integers(0, 3))
WIDE = {"components": False}


@settings(max_examples=60, deadline=None)
@given(LABELS, LABELS)
def test_voi_is_scikit_images(prediction, truth):
    score = score_voi(prediction, truth, **WIDE)

    assert (score.voi_split, score.voi_merge) == pytest.approx(variation_of_information(truth, prediction), abs=1e-12)
    assert score.voi == score.voi_split + score.voi_merge


def test_rand_is_scikit_images_with_precision_and_recall_named_right(prediction, truth):
    error, recall, precision = adapted_rand_error(truth, prediction)

    score = score_rand(prediction, truth)

    assert (score.rand, score.rand_precision, score.rand_recall) == pytest.approx((error, precision, recall))


def test_a_merge_lowers_precision_and_a_split_lowers_recall():
    apart, together = np.array([[[1, 1, 2, 2]]]), np.array([[[3, 3, 3, 3]]])

    # 4 ordered pairs within the two halves, 12 in the whole
    assert score_rand(together, apart) == RandScore(0.5, 1 / 3, 1.0)
    assert score_rand(apart, together) == RandScore(0.5, 1.0, 1 / 3)
    assert score_voi(together, apart) == VoiScore(1.0, 0.0, 1.0)
    assert score_voi(apart, together) == VoiScore(1.0, 1.0, 0.0)


def test_predicted_background_is_one_object_or_many(prediction, truth):
    alone = prediction.copy()
    alone[prediction == 0] = np.arange(100, 100 + (prediction == 0).sum())

    assert score_rand(prediction, truth, background="singletons") == score_rand(alone, truth)
    assert score_rand(prediction, truth) == score_rand(prediction + 1, truth)
    assert score_rand(prediction, truth).rand_precision < score_rand(alone, truth).rand_precision


def test_true_background_is_not_scored_by_rand_and_is_by_voi(truth):
    changed = np.where(truth == 0, 77, truth)

    assert score_rand(changed, truth).rand == 0
    assert score_rand(np.where(truth == 0, 1, truth), truth).rand == 0
    assert score_voi(np.where(truth == 0, 1, truth), truth).voi > 0
    assert score_voi(np.where(truth == 0, 1, truth), truth, ignore=0).voi == 0


@settings(max_examples=40, deadline=None)
@given(LABELS, LABELS, st.permutations(range(4)))
def test_names_of_objects_do_not_matter(prediction, truth, names):
    renamed = np.array(names)[prediction] + 2**40

    assert score_voi(renamed, truth, **WIDE).voi == pytest.approx(score_voi(prediction, truth, **WIDE).voi)
    assert score_rand(renamed, truth, **WIDE) == score_rand(prediction, truth, **WIDE)
    assert score_voi(truth, truth, **WIDE) == VoiScore(0.0, 0.0, 0.0)
    assert score_rand(truth, truth, **WIDE) == RandScore(0.0, 1.0, 1.0)


@settings(max_examples=40, deadline=None)
@given(LABELS, LABELS)
def test_split_and_merge_change_places_with_the_volumes(prediction, truth):
    one, other = score_voi(prediction, truth, **WIDE), score_voi(truth, prediction, **WIDE)

    assert (one.voi_split, one.voi_merge) == pytest.approx((other.voi_merge, other.voi_split))


@settings(max_examples=40, deadline=None)
@given(LABELS, LABELS, LABELS, arrays(bool, (3, 4, 5)))
def test_what_is_ignored_has_no_say(one, other, truth, ignored):
    mixed = np.where(ignored, other, one)

    for score in (score_voi, score_rand):
        assert score(mixed, truth, ignore=ignored) == score(one, truth, ignore=ignored)
        assert score(one, np.where(ignored, 9, truth), ignore=9, **WIDE) == score(one, truth, ignore=ignored, **WIDE)


def test_masks_are_compared_by_their_components(rng):
    one, other = rng.random((8, 9, 10)) < 0.1, rng.random((8, 9, 10)) < 0.1
    objects = label_components(one), label_components(other)

    assert score_voi(one, other) == score_voi(*objects, **WIDE)
    assert score_rand(one.astype(np.uint8), other) == score_rand(*objects, **WIDE)
    assert score_voi(one, other) != score_voi(one, other, components=False)


def test_ignored_voxels_join_no_components():
    truth = np.array([[[1, 2, 1]]])
    prediction = np.array([[[1, 1, 1]]])

    assert score_voi(prediction, truth, ignore=2, components=True).voi == 0
    assert score_rand(prediction, truth, ignore=2, components=True).rand == 0


def test_nothing_to_compare_is_no_mistake():
    empty, full = np.zeros((2, 2, 2), np.uint8), np.full((2, 2, 2), 5, np.uint8)

    assert score_voi(full, full, ignore=5) == VoiScore(0.0, 0.0, 0.0)
    assert score_rand(full, empty) == RandScore(0.0, 1.0, 1.0)
    assert score_rand(np.arange(8).reshape(2, 2, 2), full).rand == 1  # every pair is lost
