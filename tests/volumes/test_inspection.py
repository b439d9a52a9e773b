import json

import numpy as np
import pytest
from contract import draw_array
from foreign import VOXEL_SIZE, save_npy, save_ome_zarr, save_zarr

from volumen.errors import MissingError
from volumen.volumes import ArrayVolume, create_volume, inspect_volume, inspection
from volumen.volumes.inspection import sample_voxels, sum_up


def test_a_pyramid_is_told_with_its_levels(tmp_path):
    facts = inspect_volume(save_ome_zarr(tmp_path, draw_array(), levels=2))
    assert (facts.format, facts.shape, facts.channels, facts.dtype) == (
        "OME-Zarr 0.4 (Zarr 2)",
        (9, 11, 13),
        None,
        "uint16",
    )
    assert (facts.nbytes, facts.chunks, facts.shards) == (9 * 11 * 13 * 2, (4, 5, 6), None)
    assert [level.shape for level in facts.levels] == [(9, 11, 13), (5, 6, 7)]
    assert tuple(facts.levels[1].voxel_size) == pytest.approx([edge * 2 for edge in VOXEL_SIZE])
    assert (facts.missing.count, facts.missing.total) == (0, 27)


def test_values_are_those_of_all_voxels_of_a_small_volume(tmp_path):
    array = draw_array()
    values = inspect_volume(save_npy(tmp_path, array)).values
    assert (values.voxels, values.share, values.low, values.high) == (array.size, 1, array.min(), array.max())
    assert values.mean == pytest.approx(array.mean())
    assert values.zero_share == pytest.approx((array == 0).mean())
    assert values.distinct == np.unique(array).size
    counts, edges = np.histogram(array, bins=16)
    assert values.counts == tuple(counts)
    assert values.edges == pytest.approx(edges)


def test_a_large_volume_is_sampled(monkeypatch):
    monkeypatch.setattr(inspection, "_SAMPLE_VOXELS", 1000)
    volume = ArrayVolume(np.arange(64**3, dtype=np.uint32).reshape(64, 64, 64))
    voxels = sample_voxels(volume)
    assert 100 < voxels.size <= 1000
    values = sum_up(voxels, 64**3)
    assert values.share == voxels.size / 64**3
    assert values.distinct == voxels.size


def test_a_chunk_larger_than_the_sample_is_cut(monkeypatch, tmp_path):
    monkeypatch.setattr(inspection, "_SAMPLE_VOXELS", 1000)
    volume = create_volume(tmp_path / "x.zarr", shape=(40, 300, 500), dtype="uint8", channels=2, chunks=(40, 300, 500))
    assert 0 < sample_voxels(volume).size <= 1000


def test_ids_of_64_bits_are_counted_exactly():
    ids = np.array([0, 2**64 - 1, 2**64 - 2, 2**64 - 2, 7], np.uint64)
    values = sum_up(ids, 5)
    assert (values.low, values.high, values.distinct, values.zero_share) == (0, 2**64 - 1, 4, pytest.approx(0.2))


def test_what_is_no_number_is_counted_apart():
    values = sum_up(np.array([np.nan, np.inf, 1, 0], np.float32), 4)
    assert (values.not_finite, values.low, values.high, values.zero_share, values.distinct) == (2, 0, 1, 0.5, None)
    empty = sum_up(np.array([np.nan], np.float32), 1)
    assert (empty.low, empty.high, empty.mean, empty.counts, empty.edges) == (None, None, None, (), [])


def test_an_empty_volume_has_no_values(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((0, 4, 5), np.uint8))
    values = inspect_volume(tmp_path / "x.npy").values
    assert (values.voxels, values.share, values.low, values.distinct) == (0, 1, None, 0)


def test_a_constant_volume_has_one_bin():
    values = sum_up(np.full(9, 5, np.uint8), 9)
    assert (values.counts, values.edges) == ((9,), [5, 5])


def test_a_range_past_what_floats_hold_has_no_bins():
    assert sum_up(np.array([-1.7e308, 1.7e308]), 2).counts == ()


def test_the_facts_are_plain_for_json(tmp_path):
    facts = inspect_volume(save_ome_zarr(tmp_path, draw_array(), levels=2))
    told = json.loads(json.dumps(facts.to_dict()))
    assert told["voxel_size"] == pytest.approx(list(VOXEL_SIZE))
    assert told["levels"][1]["shape"] == [5, 6, 7]
    assert told["values"]["counts"] == list(facts.values.counts)
    assert len(told["values"]["edges"]) == 17
    assert (
        json.loads(json.dumps(inspect_volume(save_zarr(tmp_path / "z", draw_array())).to_dict()))["voxel_size"] is None
    )


def test_what_is_not_there_is_missing(tmp_path):
    with pytest.raises(MissingError):
        inspect_volume(tmp_path / "x.zarr")
