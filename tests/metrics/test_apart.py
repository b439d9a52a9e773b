import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from volumen.errors import ConfigError
from volumen.metrics import apart
from volumen.metrics.apart import DistanceCounts, measure_apart

MASKS = arrays(bool, (4, 5, 7))


def count(values, voxels=None, **more) -> DistanceCounts:
    voxels = np.ones(len(values), np.int64) if voxels is None else np.array(voxels)
    return DistanceCounts(np.array(values, np.float32), voxels, **more)


def measure(one, other, *, sampling=(1.0, 1.0, 1.0), halo=None) -> tuple[DistanceCounts, DistanceCounts]:
    return measure_apart(lambda box: (one[box.slices], other[box.slices]), one.shape, sampling=sampling, halo=halo)


def list_slowly(one, other, sampling) -> np.ndarray:
    places, there = np.argwhere(one) * sampling, np.argwhere(other) * sampling
    return np.sort([np.linalg.norm(there - place, axis=1).min() for place in places])


@settings(max_examples=30, deadline=None)
@given(arrays(np.int64, 7, elements=st.integers(0, 5)), st.sampled_from([0, 5, 50, 90, 95, 100]))
def test_percentiles_and_means_are_numpys(distances, percent):
    values, voxels = np.unique(distances, return_counts=True)
    counts = count(values, voxels)

    assert counts.find_percentile(percent) == pytest.approx(np.percentile(distances, percent))
    assert counts.average() == pytest.approx(distances.mean())
    assert counts.count_above(2) == (distances > 2).sum()


def test_what_is_beyond_the_reach_counts_as_just_there():
    counts = count([1, 2], [1, 1], beyond=2, reach=5.0)

    assert counts.total == 4
    assert counts.average() == (1 + 2 + 5 + 5) / 4
    assert counts.find_percentile(100) == 5
    assert counts.find_percentile(50) == 3.5  # between 2 and 5
    assert counts.count_above(3) == 2


def test_nothing_is_0_far():
    assert (count([]).average(), count([]).find_percentile(95), count([]).total) == (0, 0, 0)


@settings(max_examples=40, deadline=None)
@given(MASKS, MASKS, st.sampled_from([(1.0, 1.0, 1.0), (30.0, 8.0, 8.0)]))
def test_distances_are_those_of_voxels_compared_one_by_one(one, other, sampling):
    counts, back = measure(one, other, sampling=sampling)

    assert (counts.total, back.total) == (one.sum(), other.sum())
    if one.any() and other.any():
        np.testing.assert_allclose(
            np.repeat(counts.values, counts.voxels), list_slowly(one, other, sampling), rtol=1e-6
        )
        np.testing.assert_allclose(np.repeat(back.values, back.voxels), list_slowly(other, one, sampling), rtol=1e-6)


@settings(max_examples=40, deadline=None)
@given(MASKS, MASKS, st.sampled_from([(1.0, 1.0, 1.0), (3.0, 2.0, 1.0)]), st.sampled_from([1.0, 2.0, 3.7]))
def test_blocks_give_the_same_up_to_the_halo_and_count_the_rest(one, other, sampling, halo):
    whole, _ = measure(one, other, sampling=sampling)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(apart, "SMALLEST_EDGE", 2)
        patch.setattr(apart, "GROWN_EDGE", 0)
        blocks, _ = measure(one, other, sampling=sampling, halo=halo)

    if other.any():
        near = whole.values <= halo
        np.testing.assert_allclose(blocks.values, whole.values[near], rtol=1e-6)
        np.testing.assert_array_equal(blocks.voxels, whole.voxels[near])
        assert blocks.beyond == whole.voxels[~near].sum()


@pytest.mark.parametrize("halo", [None, 2.0])
def test_to_an_empty_mask_it_is_infinitely_far(halo):
    one, empty = np.ones((2, 3, 4), bool), np.zeros((2, 3, 4), bool)

    there, back = measure(one, empty, halo=halo)

    assert (there.average(), there.beyond, there.total) == (np.inf, 0, 24)
    assert (back.average(), back.total) == (0, 0)


def test_a_halo_of_nothing_is_refused():
    with pytest.raises(ConfigError, match="a halo is a positive distance"):
        measure(np.ones((2, 2, 2), bool), np.ones((2, 2, 2), bool), halo=0)
