import json
import math

import numpy as np
import pytest

from volumen.config import Component, build_component, check_component
from volumen.errors import ConfigError
from volumen.volumes import (
    IntensityMap,
    NoNormalisation,
    Normalisation,
    PercentileNormalisation,
    RangeNormalisation,
    ZScoreNormalisation,
    measure_intensity,
)

EVERY = [PercentileNormalisation(), ZScoreNormalisation(), RangeNormalisation(low=0.0, high=200.0), NoNormalisation()]


@pytest.fixture
def array(rng):
    return rng.integers(0, 256, (20, 30, 40)).astype(np.uint8)


def test_percentiles_clip_and_scale_to_0_and_1(array):
    low, high = np.percentile(array, [0.5, 99.5])
    mapped = PercentileNormalisation(low=0.5, high=99.5).fit(measure_intensity(array)).apply(array)
    np.testing.assert_allclose(mapped, (np.clip(array, low, high) - low) / (high - low), atol=1e-6)
    assert (mapped.min(), mapped.max()) == (0, 1)


def test_z_scores_have_mean_0_and_deviation_1(array):
    mapped = ZScoreNormalisation().fit(measure_intensity(array)).apply(array)
    assert mapped.mean(dtype=np.float64) == pytest.approx(0, abs=1e-5)
    assert mapped.std(dtype=np.float64) == pytest.approx(1, abs=1e-5)


def test_a_range_is_taken_as_given(array):
    mapped = RangeNormalisation(low=50.0, high=150.0).fit(measure_intensity(array)).apply(array)
    np.testing.assert_allclose(mapped, (np.clip(array.astype(float), 50, 150) - 50) / 100, atol=1e-6)


def test_no_normalisation_changes_nothing_but_the_type(array):
    np.testing.assert_array_equal(NoNormalisation().fit(measure_intensity(array)).apply(array), array)


@pytest.mark.parametrize("choice", EVERY, ids=lambda choice: type(choice).__name__)
@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "uint64", "float16", "float32", "float64"])
def test_any_type_becomes_float32_and_stays_as_it_was(choice, dtype):
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    mapped = choice.fit(measure_intensity(array)).apply(array)
    assert mapped.dtype == np.float32
    assert np.isfinite(mapped).all()
    np.testing.assert_array_equal(array, np.arange(24).reshape(2, 3, 4))


@pytest.mark.parametrize("choice", EVERY[:2], ids=lambda choice: type(choice).__name__)
@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_a_constant_volume_becomes_zeros(choice, dtype):
    array = np.full((3, 4, 5), 0.1 if dtype.startswith("float") else 7, dtype)
    assert not choice.fit(measure_intensity(array)).apply(array).any()


@pytest.mark.parametrize("choice", EVERY, ids=lambda choice: type(choice).__name__)
def test_a_patch_is_mapped_as_the_whole_is(choice, array):
    mapping = choice.fit(measure_intensity(array))
    np.testing.assert_array_equal(mapping.apply(array[3:9, 2:5, :7]), mapping.apply(array)[3:9, 2:5, :7])


@pytest.mark.parametrize("choice", EVERY, ids=lambda choice: type(choice).__name__)
def test_a_map_is_plain_json_and_reads_back(choice, array):
    mapping = choice.fit(measure_intensity(array))
    assert IntensityMap.from_dict(json.loads(json.dumps(mapping.to_dict(), allow_nan=False))) == mapping


def test_an_end_without_bound_is_null():
    assert IntensityMap(-math.inf, math.inf, 0.0, 1.0).to_dict() == {"low": None, "high": None, "shift": 0, "scale": 1}


@pytest.mark.parametrize("values", [{}, {"low": 0.0, "high": 1.0, "shift": 0.0, "scale": 0.0}])
def test_a_damaged_map_is_refused(values):
    with pytest.raises(ConfigError, match="an intensity map needs"):
        IntensityMap.from_dict(values)


@pytest.mark.parametrize(("low", "high"), [(99.5, 0.5), (-1.0, 50.0), (0.0, 101.0), (5.0, 5.0)])
def test_percentiles_out_of_order_are_refused(low, high):
    with pytest.raises(ConfigError, match="percentiles need"):
        PercentileNormalisation(low=low, high=high)


@pytest.mark.parametrize(("low", "high"), [(1.0, 1.0), (2.0, 1.0), (-math.inf, 1.0), (math.nan, 1.0)])
def test_a_range_out_of_order_is_refused(low, high):
    with pytest.raises(ConfigError, match="low < high"):
        RangeNormalisation(low=low, high=high)


@pytest.mark.parametrize("name", ["none", "percentile", "zscore"])
def test_recipes_reach_them_by_name(name):
    assert isinstance(build_component("normalisation", Component(name=name)), Normalisation)


def test_a_recipes_options_are_checked():
    assert not check_component("normalisation", Component(name="percentile", options={"low": 1, "high": 99.9}))
    assert "needs the option 'high'" in check_component("normalisation", Component(name="range", options={"low": 1}))[0]
