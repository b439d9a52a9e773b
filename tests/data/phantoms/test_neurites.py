"""Neurites fill space and each label is one piece."""

import numpy as np
import pytest

from volumen.data.phantoms.neurites import DUST, STEP, draw_walks, fill_space, number_pieces
from volumen.geometry import VoxelSize


def test_points_of_a_branch_follow_each_other(rng):
    walks = draw_walks(rng, (900.0, 600.0, 600.0))
    steps = np.linalg.norm(np.diff(walks.point, axis=0), axis=1)
    same = np.diff(walks.branch) == 0
    np.testing.assert_allclose(steps[same], STEP, rtol=1e-3)


def test_a_trace_stays_on_its_branch(rng):
    walks = draw_walks(rng, (900.0, 600.0, 600.0))
    last = int(np.flatnonzero(walks.branch == 0)[-1])
    trace = walks.trace(last, 3)
    np.testing.assert_array_equal(trace, walks.point[last - 3 : last + 1])


def test_every_voxel_belongs_to_a_neurite(rng):
    walks = draw_walks(rng, (480.0, 256.0, 256.0))
    filled = fill_space(rng, walks, shape=(16, 32, 32), voxel_size=VoxelSize(30.0, 8.0, 8.0))
    assert np.isin(filled, walks.neurite).all()


def test_pieces_that_do_not_touch_get_numbers_of_their_own():
    labels = np.full((8, 8, 24), 5)
    labels[..., 8:16] = 9
    pieces = number_pieces(labels)
    assert np.unique(pieces).tolist() == [1, 2, 3]
    assert all(len(np.unique(pieces[..., 8 * k : 8 * k + 8])) == 1 for k in range(3))


def test_dust_joins_its_surroundings():
    labels = np.ones((8, 8, 8), int)
    labels[3:6, 3:6, 3:6] = 2
    assert DUST > 27
    assert (number_pieces(labels) == 1).all()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_numbered_pieces_leave_no_dust_and_no_gap(seed):
    labels = np.random.default_rng(seed).integers(1, 3, (4, 4, 4)).repeat(4, 0).repeat(4, 1).repeat(4, 2)
    sizes = np.bincount(number_pieces(labels).ravel())
    assert sizes[0] == 0
    assert sizes[1:].min() >= DUST
