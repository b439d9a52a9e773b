import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from volumen.errors import DataError
from volumen.volumes import ArrayVolume, create_volume, measure_intensity
from volumen.volumes.intensity import MOST_CHUNKS, _choose_chunks

SHAPES = npst.array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=6)


@given(
    array=st.sampled_from(["uint8", "int8", "uint16", "int16"]).flatmap(lambda dtype: npst.arrays(dtype, SHAPES)),
    share=st.floats(0, 100),
)
def test_percentiles_of_8_and_16_bit_are_those_of_numpy(array, share):
    assert measure_intensity(array).percentile(share) == pytest.approx(
        np.percentile(array.astype(float), share), abs=1e-9
    )


def test_mean_and_deviation_are_those_of_numpy(rng):
    array = rng.integers(0, 60000, (7, 8, 9)).astype(np.uint16)
    intensity = measure_intensity(array)
    assert intensity.mean == pytest.approx(array.mean())
    assert intensity.std == pytest.approx(array.std())
    assert (intensity.low, intensity.high) == (array.min(), array.max())


def test_percentiles_of_floats_are_right_to_a_bin(rng):
    array = rng.normal(5, 2, (30, 30, 30)).astype(np.float32)
    tolerance = 2 * float(np.ptp(array)) / 65535
    for share in (0, 0.5, 50, 99.5, 100):
        expected = float(np.percentile(array, share))
        assert measure_intensity(array).percentile(share) == pytest.approx(expected, abs=tolerance)


@pytest.mark.parametrize("dtype", ["uint8", "float32", "int64"])
def test_a_constant_volume_says_so(dtype):
    intensity = measure_intensity(np.full((3, 3, 3), 7, dtype))
    assert intensity.is_constant
    assert intensity.percentile(99.5) == 7


def test_voxels_that_are_no_numbers_are_an_error_with_their_place():
    array = np.zeros((3, 4, 5), np.float32)
    array[2, 1, 3] = np.nan
    with pytest.raises(DataError, match=r"1 voxels, the first at \(2, 1, 3\)"):
        measure_intensity(array)


def test_an_empty_volume_is_an_error():
    with pytest.raises(DataError, match="no voxels"):
        measure_intensity(np.zeros((0, 4, 5), np.uint8))


def test_many_chunks_are_thinned_to_an_even_grid_that_reaches_both_ends(tmp_path):
    volume = create_volume(tmp_path / "big.zarr", shape=(400, 400, 400), dtype="uint8", chunks=(16, 16, 16))
    boxes = _choose_chunks(volume)
    assert 2000 < len(boxes) <= MOST_CHUNKS
    assert min(box.start for box in boxes) == (0, 0, 0)
    assert max(box.stop for box in boxes) == (400, 400, 400)


def test_progress_counts_every_chunk_of_every_pass(rng):
    seen = []
    measure_intensity(
        ArrayVolume(rng.random((130, 4, 4)).astype(np.float32)), progress=lambda done, total: seen.append((done, total))
    )
    assert seen == [(done, 6) for done in range(1, 7)]
