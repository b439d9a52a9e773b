import numpy as np
import pytest
from scipy import ndimage

from volumen.morphology import find_near, list_steps, measure_distance


def test_distances_are_scipys_with_anisotropic_voxels(noise):
    expected = ndimage.distance_transform_edt(~noise, sampling=(3, 2, 1.5))

    np.testing.assert_allclose(measure_distance(~noise, (3, 2, 1.5)), expected, rtol=1e-6)


def test_axes_in_any_memory_order_give_the_same():
    mask = np.zeros((4, 5, 6), bool)
    mask[1:3, 2:4, 1:] = True

    np.testing.assert_array_equal(
        measure_distance(np.asfortranarray(mask), (3, 2, 1)), measure_distance(mask, (3, 2, 1))
    )


def test_without_background_the_distance_is_infinite():
    assert np.isinf(measure_distance(np.ones((2, 3, 4), bool))).all()


@pytest.mark.parametrize("radius", [0, 1, 1.5, 2, 3])
@pytest.mark.parametrize("sampling", [(1, 1, 1), (3, 2, 1.5), (0.1, 0.1, 0.1)])
def test_steps_lead_to_all_voxels_that_are_near(radius, sampling):
    limit = radius * min(sampling)
    mask = np.zeros((9, 9, 9), bool)
    mask[4, 4, 4] = True

    steps = list_steps(limit, sampling)

    reached = np.zeros_like(mask)
    reached[tuple((steps + 4).T)] = True
    np.testing.assert_array_equal(reached, find_near(mask, limit, sampling))
    lengths = np.linalg.norm(steps * np.array(sampling), axis=1)
    assert (np.diff(lengths) >= 0).all()


def test_a_ball_of_two_voxels_has_33_steps():
    assert len(list_steps(2)) == 33
