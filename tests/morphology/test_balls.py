import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from volumen.errors import ShapeError
from volumen.morphology import close_ball, dilate_ball, erode_ball, open_ball

MASKS = arrays(bool, st.tuples(*[st.integers(1, 6)] * 3))
RADII = st.sampled_from([0, 1, 1.5, 2, 3])


def draw_ball(radius: float) -> np.ndarray:
    reach = int(radius)
    z, y, x = np.indices([2 * reach + 1] * 3) - reach
    return z**2 + y**2 + x**2 <= radius**2


@settings(max_examples=30, deadline=None)
@given(MASKS, RADII)
def test_closing_is_scipys_on_a_volume_that_goes_on_past_its_faces(mask, radius):
    pad = 2 * int(np.ceil(radius))
    padded = np.pad(mask, 2 * pad, mode="edge")
    expected = ndimage.binary_closing(padded, draw_ball(radius))
    inside = tuple(slice(2 * pad, 2 * pad + extent) for extent in mask.shape)

    np.testing.assert_array_equal(close_ball(mask, radius), expected[inside])


@settings(max_examples=30, deadline=None)
@given(MASKS, RADII)
def test_closing_only_adds_opening_only_takes_and_they_mirror_each_other(mask, radius):
    closed, opened = close_ball(mask, radius), open_ball(mask, radius)

    assert not (mask & ~closed).any()
    assert not (opened & ~mask).any()
    np.testing.assert_array_equal(opened, ~close_ball(~mask, radius))
    assert not (mask & ~dilate_ball(mask, radius)).any()
    assert not (erode_ball(mask, radius) & ~mask).any()


def test_a_sheet_that_leaves_the_volume_keeps_its_edge():
    mask = np.zeros((9, 12, 12), bool)
    mask[3:7] = True

    np.testing.assert_array_equal(close_ball(mask, 2), mask)
    np.testing.assert_array_equal(open_ball(mask, 1), mask)


def test_closing_does_not_glue_a_sheet_to_the_face_beside_it():
    mask = np.zeros((9, 12, 12), bool)
    mask[1:3] = True

    np.testing.assert_array_equal(close_ball(mask, 3), mask)


def test_closing_fills_what_a_ball_cannot_enter_and_opening_takes_where_none_fits():
    plates = np.zeros((9, 12, 12), bool)
    plates[2:4] = plates[5:7] = True

    filled = close_ball(plates, 1)

    assert filled[2:7].all()
    assert filled.sum() == 5 * 12 * 12
    assert not open_ball(plates, 1).any()  # sheets of two voxels are gone: why opening is never a default


def test_a_large_radius_reaches_far():
    plates = np.zeros((34, 6, 6), bool)
    plates[5] = plates[29] = True

    assert close_ball(plates, 15)[5:30].all()
    assert close_ball(plates, 11).sum() == plates.sum()


def test_a_radius_below_zero_is_refused():
    with pytest.raises(ShapeError, match="radius"):
        close_ball(np.zeros((2, 2, 2), bool), -1)
