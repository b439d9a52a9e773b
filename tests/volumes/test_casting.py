import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from volumen.errors import ConfigError, DataError
from volumen.volumes.casting import KeptValues, MappedRange, choose_cast

FITTING = [("uint8", "uint16"), ("uint64", "uint32"), ("int16", "uint8"), ("float32", "int32"), ("uint16", "float32")]


@pytest.mark.parametrize(("given", "wanted"), FITTING)
def test_values_that_fit_are_kept(given, wanted):
    voxels = np.array([[[0, 1, 120]]], given)
    cast = KeptValues(np.dtype(wanted)).apply(voxels)
    assert cast.dtype == wanted
    np.testing.assert_array_equal(cast, voxels)


@pytest.mark.parametrize(
    ("value", "given", "wanted"),
    [
        (256, "uint16", "uint8"),
        (-1, "int32", "uint64"),
        (2**64 - 1, "uint64", "uint32"),
        (2**63, "uint64", "int64"),
        (2**24 + 1, "int32", "float32"),
        (1.5, "float32", "uint8"),
        (float("nan"), "float32", "uint8"),
        (float("inf"), "float64", "uint64"),
    ],
)
def test_a_value_that_would_become_another_is_named_and_refused(value, given, wanted):
    with pytest.raises(DataError, match=rf"the value {value} has no place in {wanted}"):
        KeptValues(np.dtype(wanted)).apply(np.array([[[0, value]]], given))


def test_the_largest_ids_pass_where_they_fit():
    ids = np.array([[[2**64 - 1, 2**53 + 1]]], np.uint64)
    np.testing.assert_array_equal(KeptValues(np.dtype(np.uint64)).apply(ids), ids)


def test_shorter_floats_lose_digits_and_nothing_else():
    voxels = np.array([[[0.1, np.nan, -np.inf]]], np.float64)
    np.testing.assert_array_equal(KeptValues(np.dtype(np.float32)).apply(voxels), voxels.astype(np.float32))


@settings(deadline=None)
@given(
    st.sampled_from(["uint8", "int16", "uint16", "uint32", "float32", "float64"]),
    st.sampled_from(["uint8", "int8", "uint16"]),
    st.tuples(st.integers(-50, 100), st.integers(101, 40_000)),
    st.integers(0, 2**32),
)
def test_a_range_is_spread_over_all_of_a_type(given, wanted, ends, seed):
    voxels = np.random.default_rng(seed).integers(0, 255, (3, 4, 5)).astype(given)
    low, high = ends
    limits = np.iinfo(wanted)
    share = (np.clip(voxels.astype(float), low, high) - low) / (high - low)
    expected = limits.min + share * (int(limits.max) - int(limits.min))

    mapped = MappedRange(np.dtype(wanted), low, high).apply(voxels)

    assert mapped.dtype == wanted
    np.testing.assert_allclose(mapped, expected, atol=0.5 + 1e-6)


def test_the_ends_of_a_range_are_the_ends_of_the_type():
    voxels = np.array([[[-9, 10, 20, 30, 99]]], np.int16)
    np.testing.assert_array_equal(MappedRange(np.dtype(np.uint8), 10, 30).apply(voxels), [[[0, 0, 128, 255, 255]]])
    np.testing.assert_array_equal(MappedRange(np.dtype(np.float32), 10, 30).apply(voxels), [[[0, 0, 0.5, 1, 1]]])


def test_a_voxel_that_is_no_number_has_no_place_in_a_range():
    with pytest.raises(DataError, match="NaN"):
        MappedRange(np.dtype(np.uint8), 0, 1).apply(np.array([[[np.nan]]], np.float32))


def test_large_arrays_are_mapped_as_small_ones_are():
    voxels = np.random.default_rng(0).normal(size=(3, 200, 300)).astype(np.float32)
    cast = MappedRange(np.dtype(np.uint8), -1, 1)
    np.testing.assert_array_equal(cast.apply(voxels)[1], cast.apply(voxels[1:2])[0])


def test_labels_have_no_range_and_a_range_has_two_ends():
    assert choose_cast(np.dtype("uint16"), np.dtype("uint8"), None, labels=True) == KeptValues(np.dtype("uint8"))
    with pytest.raises(ConfigError, match="labels of type uint32 are names"):
        choose_cast(np.dtype("uint32"), np.dtype("uint8"), (0, 9), labels=True)
    for ends in ((5, 5), (0, float("inf"))):
        with pytest.raises(ConfigError, match="low < high"):
            choose_cast(np.dtype("uint16"), np.dtype("uint8"), ends, labels=False)
