import numpy as np
import pytest

from volumen.decoding import (
    Argmax,
    Closing,
    FillHoles,
    Hysteresis,
    KeepLarge,
    Opening,
    SeparateInstances,
    StripBorder,
    Threshold,
)
from volumen.errors import ConfigError, ShapeError


def test_a_probability_at_the_threshold_is_foreground():
    probability = np.array([[[0.4, 0.5, 0.6]]], np.float32)

    np.testing.assert_array_equal(Threshold()(probability), [[[False, True, True]]])
    np.testing.assert_array_equal(Threshold(0.6)(probability[None]), [[[False, False, True]]])


def test_weak_voxels_stay_where_they_hang_on_strong_ones():
    probability = np.array([[[0.4, 0.9, 0.4, 0.1, 0.4, 0.6]]], np.float32)

    np.testing.assert_array_equal(Hysteresis(0.3, 0.7)(probability), [[[True, True, True, False, False, False]]])


def test_hysteresis_with_its_bounds_swapped_is_refused():
    with pytest.raises(ConfigError, match="low ≤ high"):
        Hysteresis(0.7, 0.3)


def test_two_classes_give_a_mask_and_more_give_labels(rng):
    probability = rng.random((4, 3, 5, 6), np.float32)

    labels = Argmax()(probability)

    np.testing.assert_array_equal(labels, probability.argmax(0))
    assert labels.dtype == np.uint8
    np.testing.assert_array_equal(Argmax()(probability[:2]), probability[1] > probability[0])


def test_a_step_for_one_channel_refuses_several_and_points_to_argmax(rng):
    with pytest.raises(ShapeError, match="argmax"):
        Threshold()(rng.random((3, 2, 2, 2)))
    with pytest.raises(ShapeError, match="threshold"):
        Argmax()(rng.random((2, 2, 2)))


def test_the_border_is_cleared_at_every_face_of_a_volume_and_of_a_plane():
    assert StripBorder(3)(np.ones((10, 9, 8), bool)).sum() == 4 * 3 * 2
    assert StripBorder(2)(np.full((1, 9, 8), 7, np.uint16)).sum() == 7 * 5 * 4
    assert not StripBorder(3)(np.ones((6, 9, 9), bool)).any()
    assert StripBorder(0)(np.ones((2, 2, 2), bool)).all()


def test_sizes_at_the_boundary():
    bar = np.zeros((3, 3, 102), bool)
    bar[1, 1, 1:101] = True

    assert KeepLarge(100)(bar).sum() == 100
    assert not KeepLarge(101)(bar).any()


def test_closing_of_radius_0_changes_nothing_and_opening_of_radius_1_takes_thin_sheets(winding):
    np.testing.assert_array_equal(Closing(0)(winding), winding)
    assert Opening(1)(winding).sum() < winding.sum()
    assert not Opening(1)(np.broadcast_to(np.arange(8)[:, None, None] // 2 == 2, (8, 9, 9))).any()


def test_filling_holes_leaves_the_inside_of_a_winding_empty(winding):
    np.testing.assert_array_equal(FillHoles(10**6)(winding), winding)


def test_instances_are_numbered_from_one():
    mask = np.zeros((6, 6, 14), bool)
    mask[1:5, 1:5, 1:5] = mask[1:5, 1:5, 8:12] = True

    assert sorted(np.unique(SeparateInstances()(mask))) == [0, 1, 2]
