import json
import os

import numpy as np
import pytest
import tensorstore
from contract import draw_array
from foreign import VOXEL_SIZE, save_zarr_v2

from volumen.errors import ExistsError, FormatError, MissingError, OutputError, ShapeError
from volumen.geometry import Box, VoxelSize
from volumen.volumes import create_group, create_volume, export_volume, list_arrays, open_volume, read_attributes


def count_files(folder):
    return sum(len(files) for _, _, files in os.walk(folder))


def test_a_chunk_is_64_cubed_unless_said_or_larger_than_the_volume(tmp_path):
    assert create_volume(tmp_path / "a.zarr", shape=(100, 70, 10), dtype="uint8").chunks == (64, 64, 10)
    assert create_volume(tmp_path / "b.zarr", shape=(9, 9, 9), dtype="uint8", chunks=(4, 9, 2)).chunks == (4, 9, 2)
    assert open_volume(tmp_path / "b.zarr").chunks == (4, 9, 2)


def test_an_untouched_volume_reads_as_zeros_and_takes_one_file(tmp_path):
    volume = create_volume(tmp_path / "x.zarr", shape=(9, 9, 9), dtype="float32")
    assert not volume.read().any()
    assert count_files(tmp_path) == 1


def test_channels_lie_in_chunks_of_their_own(tmp_path):
    volume = create_volume(tmp_path / "x.zarr", shape=(4, 4, 4), dtype="uint8", channels=3)
    volume.write(Box.whole((4, 4, 4)), np.ones((3, 4, 4, 4), np.uint8))
    assert count_files(tmp_path / "x.zarr" / "c") == 3


def test_a_path_may_go_up_and_down(tmp_path, monkeypatch):
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    create_volume("../x.zarr", shape=(4, 4, 4), dtype="uint8")
    assert open_volume("../below/../x.zarr").read().shape == (4, 4, 4)


def test_the_metadata_is_plain_zarr_v3(tmp_path):
    create_volume(tmp_path / "x.zarr", shape=(4, 5, 6), dtype="uint16", voxel_size=VOXEL_SIZE, offset=(1.0, 2.0, 3.0))
    metadata = json.loads((tmp_path / "x.zarr" / "zarr.json").read_text())
    assert metadata["dimension_names"] == ["z", "y", "x"]
    assert metadata["attributes"] == {"voxel_size_nm": [30, 8, 8.25], "offset_nm": [1, 2, 3]}


def test_a_voxel_size_in_v2_attributes_is_read(tmp_path):
    save_zarr_v2(tmp_path / "x.zarr", draw_array())
    (tmp_path / "x.zarr" / ".zattrs").write_text('{"voxel_size_nm": [3, 2, 1]}')
    assert open_volume(tmp_path / "x.zarr").voxel_size == VoxelSize(3.0, 2.0, 1.0)


def test_a_2d_array_opens_with_one_slice(tmp_path):
    save_zarr_v2(tmp_path / "x.zarr", draw_array()[0])
    volume = open_volume(tmp_path / "x.zarr", writable=True)
    assert volume.shape == (1, 11, 13)
    np.testing.assert_array_equal(volume.read(Box((0, 2, 3), (1, 5, 9))), draw_array()[:1, 2:5, 3:9])
    volume.write(Box((0, 2, 3), (1, 5, 9)), np.zeros((1, 3, 6), np.uint16))
    assert not volume.read(Box((0, 2, 3), (1, 5, 9))).any()


def test_a_bool_array_of_another_writer_reads_as_uint8(tmp_path):
    save_zarr_v2(tmp_path / "x.zarr", draw_array() > 60)
    volume = open_volume(tmp_path / "x.zarr", writable=True)
    assert volume.dtype == np.uint8
    np.testing.assert_array_equal(volume.read(), draw_array() > 60)
    volume.write(Box.whole(volume.shape), np.ones(volume.shape, np.uint8))
    assert volume.read().all()


def test_five_axes_are_no_volume(tmp_path):
    save_zarr_v2(tmp_path / "x.zarr", np.zeros((1, 1, 2, 2, 2), np.uint8))
    with pytest.raises(ShapeError, match=r"shape \(1, 1, 2, 2, 2\)"):
        open_volume(tmp_path / "x.zarr")


def test_a_folder_needs_no_suffix_when_it_is_a_zarr(tmp_path):
    save_zarr_v2(tmp_path / "plain", draw_array())
    np.testing.assert_array_equal(open_volume(tmp_path / "plain").read(), draw_array())


def test_a_group_of_one_array_opens_as_that_array(tmp_path):
    create_group(tmp_path / "x.zarr", {})
    export_volume(draw_array(), tmp_path / "x.zarr" / "image")
    np.testing.assert_array_equal(open_volume(tmp_path / "x.zarr").read(), draw_array())


def test_a_group_of_several_names_them(tmp_path):
    for name in ("labels", "image"):
        export_volume(draw_array(), tmp_path / "x.zarr" / name)
    with pytest.raises(FormatError, match=r"group of 2 arrays.*x\.zarr/image, .*x\.zarr/labels"):
        open_volume(tmp_path / "x.zarr")
    assert list_arrays(tmp_path / "x.zarr") == ["image", "labels"]


def test_an_empty_group_says_so(tmp_path):
    create_group(tmp_path / "x.zarr", {})
    with pytest.raises(FormatError, match="group of 0 arrays; name one of them: none"):
        open_volume(tmp_path / "x.zarr")


def test_an_array_is_not_put_inside_an_array(tmp_path):
    create_volume(tmp_path / "x.zarr", shape=(2, 2, 2), dtype="uint8")
    with pytest.raises(OutputError, match="is an array"):
        create_volume(tmp_path / "x.zarr" / "y", shape=(2, 2, 2), dtype="uint8")


def test_an_array_deep_in_groups_has_every_group_above_it(tmp_path):
    create_volume(tmp_path / "x.zarr" / "a" / "b", shape=(2, 2, 2), dtype="uint8")
    assert read_attributes(tmp_path / "x.zarr") == read_attributes(tmp_path / "x.zarr" / "a") == {}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"zarr_format": 3}', '{"zarr_format": 3, "node_type": "array"}'])
def test_damaged_metadata_is_told_in_one_line(text, tmp_path):
    (tmp_path / "x.zarr").mkdir()
    (tmp_path / "x.zarr" / "zarr.json").write_text(text)
    with pytest.raises(FormatError, match=r"x\.zarr") as caught:
        open_volume(tmp_path / "x.zarr")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_cut_metadata_is_never_a_foreign_error(tmp_path):
    create_volume(tmp_path / "x.zarr", shape=(2, 2, 2), dtype="uint8")
    path = tmp_path / "x.zarr" / "zarr.json"
    content = path.read_bytes()
    for length in range(0, len(content) - 1, 7):
        path.write_bytes(content[:length])
        with pytest.raises(FormatError):
            open_volume(tmp_path / "x.zarr")


def test_a_damaged_chunk_is_our_error(tmp_path):
    volume = create_volume(tmp_path / "x.zarr", shape=(4, 4, 4), dtype="uint8")
    volume.write(Box.whole((4, 4, 4)), np.ones((4, 4, 4), np.uint8))
    chunk = tmp_path / "x.zarr" / "c" / "0" / "0" / "0"
    chunk.write_bytes(chunk.read_bytes()[:10])
    with pytest.raises(FormatError, match=r"x\.zarr cannot be read as Zarr.*blosc") as caught:
        volume.read()
    assert "tensorstore_spec" not in str(caught.value)


@pytest.mark.parametrize("dtype", ["complex64", "bfloat16"])
def test_types_that_are_no_ints_or_floats_are_refused(dtype, tmp_path):
    grid = {"name": "regular", "configuration": {"chunk_shape": [2, 2, 2]}}
    metadata = {"shape": [2, 2, 2], "data_type": dtype, "chunk_grid": grid}
    spec = {"driver": "zarr3", "kvstore": {"driver": "file", "path": f"{tmp_path}/x.zarr/"}, "metadata": metadata}
    tensorstore.open(spec | {"create": True}).result()
    with pytest.raises(ValueError, match=dtype):
        open_volume(tmp_path / "x.zarr")


def test_a_folder_that_is_no_zarr_is_refused(tmp_path):
    (tmp_path / "x.zarr").mkdir()
    with pytest.raises(FormatError, match=r"is no Zarr: it has no zarr\.json"):
        open_volume(tmp_path / "x.zarr")


def test_an_array_that_is_not_there_is_missing(tmp_path):
    create_group(tmp_path / "x.zarr", {})
    with pytest.raises(MissingError, match="is not there"):
        open_volume(tmp_path / "x.zarr" / "image")


def test_what_exists_is_replaced_only_when_asked(tmp_path):
    export_volume(draw_array(), tmp_path / "x.zarr")
    with pytest.raises(ExistsError, match="there already"):
        create_volume(tmp_path / "x.zarr", shape=(2, 2, 2), dtype="uint8")
    volume = create_volume(tmp_path / "x.zarr", shape=(2, 2, 2), dtype="uint8", overwrite=True)
    assert not volume.read().any()


def test_a_folder_of_someone_else_is_never_removed(tmp_path):
    (tmp_path / "x.zarr").mkdir()
    (tmp_path / "x.zarr" / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputError, match="not overwritten"):
        create_volume(tmp_path / "x.zarr", shape=(2, 2, 2), dtype="uint8", overwrite=True)
    with pytest.raises(OutputError, match="not overwritten"):
        export_volume(draw_array(), tmp_path / "x.zarr")
    assert (tmp_path / "x.zarr" / "thesis.txt").exists()


def test_a_place_that_cannot_be_written_is_our_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        create_volume(tmp_path / "file" / "x.zarr", shape=(2, 2, 2), dtype="uint8")


def test_an_array_opened_again_takes_boxes_only_when_asked_to(tmp_path):
    export_volume(draw_array(), tmp_path / "x.zarr")
    box = Box.whole((2, 2, 2))
    with pytest.raises(OutputError, match="opened to be read"):
        open_volume(tmp_path / "x.zarr").write(box, np.zeros((2, 2, 2), np.uint16))
    open_volume(tmp_path / "x.zarr", writable=True).write(box, np.zeros((2, 2, 2), np.uint16))
    assert not open_volume(tmp_path / "x.zarr").uncached().read(box).any()


def test_another_volume_sees_what_was_written_once_it_is_opened(tmp_path):
    created = create_volume(tmp_path / "x.zarr", shape=(4, 4, 4), dtype="uint8")
    assert not open_volume(tmp_path / "x.zarr").read().any()
    created.write(Box.whole((4, 4, 4)), np.ones((4, 4, 4), np.uint8))
    assert open_volume(tmp_path / "x.zarr").read().all()
