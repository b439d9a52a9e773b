"""Organelles stay inside their neurite and apart from each other."""

import numpy as np
import pytest

from volumen.data.phantoms.neurites import Walks
from volumen.data.phantoms.organelles import Inside, place_mitochondria, place_vesicles
from volumen.geometry import VoxelSize


@pytest.fixture
def inside() -> Inside:
    """One straight neurite 440 nm wide along x, with 10 nm voxels; its neighbour above."""
    steps = np.arange(40, dtype=np.float32) * 20
    point = np.stack([np.full(40, 240), np.full(40, 240), steps], axis=1).astype(np.float32)
    ones = np.ones(40, np.int64)
    neurites = np.ones((48, 48, 80), np.int64)
    neurites[46:] = 2
    wall = np.minimum(np.arange(48), 46 - np.arange(48)).clip(0)[:, None, None] * 10.0
    return Inside(
        Walks(point, np.full(40, 220, np.float32), ones, ones * 0),
        neurites,
        np.broadcast_to(wall, neurites.shape).astype(np.float32),
        VoxelSize(10.0, 10.0, 10.0),
    )


def test_room_is_the_distance_to_the_membrane_and_none_elsewhere(inside):
    place = np.array([[105, 240, 240], [465, 240, 240], [-5, 240, 240]], float)
    assert inside.measure_room(place, np.array([1, 1, 1])).tolist() == [100, 0, 0]


def test_mitochondria_lie_in_their_neurite_clear_of_the_membrane(rng, inside):
    placed = place_mitochondria(rng, inside)
    assert placed.labels.max() >= 1
    assert (inside.neurites[placed.labels > 0] == 1).all()
    assert (inside.wall[placed.labels > 0] > 0).all()
    assert (placed.depth[placed.labels > 0] > 0).all()


def test_vesicles_do_not_touch_each_other_nor_what_is_taken(rng, inside):
    mitochondria = place_mitochondria(rng, inside).labels
    vesicles = place_vesicles(rng, inside, taken=mitochondria).labels
    assert vesicles.max() >= 3
    assert not vesicles[mitochondria > 0].any()
    for axis in range(3):
        low, high = np.moveaxis(vesicles, axis, 0)[:-1], np.moveaxis(vesicles, axis, 0)[1:]
        assert not ((low != high) & (low > 0) & (high > 0)).any()
