"""Vesicle phantoms: large round instances in cells, labelled where somebody looked."""

import numpy as np
import pytest
from scipy.ndimage import find_objects, label

from volumen.data.phantoms.neurons import VOXEL_SIZE
from volumen.data.phantoms.vesicles import RADII, VesiclesPhantom, make_vesicles


@pytest.fixture(scope="module")
def phantom() -> VesiclesPhantom:
    return make_vesicles((16, 80, 80), 2)


def test_the_same_seed_gives_the_same_bytes(phantom):
    again = make_vesicles((16, 80, 80), 2)
    assert again.image.tobytes() == phantom.image.tobytes()
    assert again.vesicles.tobytes() == phantom.vesicles.tobytes()
    assert again.mask.tobytes() == phantom.mask.tobytes()


def test_vesicles_are_separate_and_no_wider_than_they_may_be(phantom):
    assert phantom.vesicles.max() >= 3
    longest = 2 * RADII[1] / VOXEL_SIZE.x + 2
    for number, box in enumerate(find_objects(phantom.vesicles), start=1):
        assert label(phantom.vesicles[box] == number)[1] == 1
        assert max(box[1].stop - box[1].start, box[2].stop - box[2].start) <= longest


def test_the_mask_leaves_some_of_the_volume_out(phantom):
    assert set(np.unique(phantom.mask)) == {0, 1}
    assert phantom.mask.mean() > 0.6
    assert phantom.voxel_size == VOXEL_SIZE


def test_the_smallest_phantom_can_be_made():
    assert make_vesicles(16, 0).image.shape == (16, 16, 16)
