"""Against SciPy's map_coordinates, for every way in which places can hang together."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from volumen.data.augmentation.resampling import lay_grid, lie_outside, sample_linear, sample_nearest

SHAPE = (5, 6, 7)
CPU = torch.device("cpu")


def bend(which):
    z, y, x = lay_grid(SHAPE, CPU)
    return {
        "still": (z, y, x),
        "stretched": (1.3 * z, 0.8 * y + 0.4, 2.1 * x),
        "turned in plane": (z, 0.8 * y + 0.6 * x, 0.8 * x - 0.6 * y),
        "turned about y": (0.8 * z + 0.6 * x, y - 1, 0.8 * x - 0.6 * z),
        "turned about x": (0.8 * z + 0.6 * y, 0.8 * y - 0.6 * z, 1.1 * x),
        "slipped": (z, y + 0.5 * z, x - z),
        "turned": (0.9 * z + 0.3 * y, y - 0.3 * x + 0.1 * z, x + 0.4 * z),
        "far away": (4.5 * z, 0.5 * y * x, 3 * x + 9 * z),
    }[which]


WAYS = ["still", "stretched", "turned in plane", "turned about y", "turned about x", "slipped", "turned", "far away"]


def to_indices(places):
    middle = [(extent - 1) / 2 for extent in SHAPE]
    return np.stack([np.broadcast_to(place.numpy() + half, SHAPE) for place, half in zip(places, middle, strict=True)])


@pytest.mark.parametrize("way", WAYS)
def test_values_between_voxels_are_those_of_scipy(way):
    image = torch.rand(2, *SHAPE)
    ours = sample_linear(image, bend(way)).numpy()
    theirs = [ndimage.map_coordinates(each, to_indices(bend(way)), order=1, mode="mirror") for each in image.numpy()]
    np.testing.assert_allclose(ours, theirs, atol=2e-5)


@pytest.mark.parametrize("way", WAYS)
def test_the_nearest_voxel_is_that_of_scipy(way):
    labels = torch.arange(210).view(1, *SHAPE)
    z, y, x = bend(way)
    places = (z + 1e-3, y + 2e-3, x + 3e-3)  # off the middle between two voxels, which either may have
    theirs = ndimage.map_coordinates(labels[0].numpy(), to_indices(places), order=0, mode="nearest")
    assert np.array_equal(sample_nearest(labels, places)[0].numpy(), theirs)


@pytest.mark.parametrize("way", WAYS)
def test_places_outside_are_those_whose_nearest_voxel_there_is_not(way):
    indices = to_indices(bend(way)).round().astype(int)
    outside = [(index < 0) | (index >= extent) for index, extent in zip(indices, SHAPE, strict=True)]
    found = lie_outside(bend(way), SHAPE).expand(SHAPE).numpy()
    doubtful = (np.abs(to_indices(bend(way)) % 1 - 0.5) < 1e-4).any(0)
    assert np.array_equal(found[~doubtful], np.any(outside, 0)[~doubtful])


def test_a_still_image_comes_back_bit_for_bit():
    image = torch.rand(1, *SHAPE)
    assert torch.equal(sample_linear(image, lay_grid(SHAPE, CPU)), image)


def test_axes_of_one_voxel_have_one_value():
    image = torch.arange(3.0).view(1, 3, 1, 1)
    z, y, x = lay_grid((3, 1, 1), CPU)
    assert torch.equal(sample_linear(image, (z, y + 5, x - 7)), image)
