import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from volumen.morphology import label_components, relabel, separate_by_watershed


def draw_balls(shape, *balls):
    """Truth with one label a ball, the nearer centre first, and the mask of them all."""
    grid = np.indices(shape)
    gaps = np.stack(
        [np.sqrt(((grid - np.reshape(centre, (3, 1, 1, 1))) ** 2).sum(0)) - radius for *centre, radius in balls]
    )
    mask = gaps.min(0) <= 0
    return np.where(mask, gaps.argmin(0) + 1, 0), mask


def test_two_balls_that_touch_become_two_objects():
    truth, mask = draw_balls((20, 20, 32), (10, 10, 9, 7.2), (10, 10, 21, 7.2))
    assert label_components(mask).max() == 1

    objects = separate_by_watershed(mask)

    assert objects.max() == 2
    assert ((objects > 0) == mask).all()
    assert (objects[truth > 0] == truth[truth > 0]).mean() > 0.99


@settings(max_examples=15, deadline=None)
@given(st.lists(st.floats(2.5, 4.4), min_size=1, max_size=4))
def test_objects_that_do_not_touch_come_back_as_they_are(radii):
    truth, mask = draw_balls((12, 12, 48), *[(6, 6, 6 + 12 * place, radius) for place, radius in enumerate(radii)])

    np.testing.assert_array_equal(separate_by_watershed(mask), truth)


@pytest.mark.parametrize("thickness", [2, 3, 5])
def test_a_wavy_sheet_is_one_object_whatever_its_ripples(thickness):
    z, y, x = np.indices((24, 40, 40))
    mask = np.abs(z - 12 - 4 * np.sin(y / 6) - 2 * np.cos(x / 5)) < thickness / 2

    np.testing.assert_array_equal(separate_by_watershed(mask), label_components(mask))


def test_depth_says_how_deep_a_neck_must_be():
    _, mask = draw_balls((20, 20, 32), (10, 10, 10, 7), (10, 10, 20, 7))

    assert separate_by_watershed(mask, depth=1).max() == 2
    assert separate_by_watershed(mask, depth=5).max() == 1


def test_sampling_gives_the_depth_its_unit():
    _, mask = draw_balls((20, 20, 32), (10, 10, 10, 7), (10, 10, 20, 7))

    assert separate_by_watershed(mask, depth=40, sampling=(40, 40, 40)).max() == 2
    assert separate_by_watershed(mask, depth=200, sampling=(40, 40, 40)).max() == 1


@pytest.mark.parametrize("shape", [(4, 4, 4), (1, 5, 5)])
@pytest.mark.parametrize("fill", [False, True])
def test_empty_and_full_masks_give_none_and_one(shape, fill):
    assert separate_by_watershed(np.full(shape, fill)).max() == int(fill)


def test_the_result_is_numbered_without_gaps(noise):
    objects = separate_by_watershed(noise)

    np.testing.assert_array_equal(relabel(objects), objects)
