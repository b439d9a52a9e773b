import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from volumen.morphology import count_cavities, fill_holes

MASKS = arrays(bool, st.tuples(*[st.integers(2, 6)] * 3))
ALL = 10**9


def hollow_box(*hole: int) -> np.ndarray:
    """A solid box with one hole of the given extents inside."""
    mask = np.zeros([extent + 4 for extent in hole], bool)
    mask[1:-1, 1:-1, 1:-1] = True
    mask[2:-2, 2:-2, 2:-2] = False
    return mask


@settings(max_examples=60, deadline=None)
@given(MASKS)
def test_every_hole_filled_is_what_scipy_fills(mask):
    np.testing.assert_array_equal(fill_holes(mask, ALL), ndimage.binary_fill_holes(mask))


def test_a_hole_of_exactly_the_size_stays_open_and_one_voxel_less_is_filled():
    mask = hollow_box(2, 5, 5)

    np.testing.assert_array_equal(fill_holes(mask, 50), mask)
    assert count_cavities(fill_holes(mask, 51)) == 0
    assert fill_holes(mask, 51).sum() == mask.sum() + 50


def test_the_inside_of_a_closed_winding_stays_empty(winding):
    # slice by slice the ring would be full: the bug of the toolkit this replaces
    assert ndimage.binary_fill_holes(winding[0]).sum() > winding[0].sum()

    np.testing.assert_array_equal(fill_holes(winding, ALL), winding)
    assert count_cavities(winding) == 0


def test_a_hole_that_leaks_through_a_diagonal_is_shut_for_26_and_open_for_6():
    mask = hollow_box(1, 1, 1)
    mask[1, 1, 2] = False  # an edge of the wall: touches the hole along an edge only

    assert count_cavities(mask, 26) == count_cavities(mask, 18) == 1
    assert count_cavities(mask, 6) == 0


def test_a_ring_in_a_single_plane_has_a_hole():
    mask = np.zeros((1, 5, 5), bool)
    mask[0, 1:4, 1:4] = True
    mask[0, 2, 2] = False

    assert count_cavities(mask) == 1
    assert fill_holes(mask, 2)[0, 2, 2]
    assert not fill_holes(mask, 2)[0, 0, 0]


def test_a_lone_voxel_of_background_is_no_hole():
    assert count_cavities(np.zeros((1, 1, 1), bool)) == 0
