from collections import Counter
from itertools import product

import numpy as np
import pytest

from volumen.errors import ConfigError, OutputError
from volumen.geometry import Box, VoxelSize
from volumen.volumes import Layout, create_volume
from volumen.volumes.pyramid import CoarseVolume, plan_levels


def lay_out(shape, voxel_size=None, offset=None):
    size = None if voxel_size is None else VoxelSize(*voxel_size)
    return Layout(shape, np.dtype(np.uint8), (64, 64, 64), None, size, offset)


def save(array, tmp_path):
    volume = create_volume(tmp_path / "x.zarr", shape=array.shape, dtype=array.dtype, chunks=(4, 4, 4))
    volume.write(Box.whole(array.shape), array)
    return volume


def reduce_plainly(array, function):
    """Every 2×2×2 voxels, or what there is of them at an end, as one."""
    shape = [-(-extent // 2) for extent in array.shape]
    coarse = np.empty(shape, array.dtype)
    for place in product(*map(range, shape)):
        cell = array[tuple(slice(2 * start, 2 * start + 2) for start in place)]
        coarse[place] = function(cell.reshape(-1).tolist())
    return coarse


def vote(values):
    counts = Counter(values)
    return min(value for value, count in counts.items() if count == max(counts.values()))


def test_every_level_halves_the_one_below_rounding_up():
    levels = plan_levels(lay_out((100, 33, 7)), 3)
    assert [level.layout.shape for level in levels] == [(100, 33, 7), (50, 17, 4), (25, 9, 2)]
    assert [level.steps for level in levels] == [(1, 1, 1), (2, 2, 2), (4, 4, 4)]


def test_long_voxels_wait_until_the_short_ones_have_caught_up():
    levels = plan_levels(lay_out((100, 1000, 1000), (30, 4, 4)), 5)
    assert [tuple(level.layout.voxel_size) for level in levels] == [
        (30, 4, 4),
        (30, 8, 8),
        (30, 16, 16),
        (60, 32, 32),
        (120, 64, 64),
    ]


def test_the_middle_of_a_coarse_voxel_lies_between_those_it_covers():
    levels = plan_levels(lay_out((64, 64, 64), (10, 10, 10), (5.0, 0.0, 100.0)), 3)
    assert [level.layout.offset for level in levels] == [(5, 0, 100), (10, 5, 105), (20, 15, 115)]


def test_a_slice_stays_a_slice():
    levels = plan_levels(lay_out((1, 64, 64), (1, 5, 5)), 2)
    assert levels[1].layout.shape == (1, 32, 32)


def test_without_a_number_levels_go_on_until_the_last_is_an_overview():
    assert len(plan_levels(lay_out((100, 1000, 2000)), None)) == 4
    assert len(plan_levels(lay_out((100, 100, 100)), None)) == 1


def test_more_levels_than_there_can_be_are_refused():
    with pytest.raises(ConfigError, match=r"shape \(4, 1, 1\) has 3 levels at most; got 5"):
        plan_levels(lay_out((4, 1, 1)), 5)
    with pytest.raises(ConfigError, match="at least one level"):
        plan_levels(lay_out((4, 1, 1)), 0)


def test_intensities_are_averaged(tmp_path, rng):
    array = rng.random((9, 6, 5)).astype(np.float32)
    coarse = CoarseVolume(save(array, tmp_path), plan_levels(lay_out(array.shape), 2)[1], "mean")
    np.testing.assert_allclose(coarse.read(), reduce_plainly(array, np.mean), rtol=1e-6)


def test_whole_intensities_are_rounded_to_the_nearest(tmp_path, rng):
    array = rng.integers(0, 256, (8, 6, 5)).astype(np.uint8)
    coarse = CoarseVolume(save(array, tmp_path), plan_levels(lay_out(array.shape), 2)[1], "mean")
    np.testing.assert_array_equal(coarse.read(), reduce_plainly(array, lambda values: np.rint(np.mean(values))))


@pytest.mark.parametrize("dtype", ["uint8", "uint32", "uint64"])
def test_of_labels_the_most_frequent_is_taken_and_never_a_new_one(tmp_path, rng, dtype):
    array = rng.choice(np.array([0, 3, 200], dtype), (9, 6, 5))
    coarse = CoarseVolume(save(array, tmp_path), plan_levels(lay_out(array.shape), 2)[1], "mode")
    np.testing.assert_array_equal(coarse.read(), reduce_plainly(array, vote))


def test_a_box_of_a_coarse_volume_is_that_part_of_the_whole(tmp_path, rng):
    array = rng.integers(0, 256, (9, 8, 7)).astype(np.uint8)
    coarse = CoarseVolume(save(array, tmp_path), plan_levels(lay_out(array.shape), 2)[1], "mean")
    box = Box((1, 0, 2), (5, 3, 4))
    np.testing.assert_array_equal(coarse.read(box), coarse.read()[box.slices])
    with pytest.raises(OutputError, match="computed"):
        coarse.write(box, coarse.read(box))
