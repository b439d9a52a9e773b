import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from volumen.data import BalancedSampling, UniformSampling
from volumen.errors import ConfigError
from volumen.geometry import Box

extents = st.tuples(*[st.integers(1, 12)] * 3)


@given(extents, extents, st.integers(0, 100))
def test_a_patch_lies_inside_or_starts_at_0_and_passes_the_end_of_a_smaller_volume(shape, patch, seed):
    box = UniformSampling().draw(shape, patch, rng=np.random.default_rng(seed), measure=lambda box: None).box
    assert box.shape == patch
    for start, stop, extent, edge in zip(box.start, box.stop, shape, patch, strict=True):
        assert stop <= extent if edge <= extent else start == 0


def test_every_offset_is_drawn_the_first_and_the_last_too():
    rng = np.random.default_rng(0)
    draws = [UniformSampling().draw((6, 4, 5), (4, 4, 4), rng=rng, measure=lambda box: None) for _ in range(100)]
    assert {drawn.box.start for drawn in draws} == {(z, 0, x) for z in range(3) for x in range(2)}


def share_by_start(box: Box) -> float:
    """A hundredth of foreground for every step along x."""
    return box.start[2] / 100


def test_the_first_patch_within_the_range_is_taken(rng):
    drawn = [
        BalancedSampling(0.3, 0.7).draw((1, 1, 101), (1, 1, 1), rng=rng, measure=share_by_start) for _ in range(50)
    ]
    assert all(30 <= one.box.start[2] <= 70 and one.notice is None for one in drawn)


def test_the_nearest_of_ten_tries_is_taken_when_the_range_is_out_of_reach(rng):
    seen = []

    def measure(box):
        seen.append(share_by_start(box))
        return seen[-1]

    drawn = BalancedSampling(0.3, 0.7, tries=10).draw((1, 1, 20), (1, 1, 1), rng=rng, measure=measure)
    assert share_by_start(drawn.box) == max(seen[:10])
    assert "no patch of 10 tries had a foreground share of 0.3 to 0.7" in drawn.notice


def test_a_patch_with_too_much_foreground_is_judged_by_its_distance_too(rng):
    drawn = BalancedSampling(0.0, 0.1).draw((1, 1, 200), (1, 1, 1), rng=rng, measure=lambda box: 0.5)
    assert "(0.50) was taken" in drawn.notice


def test_any_labelled_patch_is_nearer_than_one_nobody_labelled(rng):
    shares = iter([None, None, 0.0, None])
    places = []

    def measure(box):
        places.append(box)
        return next(shares, None)

    drawn = BalancedSampling(0.3, 0.7, tries=4).draw((50, 50, 50), (1, 1, 1), rng=rng, measure=measure)
    assert drawn.box == places[2]


def test_a_volume_nobody_labelled_gives_a_patch_and_says_so(rng):
    drawn = BalancedSampling().draw((5, 5, 5), (2, 2, 2), rng=rng, measure=lambda box: None)
    assert drawn.box.shape == (2, 2, 2)
    assert "no labelled voxel" in drawn.notice


@pytest.mark.parametrize("options", [{"low": 0.8}, {"low": -1.0}, {"high": 30.0}, {"tries": 0}])
def test_impossible_wishes_are_refused(options):
    with pytest.raises(ConfigError, match="balanced sampling needs"):
        BalancedSampling(**options)
