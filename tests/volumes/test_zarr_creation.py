import os

import numpy as np
import pytest
import zarr

from volumen.errors import OutputError, ShapeError
from volumen.geometry import Box, VoxelSize
from volumen.volumes import Layout, open_volume
from volumen.volumes.zarr_creation import create_zarr, plan_grid

SHAPE = (9, 11, 13)
LAYOUT = Layout(SHAPE, np.dtype(np.uint16), (4, 4, 4), None, VoxelSize(30, 8, 8), (1.0, 2.0, 3.0))


@pytest.fixture
def array(rng):
    return rng.integers(1, 60_000, SHAPE).astype(np.uint16)


@pytest.mark.parametrize(("version", "shards"), [(2, None), (3, None), (3, (8, 8, 8))])
def test_another_library_reads_what_we_wrote(tmp_path, array, version, shards):
    volume = create_zarr(str(tmp_path / "x.zarr"), LAYOUT, version=version, shards=shards, attributes={"more": 1})
    volume.write(Box.whole(SHAPE), array)

    opened = zarr.open_array(tmp_path / "x.zarr", mode="r")

    np.testing.assert_array_equal(opened[:], array)
    assert opened.metadata.zarr_format == version
    assert opened.chunks == (4, 4, 4)
    assert opened.shards == shards
    assert opened.attrs["voxel_size_nm"] == [30, 8, 8]
    assert opened.attrs["more"] == 1


@pytest.mark.parametrize(("version", "shards"), [(2, None), (3, (8, 8, 8))])
def test_we_read_it_as_it_was_laid_out(tmp_path, version, shards):
    create_zarr(str(tmp_path / "x.zarr"), LAYOUT, version=version, shards=shards)
    volume = open_volume(tmp_path / "x.zarr")
    assert volume.layout == LAYOUT
    assert volume.describe().shards == shards


def test_a_shard_is_one_file(tmp_path, array):
    volume = create_zarr(str(tmp_path / "x.zarr"), LAYOUT, shards=(12, 12, 16))
    volume.write(Box.whole(SHAPE), array)
    assert sum(len(files) for _, _, files in os.walk(tmp_path / "x.zarr" / "c")) == 1


def test_channels_lie_in_files_of_their_own(tmp_path):
    layout = Layout((4, 4, 4), np.dtype(np.uint8), (2, 2, 2), 3)
    for version, shards in ((2, None), (3, (4, 4, 4))):
        volume = create_zarr(str(tmp_path / f"{version}.zarr"), layout, version=version, shards=shards)
        volume.write(Box.whole((4, 4, 4)), np.arange(192, dtype=np.uint8).reshape(3, 4, 4, 4))
        np.testing.assert_array_equal(
            zarr.open_array(tmp_path / f"{version}.zarr", mode="r")[2, 1], volume.read()[2, 1]
        )


def test_chunks_and_shards_are_no_larger_than_the_array_needs():
    assert plan_grid((9, 100, 10), (64, 64, 64)).chunks == (9, 64, 10)
    grid = plan_grid((9, 100, 10), (4, 64, 64), (16, 256, 256))
    assert (grid.chunks, grid.shards) == ((4, 64, 10), (12, 128, 10))
    assert grid.unit == (12, 128, 10)


def test_shards_are_made_of_whole_chunks():
    with pytest.raises(ShapeError, match="whole chunks"):
        plan_grid((100, 100, 100), (64, 64, 64), (64, 64, 100))


def test_versions_are_not_mixed_in_one_group(tmp_path):
    create_zarr(str(tmp_path / "x.zarr" / "a"), LAYOUT, version=2)
    assert set(zarr.open_group(tmp_path / "x.zarr", mode="r").array_keys()) == {"a"}
    with pytest.raises(OutputError, match="is Zarr 2; an array of Zarr 3"):
        create_zarr(str(tmp_path / "x.zarr" / "b"), LAYOUT)
