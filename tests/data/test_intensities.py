import logging

import numpy as np
import pytest

from volumen.config import Component
from volumen.data import Case, fit_normalisations
from volumen.errors import DataError

PERCENTILE = Component(name="percentile", options={"low": 0.5, "high": 99.5})


def make_case(path) -> Case:
    return Case(path.stem, str(path), {})


def test_each_case_is_mapped_by_its_own_intensities(write_volume):
    dark, bright = (
        make_case(write_volume(f"{name}.tif", np.linspace(low, high, 1000, dtype=np.float32).reshape(10, 10, 10)))
        for name, low, high in (("dark", 0, 10), ("bright", 1000, 3000))
    )
    maps = fit_normalisations([dark, bright], PERCENTILE)
    for name, low, high in (("dark", 0, 10), ("bright", 1000, 3000)):
        mapped = maps[name].apply(np.linspace(low, high, 8, dtype=np.float32).reshape(2, 2, 2))
        assert mapped.dtype == np.float32
        assert mapped.min() == pytest.approx(0, abs=0.01)
        assert mapped.max() == pytest.approx(1, abs=0.01)


def test_a_value_that_is_no_number_names_the_case(write_volume):
    broken = np.zeros((2, 2, 2), np.float32)
    broken[1, 1, 1] = np.nan
    with pytest.raises(DataError, match="case broken: "):
        fit_normalisations([make_case(write_volume("broken.tif", broken))], PERCENTILE)


def test_a_constant_case_is_used_with_a_warning(write_volume, caplog):
    with caplog.at_level(logging.WARNING):
        maps = fit_normalisations([make_case(write_volume("flat.tif", (2, 2, 2)))], PERCENTILE)
    assert "case flat" in caplog.text
    assert np.isfinite(maps["flat"].apply(np.zeros((2, 2, 2), np.uint8))).all()


def test_progress_counts_cases(scrolls, write_volume):
    seen = []
    cases = [make_case(scrolls / "train_images" / f"s{i}.tif") for i in range(2)]
    fit_normalisations(cases, PERCENTILE, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]
