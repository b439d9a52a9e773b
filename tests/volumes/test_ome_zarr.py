"""OME-Zarr as other programs lay it out on disk."""

import json

import numpy as np
import pytest
import zarr
from contract import SHAPE, draw_array
from foreign import OFFSET, VOXEL_SIZE, save_ome_zarr, save_zarr

from volumen.errors import FormatError, MissingError, ShapeError
from volumen.geometry import VoxelSize
from volumen.volumes import open_volume


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_every_level_opens_with_its_own_voxel_size(version, tmp_path):
    spec = save_ome_zarr(tmp_path, draw_array(), version=version, levels=3)
    for level in range(3):
        volume = open_volume(f"{spec}@{level}")
        step = 2**level
        np.testing.assert_array_equal(volume.read(), draw_array()[::step, ::step, ::step])
        assert tuple(volume.voxel_size) == pytest.approx([edge * step for edge in VOXEL_SIZE])
        assert volume.offset == pytest.approx(OFFSET)
    assert open_volume(spec).shape == SHAPE
    assert open_volume(spec).describe().format == f"OME-Zarr {version} (Zarr {2 if version == '0.4' else 3})"


def test_a_level_that_is_not_there_names_those_that_are(tmp_path):
    with pytest.raises(MissingError, match="no level 2; the levels are 0 to 1"):
        open_volume(save_ome_zarr(tmp_path, draw_array(), levels=2) + "@2")


def test_a_level_opened_by_its_folder_knows_its_place(tmp_path):
    spec = save_ome_zarr(tmp_path, draw_array(), levels=2)
    assert open_volume(f"{spec}/1").voxel_size == open_volume(f"{spec}@1").voxel_size
    assert open_volume(f"{spec}/1").shape == (5, 6, 7)


def test_an_array_has_no_levels(tmp_path):
    with pytest.raises(FormatError, match="an array, which has no levels"):
        open_volume(save_zarr(tmp_path, draw_array()) + "@1")
    zarr.create_group(tmp_path / "y.zarr")
    with pytest.raises(FormatError, match="a group without multiscales"):
        open_volume(f"{tmp_path}/y.zarr@1")


def test_channels_stay_and_one_channel_goes(tmp_path):
    assert open_volume(save_ome_zarr(tmp_path / "two", draw_array(channels=2))).channels == 2
    assert open_volume(save_ome_zarr(tmp_path / "one", draw_array(channels=1))).channels is None


def test_a_channel_is_chosen(tmp_path):
    array = draw_array(channels=2)
    spec = save_ome_zarr(tmp_path, array)
    np.testing.assert_array_equal(open_volume(f"{spec}?channel=1").read(), array[1])


def test_several_time_points_must_be_chosen(tmp_path):
    spec = save_ome_zarr(tmp_path, np.stack([draw_array()[None], draw_array()[None] + 1]))
    with pytest.raises(ShapeError, match="has 2 time points"):
        open_volume(spec)
    np.testing.assert_array_equal(open_volume(f"{spec}?time=1").read(), draw_array() + 1)


def test_an_image_of_a_converter_lies_in_a_numbered_group(tmp_path):
    save_ome_zarr(tmp_path, draw_array())
    (tmp_path / "x.zarr").rename(tmp_path / "0")
    root = zarr.create_group(tmp_path / "y.zarr", zarr_format=2)
    root.attrs["bioformats2raw.layout"] = 3
    (tmp_path / "0").rename(tmp_path / "y.zarr" / "0")
    np.testing.assert_array_equal(open_volume(tmp_path / "y.zarr").read(), draw_array())


def test_labels_open_by_their_path_and_a_group_of_images_names_them(tmp_path):
    spec = save_ome_zarr(tmp_path, draw_array())
    labels = save_ome_zarr(tmp_path / "l", draw_array() // 40)
    zarr.create_group(tmp_path / "x.zarr" / "labels", zarr_format=2).attrs["labels"] = ["mito"]
    (tmp_path / "l" / "x.zarr").rename(tmp_path / "x.zarr" / "labels" / "mito")
    np.testing.assert_array_equal(open_volume(f"{spec}/labels/mito").read(), draw_array() // 40)
    with pytest.raises(FormatError, match="labels/mito"):
        open_volume(f"{spec}/labels")
    assert labels


def test_a_level_that_the_attributes_name_in_vain_is_told(tmp_path):
    spec = save_ome_zarr(tmp_path, draw_array())
    attributes = json.loads((tmp_path / "x.zarr" / ".zattrs").read_text())
    attributes["multiscales"][0]["datasets"][0]["path"] = "s9"
    (tmp_path / "x.zarr" / ".zattrs").write_text(json.dumps(attributes))
    with pytest.raises(FormatError, match="names its level 0 's9', and no array is there"):
        open_volume(spec)


def test_axes_named_in_zarr_3_are_followed(tmp_path):
    spec = save_zarr(tmp_path, draw_array().T, chunks=(6, 5, 4), dimension_names=["x", "y", "z"])
    np.testing.assert_array_equal(open_volume(spec).read(), draw_array())


def test_axes_that_nobody_names_are_given(tmp_path):
    stored = np.moveaxis(draw_array(channels=1), 0, -1).transpose(2, 1, 0, 3)
    spec = save_zarr(tmp_path, stored, version=2, chunks=(6, 5, 4, 1))
    np.testing.assert_array_equal(open_volume(f"{spec}?axes=xyzc").read()[0], draw_array())
    np.testing.assert_array_equal(open_volume(f"{spec}?axes=xyzc&channel=0").read(), draw_array())


def test_a_voxel_size_of_the_user_s_own_stands_in(tmp_path):
    spec = save_zarr(tmp_path, draw_array())
    assert open_volume(f"{spec}?voxel_size=9,9,20").voxel_size == VoxelSize(9.0, 9.0, 20.0)
