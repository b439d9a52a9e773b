import numpy as np
import pytest

from volumen.decoding import Argmax, DistanceMask, HeadMap, Hysteresis, Threshold
from volumen.errors import ConfigError, DataError, ShapeError
from volumen.geometry import VoxelSize
from volumen.heads import HeadSpec, LengthSpec


def read(step, values, lengths=None, voxel_size=None):
    values = values if values.ndim == 4 else values[None]
    return step({"head": HeadMap(values, HeadSpec("ink", len(values), lengths=lengths), voxel_size)})


def test_a_probability_at_the_threshold_is_foreground():
    probability = np.array([[[0.4, 0.5, 0.6]]], np.float32)

    np.testing.assert_array_equal(read(Threshold(), probability), [[[False, True, True]]])
    np.testing.assert_array_equal(read(Threshold(0.6), probability), [[[False, False, True]]])


def test_weak_voxels_stay_where_they_hang_on_strong_ones():
    probability = np.array([[[0.4, 0.9, 0.4, 0.1, 0.4, 0.6]]], np.float32)

    np.testing.assert_array_equal(read(Hysteresis(0.3, 0.7), probability), [[[True, True, True, False, False, False]]])


def test_hysteresis_with_its_bounds_swapped_is_refused():
    with pytest.raises(ConfigError, match="low ≤ high"):
        Hysteresis(0.7, 0.3)


def test_two_classes_give_a_mask_and_more_give_labels(rng):
    probability = rng.random((4, 3, 5, 6), np.float32)

    labels = read(Argmax(), probability)

    np.testing.assert_array_equal(labels, probability.argmax(0))
    assert labels.dtype == np.uint8
    np.testing.assert_array_equal(read(Argmax(), probability[:2]), probability[1] > probability[0])


def test_a_step_for_one_channel_refuses_several_and_points_to_argmax(rng):
    with pytest.raises(ShapeError, match="argmax"):
        read(Threshold(), rng.random((3, 2, 2, 2)))
    with pytest.raises(ShapeError, match="threshold"):
        read(Argmax(), rng.random((2, 2, 2)))


def test_a_mask_is_what_lies_inside_by_the_units_of_the_head():
    signed = np.array([[[-2.5, -0.5, 0.5, 1.5]]], np.float32)

    np.testing.assert_array_equal(read(DistanceMask(), signed, LengthSpec(side="signed")), signed < 0)
    np.testing.assert_array_equal(read(DistanceMask(level=2), signed, LengthSpec(side="signed")), signed < -2)
    np.testing.assert_array_equal(read(DistanceMask(level=-10), signed, LengthSpec("nm", 8.0, "signed")), signed < 1.2)
    np.testing.assert_array_equal(read(DistanceMask(), -signed, LengthSpec(side="inside")), signed < 0)


def test_distances_outside_are_0_in_objects():
    outside = np.array([[[0, 0, 0.9, 2]]], np.float32)
    nm = LengthSpec("nm", 8.0, "outside")

    np.testing.assert_array_equal(read(DistanceMask(), outside, LengthSpec(side="outside")), outside == 0)
    np.testing.assert_array_equal(read(DistanceMask(), outside, nm, VoxelSize(30, 8, 8)), outside == 0)
    with pytest.raises(DataError, match="gives nm, and the prediction has no voxel size"):
        read(DistanceMask(), outside, nm)
