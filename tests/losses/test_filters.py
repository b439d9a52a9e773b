import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from volumen.losses.filters import smooth_gaussian


def test_a_weighted_mean_is_the_quotient_of_two_filters(rng):
    values, weight = (torch.from_numpy(rng.random((1, 1, 9, 10, 11)).astype(np.float32)) for _ in range(2))
    options = {"sigma": 1.5, "radius": 5, "mode": "constant"}
    above, below = (gaussian_filter(array[0, 0].numpy(), **options) for array in (values * weight, weight))
    assert smooth_gaussian(values, weight, 1.5)[0, 0].numpy() == pytest.approx(above / below, rel=1e-4)


def test_a_constant_stays_as_it_is_up_to_every_face():
    values, weight = torch.full((1, 2, 1, 5, 6), 3.0), torch.ones(1, 1, 1, 5, 6)
    torch.testing.assert_close(smooth_gaussian(values, weight, 2.0), values)


def test_voxels_without_weight_have_no_say():
    values, weight = torch.ones(1, 1, 5, 5, 5), torch.ones(1, 1, 5, 5, 5)
    values[..., 2:], weight[..., 2:] = 1e6, 0
    torch.testing.assert_close(smooth_gaussian(values, weight, 1.0)[..., :2], torch.ones(1, 1, 5, 5, 2))
