import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.morphology import skeletonize

from volumen.metrics import BettiScore, ClDiceScore, score_betti, score_cldice
from volumen.morphology import Topology

MASKS = arrays(bool, (4, 5, 6))


def draw_tubes(*rows: int, gap: slice = np.s_[0:0]) -> np.ndarray:
    """Straight tubes of 3 × 3 voxels along x, in one of three rows each."""
    mask = np.zeros((7, 18, 24), bool)
    for row in rows:
        mask[2:5, 6 * row + 2 : 6 * row + 5, 1:-1] = True
    mask[:, :, gap] = False
    return mask


def test_betti_numbers_of_both_sides_and_their_differences():
    truth = np.zeros((5, 5, 12), bool)
    truth[1:4, 1:4, 1:4] = True
    truth[2, 2, 2] = False  # a cavity
    prediction = truth.copy()
    prediction[2, 2, 1:3] = True  # filled
    prediction[2, 1:4, 7:10] = True
    prediction[2, 2, 8] = False  # a ring

    score = score_betti(prediction, truth)

    assert score == BettiScore(betti=3, predicted=Topology(2, 1, 0), true=Topology(1, 0, 1))
    assert score.flatten() == {
        "betti": 3,
        "betti_0": 1,
        "betti_0_predicted": 2,
        "betti_0_true": 1,
        "betti_1": 1,
        "betti_1_predicted": 1,
        "betti_1_true": 0,
        "betti_2": 1,
        "betti_2_predicted": 0,
        "betti_2_true": 1,
    }


def test_voxels_that_share_a_corner_are_one_or_two():
    truth = np.zeros((2, 2, 2), bool)
    truth[0, 0, 0] = truth[1, 1, 1] = True

    assert score_betti(truth, truth).true.components == 1
    assert score_betti(truth, truth, connectivity=6).true.components == 2


@settings(max_examples=30, deadline=None)
@given(MASKS, MASKS, MASKS, st.sampled_from([6, 26]))
def test_betti_errors_are_symmetric_0_for_itself_and_deaf_to_what_is_ignored(one, other, ignored, connectivity):
    score = score_betti(one, other, connectivity=connectivity)

    assert score_betti(one, one, connectivity=connectivity).betti == 0
    assert score_betti(other, one, connectivity=connectivity).betti == score.betti
    assert score_betti(one ^ ignored, other, ignore=ignored) == score_betti(one, other, ignore=ignored)


def test_a_false_branch_costs_precision_and_a_gap_recall():
    truth, more, less = draw_tubes(0), draw_tubes(0, 1), draw_tubes(0, gap=np.s_[8:16])

    exact, branch, gap = (score_cldice(mask, truth) for mask in (truth, more, less))

    assert exact == ClDiceScore(1.0, 1.0, 1.0)
    assert branch.cldice_recall == gap.cldice_precision == 1.0
    assert branch.cldice_precision == pytest.approx(0.5)
    assert 0.5 < gap.cldice_recall < 0.7
    assert gap.cldice == pytest.approx(2 * gap.cldice_recall / (1 + gap.cldice_recall))


def test_cldice_is_that_of_the_paper_on_another_skeleton():
    # of tubes of odd thickness scikit-image's curves are nearly the same
    truth, prediction = draw_tubes(0, 1, 2), draw_tubes(0, 1, gap=np.s_[10:14])
    prediction[2:5, 14:17, 1:9] = True
    skeletons = [skeletonize(mask, method="lee") > 0 for mask in (prediction, truth)]
    precision = (skeletons[0] & truth).sum() / skeletons[0].sum()
    recall = (skeletons[1] & prediction).sum() / skeletons[1].sum()

    expected = 2 * precision * recall / (precision + recall)

    assert 0.7 < expected < 0.95
    assert score_cldice(prediction, truth).cldice == pytest.approx(expected, abs=0.02)


def test_of_sheets_the_medial_surface_tells_what_curves_do_not():
    sheet = np.zeros((9, 30, 30), bool)
    sheet[3:6] = True
    half = sheet.copy()
    half[:, 15:] = False

    by_surface = score_cldice(half, sheet, skeleton="surface")

    assert by_surface.cldice_precision == 1.0
    assert by_surface.cldice_recall == pytest.approx(0.5, abs=0.05)


@settings(max_examples=30, deadline=None)
@given(MASKS, MASKS, MASKS, st.sampled_from(["curves", "surface"]))
def test_cldice_is_1_for_itself_symmetric_and_deaf_to_what_is_ignored(one, other, ignored, skeleton):
    score = score_cldice(one, other, skeleton=skeleton)
    back = score_cldice(other, one, skeleton=skeleton)

    assert score_cldice(one, one, skeleton=skeleton).cldice == 1.0
    assert back.cldice == pytest.approx(score.cldice)
    assert (back.cldice_precision, back.cldice_recall) == (score.cldice_recall, score.cldice_precision)
    assert score_cldice(one ^ ignored, other, ignore=ignored) == score_cldice(one, other, ignore=ignored)


def test_empty_against_empty_is_right_and_against_anything_wrong():
    empty, tube = draw_tubes(), draw_tubes(0)

    assert score_cldice(empty, empty) == ClDiceScore(1.0, 1.0, 1.0)
    assert score_cldice(empty, tube) == score_cldice(tube, empty) == ClDiceScore(0.0, 0.0, 0.0)


def test_volumes_are_read_by_boxes(make_volume):
    one, other = draw_tubes(0, 1), draw_tubes(0, 1, gap=np.s_[5:9])

    assert score_cldice(make_volume(one), make_volume(other)) == score_cldice(one, other)
    assert score_betti(make_volume(one), make_volume(other)) == score_betti(one, other)
