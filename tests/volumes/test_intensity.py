import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from volumen.errors import DataError
from volumen.volumes import ArrayVolume, Layout, Volume, measure_intensity
from volumen.volumes.intensity import MOST_CHUNKS, choose_chunks, choose_starts

small_shapes = arrays.array_shapes(min_dims=3, max_dims=4, max_side=6)
small_ints = st.sampled_from(["uint8", "int8", "uint16", "int16"]).flatmap(lambda t: arrays.arrays(t, small_shapes))


@settings(max_examples=100, deadline=None)
@given(array=small_ints, q=st.floats(0, 100))
def test_percentiles_of_small_ints_are_numpys_to_the_last_bit(array, q):
    assert measure_intensity(array).percentile(q) == np.percentile(array.astype(np.int64), q)


@settings(max_examples=50, deadline=None)
@given(array=small_ints)
def test_the_rest_of_small_ints_is_numpys(array):
    told = measure_intensity(array)
    assert (told.low, told.high) == (array.min(), array.max())
    assert told.mean == pytest.approx(array.mean(dtype=np.float64))
    assert told.std == pytest.approx(array.std(dtype=np.float64), abs=1e-9)


@settings(max_examples=50, deadline=None)
@given(array=arrays.arrays("float32", small_shapes, elements=st.floats(-1e4, 1e4, width=32)), q=st.floats(0, 100))
def test_percentiles_of_floats_lie_between_their_neighbours_to_a_bin(array, q):
    told = measure_intensity(array)
    bin_width = (told.high - told.low) / 65_536
    nearest = np.percentile(array.astype(np.float64), q, method="lower"), np.percentile(array, q, method="higher")
    assert nearest[0] - 2 * bin_width <= told.percentile(q) <= nearest[1] + 2 * bin_width
    assert told.mean == pytest.approx(array.mean(dtype=np.float64), abs=1e-6, rel=1e-6)
    assert told.std == pytest.approx(array.std(dtype=np.float64), abs=1e-6, rel=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32", "uint32", "int64"])
def test_many_voxels_give_percentiles_close_to_numpys(dtype, rng):
    array = (rng.normal(size=(20, 64, 65)) * 100 + 500).astype(dtype)
    told = measure_intensity(array)
    for q in (0, 0.5, 50, 99.5, 100):
        assert told.percentile(q) == pytest.approx(np.percentile(array.astype(np.float64), q), abs=0.5)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "float32"])
def test_a_constant_volume_says_so(dtype):
    told = measure_intensity(np.full((3, 4, 5), 7, dtype))
    assert told.is_constant
    assert (told.low, told.high, told.mean, told.std, told.percentile(99.5)) == (7, 7, 7, 0, 7)


def test_the_ends_of_floats_are_exact():
    told = measure_intensity(np.array([[[0.1, 7.7]]], np.float32))
    assert (told.percentile(0), told.percentile(100)) == (np.float32(0.1), np.float32(7.7))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_counted_and_placed(value):
    array = np.zeros((70, 4, 5), np.float32)
    array[65, 1, 2] = array[66, 0, 0] = value
    with pytest.raises(DataError, match="2 of 1400 voxels are NaN or infinite, the first at z=65 y=1 x=2"):
        measure_intensity(array)


def test_the_place_is_told_for_channels_too():
    array = np.zeros((2, 3, 4, 5), np.float64)
    array[1, 2, 3, 4] = math.nan
    with pytest.raises(DataError, match="first at z=2 y=3 x=4"):
        measure_intensity(array)


def test_an_empty_volume_is_refused():
    with pytest.raises(DataError, match=r"empty.*\(0, 4, 5\)"):
        measure_intensity(np.zeros((0, 4, 5), np.uint8))


def test_a_span_beyond_floats_is_refused():
    array = np.array([-1.7e308, 1.7e308]).reshape(1, 1, 2)
    with pytest.raises(DataError, match="span"):
        measure_intensity(array)


def test_a_percentile_outside_0_to_100_is_refused():
    with pytest.raises(DataError, match="between 0 and 100"):
        measure_intensity(np.zeros((1, 1, 2), np.uint8)).percentile(101)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_progress_ends_at_the_total(dtype):
    told = []
    measure_intensity(np.zeros((130, 4, 5), dtype), progress=lambda done, total: told.append((done, total)))
    assert told[-1][0] == told[-1][1]
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_pieces_of_large_chunks_add_up(monkeypatch, rng):
    monkeypatch.setattr("volumen.volumes.intensity._PIECE_VOXELS", 50)
    array = rng.integers(0, 200, (2, 5, 11, 7)).astype(np.uint8)
    told = measure_intensity(array)
    assert told.counts.sum() == array.size
    assert told.percentile(37.5) == np.percentile(array, 37.5)


extents = st.tuples(*[st.integers(1, 30_000)] * 3)


@given(shape=extents, chunk=extents)
def test_at_most_4096_chunks_are_chosen_and_all_when_there_are_fewer(shape, chunk):
    grid = [-(-extent // edge) for extent, edge in zip(shape, chunk, strict=True)]
    starts = choose_starts(shape, chunk)
    for axis, extent, edge in zip(starts, shape, chunk, strict=True):
        assert axis == sorted(set(axis))
        assert 0 <= axis[0] <= axis[-1] < extent
        assert all(start % edge == 0 for start in axis)
    taken = math.prod(map(len, starts))
    if math.prod(grid) <= MOST_CHUNKS:
        assert taken == math.prod(grid)
    else:
        assert MOST_CHUNKS / 8 < taken <= MOST_CHUNKS


@given(shape=st.tuples(*[st.integers(1, 9)] * 3), chunk=st.tuples(*[st.integers(1, 9)] * 3))
def test_all_chunks_together_are_the_volume(shape, chunk):
    assert sum(box.size for box in choose_chunks(shape, chunk)) == math.prod(shape)


def test_the_grid_is_even():
    assert choose_starts((8192, 1, 1), (1, 1, 1)) == [list(range(1, 8192, 2)), [0], [0]]


class CountingVolume(Volume):
    """Counts the voxels that are read of a volume too large for memory."""

    def __init__(self):
        super().__init__("counting", Layout((4096, 4096, 4096), np.dtype("uint8"), (64, 64, 64)))
        self.read_boxes = []

    def _read(self, box):
        self.read_boxes.append(box)
        return np.full((1, 1, 1), 3, np.uint8)

    def _write(self, box, array):
        raise NotImplementedError


def test_a_huge_volume_is_sampled_and_never_held(monkeypatch):
    monkeypatch.setattr("volumen.volumes.intensity.MOST_CHUNKS", 64)
    volume = CountingVolume()
    measure_intensity(volume)
    assert len(volume.read_boxes) == 64
    assert max(box.size for box in volume.read_boxes) == 64**3


def test_a_volume_on_disk_measures_as_its_array(tmp_path):
    from volumen.volumes import export_volume, open_volume

    array = np.random.default_rng(1).integers(0, 3000, (70, 66, 65)).astype(np.uint16)
    for name in ("x.zarr", "x.tif"):
        export_volume(ArrayVolume(array), tmp_path / name)
        told = measure_intensity(open_volume(tmp_path / name))
        assert told.percentile(0.5) == np.percentile(array, 0.5)
        assert told.percentile(99.5) == np.percentile(array, 99.5)
