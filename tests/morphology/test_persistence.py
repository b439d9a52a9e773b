"""Against a second implementation: every cell of the grid, one dense matrix, columns reduced from left to right."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from skimage.measure import euler_number

from volumen.morphology import count_cavities, count_components, match_persistence, measure_persistence

SHAPES = [(3, 3, 3), (2, 3, 4), (1, 5, 5), (4, 1, 1), (3, 4, 3), (1, 1, 1)]


def list_cells(shape):
    """Cells of every dimension as frozen sets of voxels."""
    cells = [[], [], [], []]
    for spans in itertools.product((0, 1), repeat=3):
        for corner in np.ndindex(*shape):
            if all(c + s < extent for c, s, extent in zip(corner, spans, shape, strict=True)):
                steps = itertools.product(*(range(s + 1) for s in spans))
                cells[sum(spans)].append(frozenset(tuple(np.add(corner, step).tolist()) for step in steps))
    return cells


def rank_voxels(values):
    """The place of each voxel: larger values first, equal ones in C order."""
    order = sorted(np.ndindex(*values.shape), key=lambda voxel: (-values[voxel], voxel))
    return {voxel: place for place, voxel in enumerate(order)}


def sort_cells(cells, ranks):
    return sorted(cells, key=lambda cell: (sorted((ranks[voxel] for voxel in cell), reverse=True), sorted(cell)))


def pair_by_matrix(values, other, dimension):
    """Births and deaths of the image of one array's homology in another's, cell by cell."""
    cells = list_cells(values.shape)
    rows = sort_cells(cells[dimension], rank_voxels(values))
    columns = sort_cells(cells[dimension + 1], rank_voxels(other))
    number = {cell: place for place, cell in enumerate(rows)}
    reduced, pairs = {}, []
    for column in columns:
        entries = {number[cell] for cell in rows if cell < column}
        while entries and max(entries) in reduced:
            entries ^= reduced[max(entries)]
        if entries:
            reduced[max(entries)] = entries
            pairs.append((rows[max(entries)], column))
    return pairs


def find_last(cell, values):
    ranks = rank_voxels(values)
    return max(cell, key=ranks.__getitem__)


def list_features(values, dimension):
    """Birth cell to the voxels where a feature begins and ends, for those that last."""
    pairs = pair_by_matrix(values, values, dimension)
    ends = {birth: (find_last(birth, values), find_last(death, values)) for birth, death in pairs}
    return {birth: pair for birth, pair in ends.items() if values[pair[0]] > values[pair[1]]}


def match_by_matrix(one, other, dimension):
    """Pairs of features that end with the same cell of the union."""
    union = np.maximum(one, other)
    ends = []
    for values in (one, other):
        pairs = pair_by_matrix(values, union, dimension)
        lasting = [(b, d) for b, d in pairs if values[find_last(b, values)] > union[find_last(d, union)]]
        ends.append({death: birth for birth, death in lasting})
    features = list_features(one, dimension), list_features(other, dimension)
    return {(features[0][ends[0][d]], features[1][ends[1][d]]) for d in ends[0].keys() & ends[1].keys()}


def read_voxels(intervals, shape):
    places = (np.unravel_index(numbers, shape) for numbers in (intervals.births, intervals.deaths))
    births, deaths = (list(zip(*(axis.tolist() for axis in axes), strict=True)) for axes in places)
    return list(zip(births, deaths, strict=True))


def draw_values(seed, shape, levels):
    """Random values, with many ties where there are few levels."""
    return (np.random.default_rng(seed).integers(levels, size=shape) / levels).astype(np.float32)


SEEDS = st.integers(0, 2**32 - 1)
ANY_SHAPE = st.sampled_from(SHAPES)
LEVELS = st.sampled_from([2, 5, 1000])


@given(seed=SEEDS, shape=ANY_SHAPE, levels=LEVELS)
@settings(deadline=None, max_examples=60)
def test_features_are_those_of_the_dense_matrix(seed, shape, levels):
    values = draw_values(seed, shape, levels)
    for dimension, intervals in enumerate(measure_persistence(values)):
        expected = [(values[b], values[d]) for b, d in list_features(values, dimension).values()]
        found = [(values[b], values[d]) for b, d in read_voxels(intervals, shape)]
        assert sorted(found) == sorted(expected)


@given(seed=SEEDS, shape=ANY_SHAPE, levels=LEVELS)
@settings(deadline=None, max_examples=60)
def test_matches_are_those_of_the_dense_matrix(seed, shape, levels):
    one, other = draw_values(seed, shape, levels), draw_values(seed + 1, shape, 2)
    for dimension, matching in enumerate(match_persistence(one, other)):
        first, second = read_voxels(matching.first, shape), read_voxels(matching.second, shape)
        pairs = zip(matching.in_first.tolist(), matching.in_second.tolist(), strict=True)
        assert {(first[i], second[j]) for i, j in pairs} == match_by_matrix(one, other, dimension)


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


def test_corners_do_not_hold_together():
    values = np.eye(2, dtype=np.float32)[None]
    components, _, _ = measure_persistence(values)
    assert read_voxels(components, values.shape) == [((0, 1, 1), (0, 0, 1))]
