"""Copies of volumes: what they hold, what is refused, and what an interruption costs."""

import json
from dataclasses import replace

import numpy as np
import pytest
import tifffile
import zarr
from contract import draw_array
from foreign import OFFSET, VOXEL_SIZE, save_hdf5

from volumen.errors import ConfigError, DataError, ExistsError, FormatError, OutputError, ShapeError
from volumen.geometry import Box, VoxelSize
from volumen.volumes import ArrayVolume, ConvertOptions, convert_volume, create_volume, open_volume
from volumen.volumes.zarr_conversion import choose_block

ZARRS = ["x.zarr", "x.zarr/name", "x.ome.zarr"]
FILES = ["x.tif", "x.h5", "x.h5:a/b", "x.nii.gz", "x.npy"]


@pytest.fixture
def small_blocks(monkeypatch):
    """So that small volumes have several blocks."""
    monkeypatch.setattr("volumen.volumes.zarr_conversion._BLOCK_BYTES", 16 * 16 * 16)


@pytest.fixture
def array(rng):
    return rng.integers(0, 255, (40, 33, 36)).astype(np.uint8)


@pytest.fixture
def source(array, tmp_path):
    tifffile.imwrite(tmp_path / "source.tif", array, photometric="minisblack")
    return tmp_path / "source.tif"


def list_left(folder):
    return sorted(path.name for path in folder.iterdir() if path.name != "source.tif")


class Interruption(Exception):  # noqa: N818 - no error
    """Ctrl-C, as a test may raise it."""


def stop_at(block):
    def progress(done, total):
        if done >= block:
            raise Interruption

    return progress


@pytest.mark.parametrize("name", [*ZARRS, *FILES])
def test_a_copy_holds_what_the_source_holds(tmp_path, name):
    array = draw_array()
    converted = convert_volume(ArrayVolume(array, VOXEL_SIZE, offset=OFFSET), tmp_path / name)
    copy = open_volume(tmp_path / name)
    np.testing.assert_array_equal(copy.read(), array)
    assert copy.dtype == array.dtype
    if not name.endswith("npy"):
        assert copy.voxel_size == pytest.approx(VOXEL_SIZE)
    assert (converted.layout.shape, converted.done, converted.skipped) == (array.shape, 1, 0)
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith(".")]


@pytest.mark.parametrize("name", ["x.zarr", "x.npy"])
def test_a_copy_may_be_a_part_in_another_type(source, array, tmp_path, name):
    options = ConvertOptions(crop="3:30,1:33,0:20", dtype="uint16", range=(20, 220))
    convert_volume(source, tmp_path / name, options=options)
    expected = np.rint((np.clip(array[3:30, 1:33, :20].astype(float), 20, 220) - 20) / 200 * 65535)
    np.testing.assert_array_equal(open_volume(tmp_path / name).read(), expected)


def test_channels_are_copied(tmp_path, small_blocks):
    array = draw_array(channels=3)
    convert_volume(array, tmp_path / "x.ome.zarr", options=ConvertOptions(levels=2, chunks=(4, 4, 4)))
    np.testing.assert_array_equal(open_volume(tmp_path / "x.ome.zarr").read(), array)
    assert open_volume(tmp_path / "x.ome.zarr@1").layout.array_shape == (3, 5, 6, 7)


@pytest.mark.parametrize("version", [2, 3])
def test_a_pyramid_is_ome_zarr_that_others_read(tmp_path, small_blocks, version):
    array = draw_array("uint8")
    source = ArrayVolume(array, VoxelSize(8, 8, 8), offset=(80.0, 0.0, 16.0))
    options = ConvertOptions(levels=2, chunks=(4, 4, 4), zarr=version)
    convert_volume(source, tmp_path / "x.ome.zarr", options=options)

    group = zarr.open_group(tmp_path / "x.ome.zarr", mode="r")
    told = group.attrs["ome"]["multiscales"][0] if version == 3 else group.attrs["multiscales"][0]

    assert group.metadata.zarr_format == version
    assert (group.attrs["ome"] if version == 3 else told)["version"] == {2: "0.4", 3: "0.5"}[version]
    assert told["axes"] == [{"name": axis, "type": "space", "unit": "nanometer"} for axis in "zyx"]
    assert [level["coordinateTransformations"] for level in told["datasets"]] == [
        [{"type": "scale", "scale": [8, 8, 8]}, {"type": "translation", "translation": [80, 0, 16]}],
        [{"type": "scale", "scale": [16, 16, 16]}, {"type": "translation", "translation": [84, 4, 20]}],
    ]
    np.testing.assert_array_equal(group["0"][:], array)
    cell = array[:2, :2, :2].astype(float).mean()
    assert group["1"][0, 0, 0] == np.rint(cell)
    assert open_volume(tmp_path / "x.ome.zarr@1").voxel_size == VoxelSize(16, 16, 16)


@pytest.mark.parametrize(
    ("dtype", "labels", "coarse"),
    [("uint32", None, 7), ("uint32", False, 505), ("uint16", None, 505), ("uint16", True, 7)],
)
def test_large_ints_are_labels_unless_said_otherwise(tmp_path, dtype, labels, coarse):
    array = np.full((2, 2, 2), 7, dtype)
    array[1, 1, :], array[1, 0, 1] = 1000, 2003  # the mean of five 7s, two 1000s and a 2003 is 504.75
    convert_volume(array, tmp_path / "x.zarr", options=ConvertOptions(levels=2, labels=labels))
    assert open_volume(tmp_path / "x.zarr@1").read().item() == coarse


def test_ids_that_fit_may_be_shortened_and_others_not(tmp_path):
    convert_volume(np.array([[[0, 300]]], np.uint64), tmp_path / "a.zarr", options=ConvertOptions(dtype="uint16"))
    assert open_volume(tmp_path / "a.zarr").dtype == np.uint16
    sentinel = np.array([[[0, 2**64 - 1]]], np.uint64)
    with pytest.raises(DataError, match="the value 18446744073709551615 has no place in uint32"):
        convert_volume(sentinel, tmp_path / "b.zarr", options=ConvertOptions(dtype="uint32"))
    with pytest.raises(ConfigError, match="are names"):
        convert_volume(sentinel, tmp_path / "b.zarr", options=ConvertOptions(dtype="uint8", range=(0, 9)))
    assert list_left(tmp_path) == ["a.zarr"]


def test_a_copy_is_kept_in_chunks_and_shards_as_asked(source, array, tmp_path):
    convert_volume(source, tmp_path / "x.zarr", options=ConvertOptions(chunks=(8, 8, 8), shards=(16, 16, 16)))
    copy = open_volume(tmp_path / "x.zarr")
    assert (copy.chunks, copy.describe().shards) == ((8, 8, 8), (16, 16, 16))
    np.testing.assert_array_equal(copy.read(), array)


def test_a_copy_remembers_where_it_is_from(source, tmp_path):
    convert_volume(source, tmp_path / "x.zarr")
    noted = json.loads((tmp_path / "x.zarr" / "zarr.json").read_text())["attributes"]["volumen"]
    assert noted["conversion"]["source"]["spec"] == str(source)


def test_what_is_there_is_replaced_only_when_asked_and_only_at_the_end(source, array, tmp_path, small_blocks):
    old = np.ones((3, 3, 3), np.uint8)
    convert_volume(old, tmp_path / "x.zarr")
    with pytest.raises(ExistsError, match="--resume or --overwrite"):
        convert_volume(source, tmp_path / "x.zarr")
    overwrite = ConvertOptions(chunks=(16, 16, 16), overwrite=True)
    with pytest.raises(Interruption):
        convert_volume(source, tmp_path / "x.zarr", options=overwrite, progress=stop_at(2))
    np.testing.assert_array_equal(open_volume(tmp_path / "x.zarr").read(), old)

    converted = convert_volume(source, tmp_path / "x.zarr", options=replace(overwrite, overwrite=False, resume=True))

    assert converted.skipped == 2
    np.testing.assert_array_equal(open_volume(tmp_path / "x.zarr").read(), array)
    assert list_left(tmp_path) == ["x.zarr"]


def test_an_interrupted_copy_is_not_there_and_goes_on_where_it_was(source, array, tmp_path, small_blocks):
    options = ConvertOptions(levels=2, chunks=(16, 16, 16))
    told = []
    with pytest.raises(Interruption):
        convert_volume(source, tmp_path / "x.zarr", options=options, progress=stop_at(28))
    assert list_left(tmp_path) == [".x.zarr.converting"]
    with pytest.raises(ExistsError, match="was begun before; ask for --resume or --overwrite"):
        convert_volume(source, tmp_path / "x.zarr", options=options)

    again = ConvertOptions(levels=2, chunks=(16, 16, 16), resume=True)
    converted = convert_volume(
        source, tmp_path / "x.zarr", options=again, progress=lambda done, total: told.append((done, total))
    )

    assert (converted.done, converted.skipped) == (2 * 2 * 2 + 27 - 28, 28)
    assert told[-1] == (35, 35)
    np.testing.assert_array_equal(open_volume(tmp_path / "x.zarr").read(), array)
    convert_volume(source, tmp_path / "y.zarr", options=options)
    np.testing.assert_array_equal(open_volume(tmp_path / "x.zarr@1").read(), open_volume(tmp_path / "y.zarr@1").read())


def test_a_copy_that_is_whole_is_left_as_it_is(source, tmp_path):
    convert_volume(source, tmp_path / "x.zarr")
    converted = convert_volume(source, tmp_path / "x.zarr", options=ConvertOptions(resume=True))
    assert (converted.done, converted.skipped) == (0, 1)
    with pytest.raises(ConfigError, match=r'part.dtype: "uint8" → "uint16"'):
        convert_volume(source, tmp_path / "x.zarr", options=ConvertOptions(resume=True, dtype="uint16"))


def test_what_no_conversion_made_is_not_gone_on_with(source, tmp_path):
    create_volume(tmp_path / "x.zarr", shape=(2, 2, 2), dtype="uint8")
    with pytest.raises(ExistsError, match="no conversion made it"):
        convert_volume(source, tmp_path / "x.zarr", options=ConvertOptions(resume=True))
    (tmp_path / "y.zarr").mkdir()
    (tmp_path / "y.zarr" / "thesis.txt").touch()
    with pytest.raises(OutputError, match="is no Zarr; it is not overwritten"):
        convert_volume(source, tmp_path / "y.zarr", options=ConvertOptions(overwrite=True))


@pytest.mark.parametrize("begun", [True, False])
def test_a_source_that_changed_is_refused_with_the_difference(source, array, tmp_path, small_blocks, begun):
    if begun:
        with pytest.raises(Interruption):
            convert_volume(source, tmp_path / "x.zarr", progress=stop_at(1))
    else:
        convert_volume(source, tmp_path / "x.zarr")
    array[5, 5, 5] ^= 1
    tifffile.imwrite(source, array, photometric="minisblack")
    with pytest.raises(ConfigError, match=r'source.voxels: "\w+" → "\w+"'):
        convert_volume(source, tmp_path / "x.zarr", options=ConvertOptions(resume=True))


def test_other_settings_are_refused_with_the_difference(source, tmp_path, small_blocks):
    with pytest.raises(Interruption):
        convert_volume(source, tmp_path / "x.zarr", options=ConvertOptions(chunks=(16, 16, 16)), progress=stop_at(2))
    with pytest.raises(ConfigError, match=r"chunks: \[16, 16, 16\] → \[64, 64, 64\]"):
        convert_volume(source, tmp_path / "x.zarr", options=ConvertOptions(resume=True))


def test_two_writers_of_one_copy_are_refused(source, tmp_path):
    def write_again(done, total):
        convert_volume(source, tmp_path / "x.zarr", options=ConvertOptions(resume=True))

    with pytest.raises(OutputError, match=r"x\.zarr is being written by process"):
        convert_volume(source, tmp_path / "x.zarr", progress=write_again)
    with pytest.raises(OutputError, match=r"x\.tif is being written by process"):
        convert_volume(
            source, tmp_path / "x.tif", progress=lambda done, total: convert_volume(source, tmp_path / "x.tif")
        )


def test_a_voxel_that_fits_nowhere_leaves_nothing(source, tmp_path):
    for name in ("x.zarr", "x.tif"):
        with pytest.raises(DataError, match=r"source.tif, box .*: the value \d+ has no place in int8"):
            convert_volume(source, tmp_path / name, options=ConvertOptions(dtype="int8"))
    assert list_left(tmp_path) == []


def test_files_are_written_whole_and_know_nothing_of_chunks_or_workers(source, tmp_path):
    for more in ({"chunks": (8, 8, 8)}, {"levels": 2}, {"resume": True}, {"workers": 2}, {"zarr": 2}):
        with pytest.raises(ConfigError, match=f"{next(iter(more))}: only a Zarr has that"):
            convert_volume(source, tmp_path / "x.tif", options=ConvertOptions(**more))
    convert_volume(source, tmp_path / "x.tif")
    with pytest.raises(ExistsError):
        convert_volume(source, tmp_path / "x.tif")
    convert_volume(source, tmp_path / "x.tif", options=ConvertOptions(overwrite=True))


@pytest.mark.parametrize(
    ("target", "options", "error", "message"),
    [
        ("x.zarr", {"crop": "0:41,0:9,0:9"}, ShapeError, "crop 0:41,0:9,0:9 must hold voxels"),
        ("x.zarr", {"crop": "5:5,0:9,0:9"}, ShapeError, "must hold voxels"),
        ("x.zarr", {"dtype": "uint9"}, DataError, "no type of voxels"),
        ("x.zarr", {"shards": (100, 64, 64)}, ShapeError, "whole chunks"),
        ("x.zarr", {"levels": 99}, ConfigError, "levels at most"),
        ("x.zarr", {"workers": 0}, ConfigError, "at least one worker"),
        ("x.zarr", {"range": (9, 3)}, ConfigError, "low < high"),
        ("x.jpg", {}, FormatError, "must be one of"),
        ("s3://bucket/x.zarr", {}, FormatError, "written to this machine"),
        ("/proc/x.zarr", {}, OutputError, "cannot be written"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(source, tmp_path, target, options, error, message):
    with pytest.raises(error, match=message):
        convert_volume(source, target if "/" in target else tmp_path / target, options=ConvertOptions(**options))
    assert list_left(tmp_path) == []


@pytest.mark.parametrize("options", [{"resume": True, "overwrite": True}, {"zarr": 2, "shards": (8, 8, 8)}])
def test_options_that_exclude_each_other_are_refused(options):
    with pytest.raises(ConfigError):
        ConvertOptions(**options)
    with pytest.raises(ShapeError, match="at least one voxel"):
        ConvertOptions(chunks=(0, 8, 8))


def test_a_dataset_of_a_file_is_copied_into_a_group(tmp_path):
    array = draw_array()
    convert_volume(save_hdf5(tmp_path, array), tmp_path / "all.zarr/em/raw")
    np.testing.assert_array_equal(zarr.open_group(tmp_path / "all.zarr", mode="r")["em/raw"][:], array)


def test_blocks_are_whole_units_and_as_long_as_there_is_room():
    shape, million = (1024, 1024, 1024), 2**20
    assert choose_block(shape, (64, 64, 64), (64, 64, 64), voxels=32 * million) == (64, 512, 1024)
    assert choose_block(shape, (64, 64, 64), (128, 128, 128), voxels=32 * million) == (128, 256, 1024)
    assert choose_block(shape, (64, 64, 64), (1, 1024, 1024), voxels=64 * million) == (64, 1024, 1024)
    assert choose_block(shape, (256, 256, 256), (64, 64, 64), voxels=million) == (256, 256, 256)
    assert choose_block((40, 33, 36), (16, 16, 16), (1, 33, 36), voxels=million) == (48, 48, 48)


def test_one_block_after_another_is_read_once(source, array, tmp_path, small_blocks):
    seen = np.zeros(array.shape, int)

    class Counted(ArrayVolume):
        def _read(self, box: Box):
            seen[box.slices] += 1
            return super()._read(box)

    counted = Counted(array)
    convert_volume(counted, tmp_path / "x.zarr", options=ConvertOptions(chunks=(16, 16, 16)))
    assert set(np.unique(seen)) <= {1, 2}  # once copied, and once by the probe that identifies the source
