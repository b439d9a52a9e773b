import json

import numpy as np
import pytest

from volumen.errors import ConfigError
from volumen.volumes import (
    IntensityMap,
    NoNormalisation,
    PercentileNormalisation,
    RangeNormalisation,
    ZScoreNormalisation,
    measure_intensity,
)


@pytest.fixture
def array(rng):
    return rng.integers(0, 1000, (9, 10, 11)).astype(np.uint16)


def test_percentiles_clip_and_scale_to_one(array):
    mapped = PercentileNormalisation(0.5, 99.5).fit(measure_intensity(array)).apply(array)
    low, high = np.percentile(array, (0.5, 99.5))
    np.testing.assert_allclose(mapped, (np.clip(array, low, high) - low) / (high - low), atol=1e-6)
    assert mapped.dtype == np.float32


def test_a_constant_volume_becomes_zero():
    array = np.full((4, 4, 4), 9, np.uint8)
    assert not PercentileNormalisation().fit(measure_intensity(array)).apply(array).any()


def test_zscore_has_mean_0_and_deviation_1(array):
    mapped = ZScoreNormalisation().fit(measure_intensity(array)).apply(array)
    assert mapped.mean() == pytest.approx(0, abs=1e-5)
    assert mapped.std() == pytest.approx(1, abs=1e-5)


def test_a_range_holds_whatever_the_volume(array):
    mapped = RangeNormalisation(100.0, 200.0).fit(measure_intensity(array)).apply(np.array([[[0, 150, 999]]]))
    np.testing.assert_allclose(mapped, [[[0, 0.5, 1]]], atol=1e-6)


@pytest.mark.parametrize("normalisation", [NoNormalisation(), ZScoreNormalisation(), PercentileNormalisation()])
def test_a_map_survives_json(array, normalisation):
    fitted = normalisation.fit(measure_intensity(array))
    assert IntensityMap.from_dict(json.loads(json.dumps(fitted.to_dict()))) == fitted


def test_limits_in_the_wrong_order_are_refused():
    with pytest.raises(ConfigError, match="low < high"):
        RangeNormalisation(3.0, 3.0)
    with pytest.raises(ConfigError, match="percentiles need"):
        PercentileNormalisation(99.0, 1.0)
