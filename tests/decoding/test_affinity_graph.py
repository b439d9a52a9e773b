"""Components and the mutex watershed of affinities, beside plain implementations."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from volumen.decoding import AffinityComponents, HeadMap, MutexWatershed
from volumen.errors import ConfigError
from volumen.heads import AffinitySpec, HeadSpec

OFFSETS = ((1, 0, 0), (0, 1, 0), (0, 0, 1), (0, -2, 1), (2, 0, 0), (0, 0, 3), (-1, 2, 2))


def make_map(values, edge="start", offsets=OFFSETS):
    spec = HeadSpec("near", len(offsets), "sigmoid", "affinities", affinities=AffinitySpec(offsets, edge))
    return HeadMap(values, spec)


def list_edges(values, edge):
    """Channel, both voxels and affinity of every pair that lies in the volume."""
    _, *shape = values.shape
    for channel, offset in enumerate(OFFSETS):
        for voxel in np.ndindex(*shape):
            other = tuple(np.add(voxel, offset) if edge == "start" else np.subtract(voxel, offset))
            if all(0 <= at < extent for at, extent in zip(other, shape, strict=True)):
                ends = (np.ravel_multi_index(end, shape) for end in (voxel, other))
                yield channel, *ends, values[(channel, *voxel)]


def cut_by_mutexes(values, reach, edge):
    """The mutex watershed as it is written down: sets of clusters, and a set of pairs that may not be joined."""
    clusters = {voxel: {voxel} for voxel in range(values[0].size)}
    apart = set()
    edges = [
        (affinity if max(map(abs, OFFSETS[channel])) <= reach else 1 - affinity, order, channel, one, other)
        for order, (channel, one, other, affinity) in enumerate(list_edges(values, edge))
    ]
    for strength, _, channel, one, other in sorted(edges, key=lambda each: (-each[0], each[1])):
        if strength <= 0 or clusters[one] is clusters[other]:
            continue
        excluded = any((a, b) in apart for a in clusters[one] for b in clusters[other])
        if max(map(abs, OFFSETS[channel])) > reach:
            apart |= {(one, other), (other, one)}
        elif not excluded:
            joined = clusters[one] | clusters[other]
            clusters |= dict.fromkeys(joined, joined)
    firsts = {voxel: min(cluster) for voxel, cluster in clusters.items()}
    return np.unique([firsts[voxel] for voxel in range(values[0].size)], return_inverse=True)[1] + 1


def assert_same_partition(one, other):
    pairs = np.unique(np.stack([np.ravel(one).astype(int), np.ravel(other).astype(int)]), axis=1)
    assert pairs.shape[1] == len(np.unique(one)) == len(np.unique(other))


@pytest.mark.parametrize("edge", ["start", "end"])
@pytest.mark.parametrize("reach", [1, 2, None])
def test_components_are_those_of_the_graph(rng, reach, edge):
    values = rng.random((7, 4, 5, 6)).astype(np.float32)
    labels = AffinityComponents(0.8, reach)({"head": make_map(values, edge)})
    edges = [
        (one, other)
        for channel, one, other, affinity in list_edges(values, edge)
        if affinity >= 0.8 and (reach is None or max(map(abs, OFFSETS[channel])) <= reach)
    ]
    starts, stops = zip(*edges, strict=True)
    _, expected = connected_components(coo_matrix((np.ones(len(edges)), (starts, stops)), shape=(120, 120)))
    touched = np.isin(np.arange(120), edges)
    assert np.array_equal(labels.ravel() > 0, touched)
    assert_same_partition(labels.ravel()[touched], expected[touched])


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["start", "end"]), st.integers(1, 2))
def test_the_mutex_watershed_is_the_one_that_is_written_down(seed, edge, reach):
    rng = np.random.default_rng(seed)
    values = rng.permutation(np.linspace(0.001, 0.999, 7 * 60)).reshape(7, 3, 4, 5).astype(np.float32)
    mask = HeadMap(np.ones((1, 3, 4, 5)), HeadSpec("mask", 1, "sigmoid"))
    labels = MutexWatershed(reach=reach)({"head": make_map(values, edge), "foreground": mask})
    assert_same_partition(labels, cut_by_mutexes(values, reach, edge))


def test_one_sure_voxel_keeps_two_objects_apart_where_the_border_has_a_leak():
    values = np.zeros((2, 1, 4, 8), np.float32)
    values[0, 0, :, :-1] = 0.9
    values[0, 0, :, 3] = 0.1
    values[0, 0, 1, 3] = 0.7  # the leak
    values[1, 0, 1, 2] = 0.02  # what is three voxels away is another's
    values[1, 0, :, [0, 4]] = 1
    rows = np.ones((1, 1, 4, 8), np.float32)
    near = np.concatenate([values, rows])
    head = make_map(near, offsets=((0, 0, 1), (0, 0, 3), (0, 1, 0)))
    assert AffinityComponents()({"head": head}).max() == 1
    assert MutexWatershed()({"head": head})[0, 0].tolist() == [1, 1, 1, 1, 2, 2, 2, 2]


def test_with_strides_only_a_grid_of_voxels_keeps_others_apart():
    values = np.ones((2, 1, 1, 6), np.float32)
    values[1] = 0
    head = make_map(values, offsets=((0, 0, 1), (0, 0, 2)))
    sparse = MutexWatershed(strides=(1, 1, 6))({"head": head})
    assert sparse.tolist() == [[[1, 1, 1, 1, 1, 1]]] or sparse.max() <= MutexWatershed()({"head": head}).max()


def test_background_is_what_nothing_joins_or_what_a_head_says():
    values = np.zeros((1, 1, 1, 5), np.float32)
    values[..., 0] = 1
    head = make_map(values, offsets=((0, 0, 1),))
    assert AffinityComponents()({"head": head}).tolist() == [[[1, 1, 0, 0, 0]]]
    mask = HeadMap(np.array([0, 1, 1, 0, 1.0]).reshape(1, 1, 1, 5), HeadSpec("mask", 1, "sigmoid"))
    assert AffinityComponents()({"head": head, "foreground": mask}).tolist() == [[[0, 1, 2, 0, 3]]]


def test_offsets_that_are_all_long_join_nothing_unless_asked_to():
    head = make_map(np.ones((1, 1, 1, 6), np.float32), offsets=((0, 0, 3),))
    with pytest.raises(ConfigError, match="no offset of head 'near' goes 1 voxels or less"):
        AffinityComponents()({"head": head})
    assert AffinityComponents(reach=None)({"head": head}).tolist() == [[[1, 2, 3, 1, 2, 3]]]
