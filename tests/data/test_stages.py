import numpy as np
import pytest

from volumen.config import DataSection
from volumen.data import find_cases
from volumen.data.drawing import draw_sample
from volumen.data.encoding import Wanted
from volumen.data.loader import plan_samples
from volumen.data.patches import PatchReader
from volumen.data.stages import ReadingLoad, measure_excess, measure_reading, time_sample
from volumen.volumes import create_volume


@pytest.fixture
def plan(scrolls):
    config = DataSection.model_validate({"patch_size": 8, "augmentations": ["flip", "noise"]})
    return plan_samples(find_cases(scrolls), config, wanted=Wanted(("labels",)), seed=1, training=True)


def test_a_sample_that_is_timed_is_the_one_that_loaders_give(plan):
    sample, seconds = time_sample(plan, 3, PatchReader(1 << 20))
    usual, _ = draw_sample(plan, 3, PatchReader(1 << 20))
    np.testing.assert_array_equal(sample.image, usual.image)
    np.testing.assert_array_equal(sample.labels["labels"], usual.labels["labels"])
    assert min(seconds.read, seconds.augment, seconds.encode) > 0


def test_volumes_that_are_kept_cost_nothing_to_read_again(plan):
    load = measure_reading(plan, DataSection(), workers=2)
    assert load.volumes == 5 * 2 * 12 * 14 * 16
    assert load.unkept == 0
    assert load.advise() is None


def test_volumes_that_are_not_kept_are_judged_by_their_chunks(tmp_path):
    for folder in ("images", "labels"):
        (tmp_path / folder).mkdir()
        create_volume(tmp_path / folder / "a.zarr", shape=(32, 32, 32), dtype="uint8", chunks=(32, 32, 32))
    config = DataSection(patch_size=(4, 4, 4), cache_bytes=4000)
    plan = plan_samples(find_cases(tmp_path), config, wanted=Wanted(("labels",)), seed=1, training=True)
    load = measure_reading(plan, config, workers=0)
    assert load.unkept == 2
    assert load.excess == 8**3
    assert "512 voxels for each one of a patch" in str(load.advise())


def test_more_volumes_than_a_process_keeps_are_told():
    load = ReadingLoad(volumes=8 << 30, kept=1 << 30, unkept=7, excess=3.4, worst="a.zarr")
    assert "8.0 GiB and a process keeps 1.0 GiB" in str(load.advise())


@pytest.mark.parametrize(
    ("patch", "chunks", "shape", "excess"),
    [
        ((1, 1, 1), (1, 1, 1), (9, 9, 9), 1.0),
        ((4, 4, 4), (1, 8, 8), (64, 8, 8), 4.0),
        ((128, 128, 128), (64, 64, 64), (1024, 1024, 1024), (191 / 128) ** 3),
    ],
)
def test_the_excess_is_the_mean_over_all_places(patch, chunks, shape, excess):
    assert measure_excess(patch, chunks, shape) == pytest.approx(excess, rel=0.01)
