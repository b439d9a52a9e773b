import numpy as np
from scipy import ndimage

from volumen.morphology import measure_distance


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
