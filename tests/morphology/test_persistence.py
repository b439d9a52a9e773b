"""Against whole boundary matrices, reduced column by column, and against ranks, which need no order of cells."""

import itertools

import numpy as np
import pytest
from boundary_matrices import count_kept, list_values, pair_cells
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from skimage.measure import euler_number

from volumen.morphology import (
    count_cavities,
    count_components,
    match_features,
    match_persistence,
    measure_persistence,
)
from volumen.morphology.persistence import build_filtration, pair_dimension

SHAPES = [(3, 3, 3), (2, 3, 4), (1, 5, 5), (4, 1, 1), (3, 4, 3), (1, 1, 1)]


def find_voxel(cell, values):
    """The voxel that a cell comes with: the last of its least ones."""
    voxels = itertools.product(*({place // 2, (place + 1) // 2} for place in cell))
    return max(voxels, key=lambda voxel: (-values[voxel], voxel))


def list_features(values, dimension):
    """Birth cell to the voxels where a feature begins and ends, for those that last."""
    cells = list_values(values)
    pairs = pair_cells(cells, cells, dimension).items()
    return {b: (find_voxel(b, values), find_voxel(d, values)) for d, b in pairs if cells[b] < cells[d]}


def match_by_matrix(one, other, dimension):
    """Pairs of features that end with the same cell of the union."""
    union = list_values(np.maximum(one, other))
    ends = []
    for values in (one, other):
        cells, features = list_values(values), list_features(values, dimension)
        pairs = pair_cells(cells, union, dimension).items()
        ends.append({death: features[birth] for death, birth in pairs if cells[birth] < union[death]})
    return {(ends[0][death], ends[1][death]) for death in ends[0].keys() & ends[1].keys()}


def read_voxels(intervals, shape):
    places = (np.unravel_index(numbers, shape) for numbers in (intervals.births, intervals.deaths))
    births, deaths = (list(zip(*(axis.tolist() for axis in axes), strict=True)) for axes in places)
    return list(zip(births, deaths, strict=True))


def read_matches(one, other):
    """By dimension, the voxels where features that match begin and end."""
    for matching in match_persistence(one, other):
        first, second = read_voxels(matching.first, one.shape), read_voxels(matching.second, one.shape)
        pairs = zip(matching.in_first.tolist(), matching.in_second.tolist(), strict=True)
        yield {(first[i], second[j]) for i, j in pairs}


def draw_values(seed, shape, levels):
    """Random values, with many ties where there are few levels."""
    return (np.random.default_rng(seed).integers(levels, size=shape) / levels).astype(np.float32)


SEEDS = st.integers(0, 2**32 - 1)
ANY_SHAPE = st.sampled_from(SHAPES)
LEVELS = st.sampled_from([1, 2, 5, 1000])


@given(seed=SEEDS, shape=ANY_SHAPE, levels=LEVELS)
@settings(deadline=None, max_examples=60)
def test_features_are_those_of_the_dense_matrix(seed, shape, levels):
    values = draw_values(seed, shape, levels)
    for dimension, intervals in enumerate(measure_persistence(values)):
        assert sorted(read_voxels(intervals, shape)) == sorted(list_features(values, dimension).values())


@given(seed=SEEDS, shape=ANY_SHAPE, levels=LEVELS, other_levels=LEVELS)
@settings(deadline=None, max_examples=60)
@example(seed=1097, shape=(3, 4, 3), levels=5, other_levels=2)  # two tunnels end with one voxel, by different squares
@example(seed=3090, shape=(3, 3, 3), levels=2, other_levels=5)  # tunnels end at one value with different voxels
@example(seed=177, shape=(2, 3, 4), levels=5, other_levels=5)  # and components
def test_matches_are_those_of_the_dense_matrix(seed, shape, levels, other_levels):
    one, other = draw_values(seed, shape, levels), draw_values(seed + 1, shape, other_levels)
    for dimension, found in enumerate(read_matches(one, other)):
        assert found == match_by_matrix(one, other, dimension)


@given(seed=SEEDS, shape=ANY_SHAPE, levels=st.integers(1, 4))
@settings(deadline=None, max_examples=30)
def test_features_of_an_array_in_a_larger_one_are_as_many_as_the_rank_says(seed, shape, levels):
    values = draw_values(seed, shape, levels)
    larger = np.maximum(values, draw_values(seed + 1, shape, levels))
    filtrations = build_filtration(values), build_filtration(larger)
    thresholds = np.arange(levels, dtype=np.float32) / levels
    for dimension in range(3):
        pairs = pair_dimension(*filtrations, dimension)
        births = filtrations[0].read_values(pairs.births, dimension)
        deaths = filtrations[1].read_values(pairs.deaths, dimension + 1)
        for low, high in itertools.combinations_with_replacement(thresholds, 2):
            never_ends = dimension == 0 and bool((values >= high).any())
            kept = count_kept(values >= high, larger >= low, dimension)
            assert np.count_nonzero((births >= high) & (deaths < low)) + never_ends == kept


@pytest.mark.parametrize("density", [0.2, 0.4, 0.6, 0.8])
def test_masks_match_as_their_counts_say(density, rng):
    for size in (3, 6, 12):
        one = rng.random((size, size, size + 1)) < density
        for other in (rng.random(one.shape) < density, one ^ (rng.random(one.shape) < 0.1), np.zeros_like(one)):
            matchings = match_persistence(one.astype(np.float32), other.astype(np.float32))
            counts = [(len(each.in_first), len(each.first), len(each.second)) for each in matchings]
            assert counts == list(match_features(one, other).values())


@given(seed=SEEDS, shape=ANY_SHAPE, levels=LEVELS)
@settings(deadline=None, max_examples=30)
def test_either_array_can_be_the_first_and_each_matches_itself(seed, shape, levels):
    one, other = draw_values(seed, shape, levels), draw_values(seed + 1, shape, levels)
    exchanged = [{(second, first) for first, second in matches} for matches in read_matches(other, one)]
    assert list(read_matches(one, other)) == exchanged
    for matching in match_persistence(one, one):
        everything = list(range(len(matching.first)))
        assert sorted(matching.in_first) == everything
        assert matching.in_first.tolist() == matching.in_second.tolist()


def count_alive(intervals, values, threshold):
    """Features of the voxels above a threshold."""
    births, deaths = values.ravel()[intervals.births], values.ravel()[intervals.deaths]
    return int(((births > threshold) & (deaths <= threshold)).sum())


@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.8])
def test_at_every_threshold_features_are_those_of_the_mask(rng, threshold):
    values = gaussian_filter(rng.random((24, 20, 22)), 0.7).astype(np.float32)
    values = (values - values.min()) / (values.max() - values.min())
    mask = values > threshold
    components, tunnels, cavities = (count_alive(one, values, threshold) for one in measure_persistence(values))
    assert components + 1 == count_components(mask, 6)
    assert cavities == count_cavities(mask, 6)
    assert components + 1 - tunnels + cavities == euler_number(mask, connectivity=1)


def draw_ring():
    values = np.zeros((5, 5, 5), np.float32)
    values[2, 1:4, 1:4] = 0.75
    values[2, 2, 2] = 0.25
    return values


def test_a_ring_is_one_tunnel_from_its_weakest_voxel_to_its_middle():
    values = draw_ring()
    values[2, 1, 2] = 0.5
    components, (tunnel,), cavities = (read_voxels(one, values.shape) for one in measure_persistence(values))
    assert tunnel == ((2, 1, 2), (2, 2, 2))
    assert components == cavities == []


def test_a_shell_is_one_cavity():
    values = np.zeros((5, 5, 5), np.float32)
    values[1:4, 1:4, 1:4] = 1
    values[2, 2, 2] = 0
    components, tunnels, cavities = measure_persistence(values)
    assert (len(components), len(tunnels), len(cavities)) == (0, 0, 1)


def test_rings_in_the_same_place_match_and_apart_do_not():
    ring = draw_ring()
    _, tunnels, _ = match_persistence(ring, ring)
    assert (tunnels.in_first.tolist(), tunnels.in_second.tolist()) == ([0], [0])
    one, other = np.concatenate([ring, 0 * ring]), np.concatenate([0 * ring, ring])
    _, tunnels, _ = match_persistence(one, other)
    assert (len(tunnels.first), len(tunnels.second), len(tunnels.in_first)) == (1, 1, 0)


def test_blobs_that_the_other_array_joins_are_one():
    one, other = np.zeros((1, 1, 7), np.float32), np.zeros((1, 1, 7), np.float32)
    one[..., [1, 5]] = 1, 0.5
    other[..., 1:6] = 1
    components, _, _ = match_persistence(one, other)
    assert (len(components.first), len(components.second), len(components.in_first)) == (1, 0, 0)


def test_a_feature_that_the_union_has_ended_before_it_begins_matches_nothing():
    """At 0.45 the union joins the objects of the truth; the second peak of the other array begins at 0.3 only."""
    truth = np.array([[[1, 0, 0, 0, 1, 1]]], np.float32)
    found = np.array([[[0.6, 0.5, 0.5, 0.45, 0.2, 0.3]]], np.float32)
    components, _, _ = match_persistence(found, truth)
    assert (len(components.first), len(components.second), len(components.in_first)) == (1, 1, 0)


def test_of_objects_of_one_value_those_that_come_first_in_c_order_are_the_older():
    """Objects in one, in the other and in both: both were seen before the third joins; from the other end not."""
    one, other = np.zeros((1, 1, 9), np.float32), np.zeros((1, 1, 9), np.float32)
    one[..., [0, 4]], other[..., [2, 4]] = 1, 1
    assert len(match_persistence(one, other)[0].in_first) == 1
    assert len(match_persistence(one[..., ::-1].copy(), other[..., ::-1].copy())[0].in_first) == 0


def test_corners_do_not_hold_together():
    values = np.eye(2, dtype=np.float32)[None]
    components, _, _ = measure_persistence(values)
    assert read_voxels(components, values.shape) == [((0, 1, 1), (0, 0, 1))]
