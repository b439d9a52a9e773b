import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from volumen.data import BalancedSampling, UniformSampling
from volumen.data.labels import Seen
from volumen.data.views import CaseView
from volumen.errors import ConfigError

extents = st.tuples(*[st.integers(1, 12)] * 3)


@given(extents, extents, st.integers(0, 100))
def test_a_patch_lies_inside_or_starts_at_0_and_passes_the_end_of_a_smaller_volume(shape, patch, seed):
    box = UniformSampling().draw(CaseView(shape, patch), np.random.default_rng(seed)).box
    assert box.shape == patch
    for start, stop, extent, edge in zip(box.start, box.stop, shape, patch, strict=True):
        assert stop <= extent if edge <= extent else start == 0


def test_every_offset_is_drawn_the_first_and_the_last_too(rng):
    draws = [UniformSampling().draw(CaseView((6, 4, 5), (4, 4, 4)), rng) for _ in range(100)]
    assert {drawn.box.start for drawn in draws} == {(z, 0, x) for z in range(3) for x in range(2)}


def look(labels, known=np.True_) -> CaseView:
    """A case of one line of labels along x."""
    row = np.array(labels, np.int64)[None, None]
    seen = Seen(row, np.broadcast_to(known, row.shape))
    return CaseView(row.shape, (1, 1, 10), lambda box: Seen(*(array[box.slices] for array in seen)))


def test_the_first_patch_within_the_range_is_taken(rng):
    view = look([0] * 50 + [1] * 50)
    drawn = [BalancedSampling(0.3, 0.7, tries=100).draw(view, rng) for _ in range(20)]
    assert all(43 <= one.box.start[2] <= 47 and one.notice is None for one in drawn)


def test_the_nearest_of_ten_tries_is_taken_when_the_range_is_out_of_reach(rng):
    view = look(np.arange(100) % 10 == 0)  # a tenth of every patch
    drawn = BalancedSampling(0.3, 0.7, tries=10).draw(view, rng)
    assert "no patch of 10 tries had a foreground share of 0.3 to 0.7; the nearest (0.10)" in drawn.notice


def test_a_patch_with_too_much_foreground_is_judged_by_its_distance_too(rng):
    drawn = BalancedSampling(0.0, 0.1).draw(look([0, 1] * 50), rng)
    assert "(0.50) was taken" in drawn.notice


def test_any_labelled_patch_is_nearer_than_one_nobody_labelled(rng):
    view = look([0] * 100, known=np.arange(100) < 10)
    drawn = BalancedSampling(0.3, 0.7, tries=60).draw(view, rng)
    assert drawn.box.start[2] < 10
    assert "(0.00)" in drawn.notice


def test_a_volume_nobody_labelled_gives_a_patch_and_says_so(rng):
    for view in (look([1] * 20, known=np.False_), CaseView((1, 1, 20), (1, 1, 10))):
        drawn = BalancedSampling().draw(view, rng)
        assert drawn.box.shape == (1, 1, 10)
        assert "no labelled voxel" in drawn.notice


@pytest.mark.parametrize("options", [{"low": 0.8}, {"low": -1.0}, {"high": 30.0}, {"tries": 0}])
def test_impossible_wishes_are_refused(options):
    with pytest.raises(ConfigError, match="balanced sampling needs"):
        BalancedSampling(**options)
