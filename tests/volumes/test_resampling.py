import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from volumen.geometry import Box
from volumen.volumes import read_linear, read_nearest, scale_shape


def read_from(array):
    return lambda box: array[(..., *box.slices)]


def resample(array, scale, *, linear=True):
    shape = array.shape[-3:]
    box = Box.whole(scale_shape(shape, scale))
    return (read_linear if linear else read_nearest)(read_from(array), shape, box, scale)


def test_a_scale_of_one_changes_nothing(rng):
    image = rng.random((4, 5, 6), np.float32)
    assert np.array_equal(resample(image, (1.0, 1.0, 1.0)), image)
    assert np.array_equal(resample(image, (1.0, 1.0, 1.0), linear=False), image)


@pytest.mark.parametrize("scale", [2.0, 3.0, 0.5, 1.6, 0.4])
def test_shrinking_and_growing_are_the_antialiased_bilinear_filter(rng, scale):
    image = rng.random((1, 24, 40)).astype(np.float32)
    ours = resample(image, (1.0, scale, scale))
    theirs = torch.nn.functional.interpolate(
        torch.from_numpy(image)[None],
        size=ours.shape[-2:],
        scale_factor=None,
        mode="bilinear",
        antialias=True,
    )
    assert ours.shape[-2:] == (round(24 / scale), round(40 / scale))
    if 24 % scale == 40 % scale == 0 or scale < 1:  # elsewhere the other keeps the ends in place, not the voxel size
        assert np.allclose(ours, theirs[0].numpy(), atol=1e-5)


def test_a_constant_stays_a_constant_up_to_every_face():
    assert np.allclose(resample(np.full((7, 8, 9), 3, np.uint8), (1.7, 0.6, 2.3)), 3)


def test_halving_counts_by_hand():
    line = np.arange(8, dtype=np.float32).reshape(1, 1, 8)
    # one new voxel covers old 2 and 3 (three quarters each over two) and half of their neighbours' quarter
    assert resample(line, (1.0, 1.0, 2.0))[0, 0, 1] == pytest.approx((1 * 0.25 + 2 * 0.75 + 3 * 0.75 + 4 * 0.25) / 2)


def test_a_ramp_keeps_its_slope_where_it_grows():
    ramp = np.arange(10, dtype=np.float32).reshape(10, 1, 1)
    grown = resample(ramp, (0.5, 1.0, 1.0))[:, 0, 0]
    assert np.allclose(np.diff(grown[1:-1]), 0.5)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_a_box_is_the_same_as_that_box_of_the_whole(data):
    scale = tuple(data.draw(st.floats(0.3, 3.5)) for _ in range(3))
    image = np.random.default_rng(1).random((2, 9, 11, 13)).astype(np.float32)
    labels = np.arange(9 * 11 * 13, dtype=np.uint64).reshape(9, 11, 13) + 2**60
    shape = scale_shape((9, 11, 13), scale)
    start = [data.draw(st.integers(0, extent - 1)) for extent in shape]
    stop = [data.draw(st.integers(low + 1, extent)) for low, extent in zip(start, shape, strict=True)]
    box = Box(tuple(start), tuple(stop))
    whole = resample(image, scale)
    assert np.array_equal(read_linear(read_from(image), (9, 11, 13), box, scale), whole[:, *box.slices])
    nearest = read_nearest(read_from(labels), (9, 11, 13), box, scale)
    assert np.array_equal(nearest, resample(labels, scale, linear=False)[box.slices])


def test_ids_beyond_what_a_float_holds_stay_themselves():
    ids = np.array([2**64 - 3, 2**53 + 1, 2**24 + 1, 5], np.uint64).reshape(1, 1, 4)
    grown = resample(ids, (1.0, 1.0, 0.5), linear=False)
    assert grown.dtype == np.uint64
    assert grown[0, 0].tolist() == np.repeat(ids[0, 0], 2).tolist()


def test_labels_of_a_shrunk_volume_are_those_under_the_new_middles():
    labels = np.arange(9, dtype=np.uint8).reshape(1, 1, 9)
    assert resample(labels, (1.0, 1.0, 3.0), linear=False)[0, 0].tolist() == [1, 4, 7]


def test_a_volume_thinner_than_a_new_voxel_keeps_one():
    assert resample(np.full((1, 2, 2), 7, np.uint8), (40.0, 1.0, 1.0)).shape == (1, 2, 2)


def test_reading_touches_only_what_counts():
    asked = []

    def read(box):
        asked.append(box)
        return np.zeros(box.shape, np.uint8)

    read_linear(read, (100, 100, 100), Box((10, 10, 10), (12, 12, 12)), (2.0, 1.0, 0.5))
    assert asked == [Box((19, 10, 4), (25, 12, 7))]
