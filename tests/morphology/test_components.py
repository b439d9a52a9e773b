import numpy as np
import pytest
from scipy import ndimage

from volumen.errors import DataError
from volumen.morphology import (
    count_cavities,
    count_components,
    keep_large,
    keep_marked,
    label_components,
    measure_components,
    relabel,
)
from volumen.morphology.components import require_mask

RANKS = {6: 1, 18: 2, 26: 3}


def place_bars(*lengths: int) -> np.ndarray:
    """One bar a row, far enough apart to be components of their own."""
    mask = np.zeros((3, 2 * len(lengths), max(lengths) + 2), bool)
    for row, length in enumerate(lengths):
        mask[1, 2 * row, 1 : 1 + length] = True
    return mask


@pytest.mark.parametrize("connectivity", [6, 18, 26])
def test_components_are_those_of_scipy_number_for_number(noise, connectivity):
    expected, count = ndimage.label(noise, ndimage.generate_binary_structure(3, RANKS[connectivity]))

    np.testing.assert_array_equal(label_components(noise, connectivity), expected)
    assert count_components(noise, connectivity) == count
    np.testing.assert_array_equal(measure_components(noise, connectivity), np.bincount(expected.ravel())[1:])


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 5, 5), (3, 3, 3), (5, 4, 7)])
def test_scattered_voxels_are_all_found(shape):
    # cc3d's own count of a mask fails here
    z, y, x = np.indices(shape)
    mask = (z % 2 == 0) & (y % 2 == 0) & (x % 2 == 0)

    assert count_components(mask) == mask.sum()
    assert label_components(mask).shape == shape


def test_voxels_that_share_a_corner_are_one_component_of_26_and_two_of_18():
    mask = np.zeros((2, 2, 2), bool)
    mask[0, 0, 0] = mask[1, 1, 1] = True

    assert [count_components(mask, connectivity) for connectivity in (6, 18, 26)] == [2, 2, 1]


def test_touching_labels_are_components_of_their_own():
    labels = np.array([[[1, 1, 2, 2, 0, 1]]], np.uint16)

    np.testing.assert_array_equal(label_components(labels), [[[1, 1, 2, 2, 0, 3]]])


def test_a_component_of_exactly_the_size_stays_and_one_voxel_less_goes():
    # scikit-image 0.26 changed this under users' feet: its remove_small_objects(min_size=5) drops objects of 5
    mask = place_bars(4, 5, 6)

    kept = keep_large(mask, 5)

    assert measure_components(kept).tolist() == [5, 6]
    assert kept.dtype == bool


def test_small_pieces_of_labels_go_and_the_rest_keep_their_ids():
    labels = np.array([[[7, 7, 7, 9, 0, 7, 0, 8, 8]]], np.uint32)

    np.testing.assert_array_equal(keep_large(labels, 2), [[[7, 7, 7, 0, 0, 0, 0, 8, 8]]])


def test_keeping_from_size_one_changes_nothing(noise):
    np.testing.assert_array_equal(keep_large(noise, 1), noise)
    np.testing.assert_array_equal(keep_large(noise, 0), noise)


def test_marked_components_are_kept_whole():
    mask = place_bars(3, 4)
    marks = np.zeros_like(mask)
    marks[1, 0, 2] = marks[0, 0, 0] = True  # one on the first bar, one in the background

    assert measure_components(keep_marked(mask, marks)).tolist() == [3]


def test_renumbered_labels_keep_their_order_even_near_the_end_of_64_bits():
    labels = np.array([[[0, 2**64 - 1, 5], [2**63, 5, 0]]], np.uint64)

    renumbered = relabel(labels)

    np.testing.assert_array_equal(renumbered, [[[0, 3, 1], [2, 1, 0]]])
    assert renumbered.dtype == np.uint8


def test_labels_without_background_are_numbered_from_one():
    np.testing.assert_array_equal(relabel(np.array([[[4, 9]]])), [[[1, 2]]])


def test_negative_labels_are_refused():
    with pytest.raises(DataError, match="lowest is -3"):
        relabel(np.array([[[0, -3]]]))


@pytest.mark.parametrize("fill", [False, True])
def test_empty_and_full_masks_are_no_special_case(fill):
    mask = np.full((3, 4, 5), fill)

    assert count_components(mask) == int(fill)
    assert count_cavities(mask) == 0
    np.testing.assert_array_equal(keep_large(mask, 60), mask)


@pytest.mark.parametrize("wrong", [np.zeros((2, 2, 2), np.uint8), np.zeros((2, 2), bool)])
def test_what_is_no_mask_is_refused(wrong):
    with pytest.raises(DataError, match="a mask is boolean"):
        require_mask(wrong)
