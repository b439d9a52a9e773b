import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from volumen.errors import DataError
from volumen.morphology import label_components, trace_centrelines

SAMPLINGS = [(1.0, 1.0, 1.0), (5.0, 2.0, 2.0), (1.0, 3.0, 2.0)]


def draw_tube(extent, one, other, radius, sampling=(1, 1, 1)) -> np.ndarray:
    """Voxels of a volume of a physical extent whose centres lie within a radius of a straight line."""
    shape = np.ceil(np.array(extent) / sampling).astype(int)
    centres = (np.stack(np.indices(shape), axis=-1) + 0.5) * sampling
    line = np.array(other, float) - one
    along = np.clip((centres - one) @ line / (line @ line), 0, 1)
    return (np.linalg.norm(centres - one - along[..., None] * line, axis=-1) <= radius).astype(np.uint8)


def measure_length(lines) -> float:
    return float(np.linalg.norm(lines.points[lines.edges[:, 0]] - lines.points[lines.edges[:, 1]], axis=1).sum())


def count_ends(lines) -> int:
    return int((np.bincount(lines.edges.ravel(), minlength=len(lines.points)) == 1).sum())


def count_trees(lines) -> int:
    """Points less edges: that many trees, when there are no loops."""
    return len(lines.points) - len(lines.edges)


def test_a_row_of_voxels_is_followed_from_centre_to_centre():
    labels = np.zeros((3, 3, 12), np.int64)
    labels[1, 1, 1:11] = 7

    lines = trace_centrelines(labels, (30, 8, 8))

    assert measure_length(lines) == pytest.approx(9 * 8)
    assert sorted(lines.points[:, 2].tolist()) == [8 * (place + 0.5) for place in range(1, 11)]
    assert set(lines.points[:, 0]) == {45.0}
    assert set(lines.labels.tolist()) == {7}


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("turned", [(0, 1, 2), (1, 2, 0), (2, 0, 1)])
def test_a_straight_tube_has_its_length(sampling, turned):
    one, other = (np.array([[10, 10, 8], [10, 10, 72]])[:, turned]).astype(float)
    labels = draw_tube(np.array([20, 20, 80])[list(turned)], one, other, 5, sampling)

    lines = trace_centrelines(labels, sampling, constant=3)  # voxels as long as the tube is thick make it bumpy

    # from one round end to the other: 64 and two radii of 5, less up to a voxel at either end
    assert 74 - 2 * max(sampling) <= measure_length(lines) <= 75
    assert count_ends(lines) == 2


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("other", [(40, 48, 55), (12, 30, 55), (45, 14, 50)])
def test_a_slanting_tube_has_its_length_within_four_percent(sampling, other):
    one, radius = (8, 8, 8), 5
    labels = draw_tube((52, 56, 64), one, other, radius, sampling)

    lines = trace_centrelines(labels, sampling)

    length = np.linalg.norm(np.subtract(other, one)) + 2 * radius
    assert measure_length(lines) == pytest.approx(length, rel=0.04, abs=max(sampling))
    assert count_ends(lines) == 2


def test_points_keep_to_the_middle_of_a_tube():
    labels = draw_tube((30, 60, 60), (15, 10, 10), (15, 50, 50), 6)
    lines = trace_centrelines(labels)

    along = (lines.points[:, 1] + lines.points[:, 2]) / 2
    inner = lines.points[(along > 14) & (along < 46)]
    off = np.hypot(inner[:, 0] - 15, (inner[:, 1] - inner[:, 2]) / np.sqrt(2))
    assert off.max() < 1.5


def test_a_fork_has_three_ends():
    parts = [draw_tube((50, 50, 50), (25, 25, 25), end, 3) for end in [(5, 25, 25), (45, 8, 25), (45, 42, 25)]]
    lines = trace_centrelines(np.maximum.reduce(parts))

    assert count_ends(lines) == 3
    assert measure_length(lines) == pytest.approx(20 + 2 * np.hypot(20, 17) + 3 * 3, rel=0.06)


def test_side_branches_shorter_than_the_constant_are_left_out():
    stem, twig = (
        draw_tube((40, 24, 60), (8, 12, 8), (8, 12, 52), 3),
        draw_tube((40, 24, 60), (8, 12, 30), (24, 12, 30), 2),
    )
    labels = np.maximum(stem, twig)

    assert count_ends(trace_centrelines(labels)) == 3
    assert count_ends(trace_centrelines(labels, constant=20)) == 2


def test_a_ring_is_cut_open_once():
    z, y, x = np.indices((9, 40, 40))
    ring = (np.hypot(np.hypot(y - 19.5, x - 19.5) - 13, z - 4) < 3).astype(np.uint8)
    lines = trace_centrelines(ring)

    assert count_trees(lines) == 1
    assert measure_length(lines) == pytest.approx(2 * np.pi * 13, rel=0.12)


def test_objects_that_touch_have_trees_of_their_own():
    labels = np.repeat(np.array([[[5, 5, 5, 5, 9, 9, 9, 9]]], np.uint64) * 2**60 + 1, 3, axis=1)
    lines = trace_centrelines(labels)

    assert count_trees(lines) == 2
    assert sorted(set(lines.labels.tolist())) == [5 * 2**60 + 1, 9 * 2**60 + 1]
    assert (lines.labels[lines.edges[:, 0]] == lines.labels[lines.edges[:, 1]]).all()


def test_a_tube_cut_by_the_faces_of_the_volume_is_followed_up_to_them():
    labels = draw_tube((16, 16, 40), (8, 8, -20), (8, 8, 60), 4)
    lines = trace_centrelines(labels)

    assert lines.points[:, 2].min() == 0.5
    assert lines.points[:, 2].max() == 39.5
    assert count_ends(lines) == 2


def test_a_lone_voxel_is_a_point_and_nothing_is_nothing():
    lone = np.zeros((3, 3, 3), np.uint8)
    lone[1, 2, 0] = 4

    lines = trace_centrelines(lone, (2, 1, 1))

    assert (lines.points.tolist(), lines.edges.tolist(), lines.labels.tolist()) == ([[3.0, 2.5, 0.5]], [], [4])
    assert len(trace_centrelines(np.zeros((2, 2, 2), np.uint8)).points) == 0
    assert len(trace_centrelines(np.zeros((0, 2, 2), np.uint8)).points) == 0


def test_one_object_without_any_border_is_a_single_line():
    lines = trace_centrelines(np.ones((4, 4, 30), np.uint8))

    assert count_ends(lines) == 2


@settings(max_examples=30, deadline=None)
@given(arrays(np.int64, (4, 5, 6), elements=st.integers(0, 3)), st.sampled_from(SAMPLINGS))
def test_there_is_one_tree_a_component_and_its_points_lie_in_it(labels, sampling):
    lines = trace_centrelines(labels, sampling)
    components = label_components(labels)
    voxels = np.floor(lines.points / sampling).astype(int)

    assert count_trees(lines) == components.max()
    np.testing.assert_array_equal(labels[tuple(voxels.T)], lines.labels)
    own = components[tuple(voxels.T)]
    assert set(own.tolist()) == set(range(1, components.max() + 1))
    assert (own[lines.edges[:, 0]] == own[lines.edges[:, 1]]).all()


def test_negative_labels_are_refused():
    with pytest.raises(DataError, match="must not be negative"):
        trace_centrelines(np.full((2, 2, 2), -3))
