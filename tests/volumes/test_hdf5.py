import gc
import logging
import threading

import h5py
import numpy as np
import psutil
import pytest
from contract import draw_array
from foreign import save_hdf5

from volumen.errors import DataError, FormatError, MissingError, ShapeError
from volumen.geometry import Box, VoxelSize
from volumen.volumes import hdf5, open_volume


@pytest.fixture(autouse=True)
def forget_choices():
    hdf5._tell_choice.cache_clear()


def save(path, **arrays):
    with h5py.File(path, "w") as file:
        for key, array in arrays.items():
            file.create_dataset(key.replace("__", "/"), data=array)
    return path


def test_a_dataset_is_named_after_a_colon(tmp_path):
    save(tmp_path / "x.h5", volumes__raw=draw_array(), volumes__labels__clefts=draw_array() + 1)
    np.testing.assert_array_equal(open_volume(f"{tmp_path}/x.h5:volumes/labels/clefts").read(), draw_array() + 1)
    np.testing.assert_array_equal(open_volume(f"{tmp_path}/x.h5:/volumes/raw").read(), draw_array())


def test_the_only_volume_needs_no_name_and_no_word(tmp_path, caplog):
    save(tmp_path / "x.h5", anything=draw_array(), table=np.zeros(5), name=np.bytes_(b"text"))
    np.testing.assert_array_equal(open_volume(tmp_path / "x.h5").read(), draw_array())
    assert not caplog.records


@pytest.mark.parametrize("name", ["volumes__raw", "main", "Image", "data"])
def test_an_image_is_found_among_labels_and_said_once(name, tmp_path, caplog):
    save(tmp_path / "x.h5", annotations=draw_array() + 1, **{name: draw_array()}, zz=draw_array() + 2)
    for _ in range(2):
        np.testing.assert_array_equal(open_volume(tmp_path / "x.h5").read(), draw_array())
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert f"no dataset is named, {name.replace('__', '/')} is read" in caplog.text
    assert "annotations" in caplog.text


def test_else_the_first_by_name_is_read(tmp_path, caplog):
    save(tmp_path / "x.h5", b=draw_array() + 1, a=draw_array())
    np.testing.assert_array_equal(open_volume(tmp_path / "x.h5").read(), draw_array())
    assert "a is read; name another" in caplog.text


def test_a_group_that_is_named_is_searched(tmp_path):
    save(tmp_path / "x.h5", train__raw=draw_array(), test__raw=draw_array() + 1)
    np.testing.assert_array_equal(open_volume(f"{tmp_path}/x.h5:test").read(), draw_array() + 1)


def test_a_wrong_name_lists_those_there_are(tmp_path):
    save(tmp_path / "x.h5", volumes__raw=draw_array(), labels=draw_array())
    with pytest.raises(FormatError, match=r"has no dataset 'volumes/rax'; did you mean 'volumes/raw'\?"):
        open_volume(f"{tmp_path}/x.h5:volumes/rax")
    with pytest.raises(FormatError, match="has no dataset 'q'; known: labels, volumes/raw"):
        open_volume(f"{tmp_path}/x.h5:q")


def test_a_file_without_volumes_says_so(tmp_path):
    save(tmp_path / "x.h5", table=np.zeros(5))
    with pytest.raises(FormatError, match="holds no volume"):
        open_volume(tmp_path / "x.h5")
    with pytest.raises(ShapeError, match=r"shape \(5,\) is no volume"):
        open_volume(f"{tmp_path}/x.h5:table")
    with pytest.raises(MissingError):
        open_volume(f"{tmp_path}/y.h5:table")


def test_pictures_are_taken_where_there_are_no_stacks(tmp_path):
    assert open_volume(save(tmp_path / "x.h5", picture=draw_array()[0])).shape == (1, 11, 13)


def test_ids_of_64_bits_and_big_endian_numbers_survive(tmp_path):
    ids = draw_array("uint64")
    ids[0, 0, :2] = 2**64 - 1, 2**64 - 2
    spec = save(tmp_path / "x.h5", ids=ids, big=draw_array().astype(">u2"))
    np.testing.assert_array_equal(open_volume(f"{spec}:ids").read(), ids)
    volume = open_volume(f"{spec}:big")
    assert volume.dtype.isnative
    np.testing.assert_array_equal(volume.read(), draw_array())


def test_bool_is_uint8_and_compound_types_are_refused(tmp_path):
    pairs = np.zeros((2, 3, 4), [("a", "u1"), ("b", "f4")])
    spec = save(tmp_path / "x.h5", mask=draw_array() > 60, pairs=pairs)
    np.testing.assert_array_equal(open_volume(f"{spec}:mask").read(), draw_array() > 60)
    with pytest.raises(DataError, match="ints or floats"):
        open_volume(f"{spec}:pairs")


def test_micrometres_of_plantseg_are_nanometres(tmp_path):
    path = save(tmp_path / "x.h5", raw=draw_array())
    with h5py.File(path, "a") as file:
        file["raw"].attrs["element_size_um"] = np.array([0.25, 0.15, 0.15])
    assert tuple(open_volume(path).voxel_size) == pytest.approx((250, 150, 150))


def test_axes_are_those_that_ilastik_or_a_scale_names(tmp_path):
    stored = np.moveaxis(draw_array(channels=2), 0, -1)
    path = save(tmp_path / "x.h5", tagged=stored, labelled=draw_array().T)
    with h5py.File(path, "a") as file:
        file["tagged"].attrs["axistags"] = '{"axes": [{"key": "z"}, {"key": "y"}, {"key": "x"}, {"key": "c"}]}'
        for number, name in enumerate("xyz"):
            file["labelled"].dims[number].label = name
    np.testing.assert_array_equal(open_volume(f"{path}:tagged").read(), draw_array(channels=2))
    np.testing.assert_array_equal(open_volume(f"{path}:labelled").read(), draw_array())
    assert open_volume(f"{path}:tagged?axes=czyx").shape == (11, 13, 2)


def test_a_compression_that_is_not_installed_is_named(tmp_path, monkeypatch):
    spec = save_hdf5(tmp_path, draw_array())
    monkeypatch.setattr("h5py.h5z.filter_avail", lambda code: False)
    with pytest.raises(FormatError, match="compressed with 'deflate', which needs a package: pip install hdf5plugin"):
        open_volume(spec)


def test_the_chunk_is_the_dataset_s_or_a_box(tmp_path):
    assert open_volume(save_hdf5(tmp_path, draw_array())).chunks == (4, 5, 6)
    assert open_volume(save(tmp_path / "y.h5", raw=np.zeros((70, 9, 80), np.uint8))).chunks == (64, 9, 64)


def test_four_files_at_most_are_open_and_none_when_the_volumes_are_gone(tmp_path):
    volumes = [open_volume(save(tmp_path / f"{n}.h5", raw=draw_array() + n)) for n in range(9)]
    process = psutil.Process()
    for _ in range(2):
        for number, volume in enumerate(volumes):
            np.testing.assert_array_equal(volume.read(), draw_array() + number)
    assert len([file for file in process.open_files() if file.path.startswith(str(tmp_path))]) == 4
    del volumes, volume
    gc.collect()
    assert not [file for file in process.open_files() if file.path.startswith(str(tmp_path))]


def test_threads_read_at_once(tmp_path):
    volumes = [open_volume(save(tmp_path / f"{n}.h5", raw=draw_array() + n)) for n in range(6)]
    wrong = []

    def read():
        for _ in range(20):
            for number, volume in enumerate(volumes):
                box = Box((1, 2, 3), (8, 9, 10))
                if not (volume.read(box) == (draw_array() + number)[box.slices]).all():
                    wrong.append(number)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_resolution_and_offset_are_nanometres(tmp_path):
    volume = open_volume(save_hdf5(tmp_path, draw_array()))
    assert volume.voxel_size == VoxelSize(30.0, 8.0, 8.25)
    assert volume.describe().format == "HDF5 (dataset volumes/raw)"


@pytest.mark.parametrize("content", [b"", b"no HDF5", b"\x89HDF\r\n\x1a\n", b"\x89HDF\r\n\x1a\n" + bytes(600)])
def test_what_is_no_hdf5_is_told_in_one_line(content, tmp_path):
    (tmp_path / "x.h5").write_bytes(content)
    with pytest.raises(FormatError, match=r"x\.h5") as caught:
        open_volume(tmp_path / "x.h5")
    assert "\n" not in str(caught.value)


def test_a_cut_file_is_refused(tmp_path):
    path = save(tmp_path / "x.h5", raw=draw_array())
    content = path.read_bytes()
    for length in range(0, len(content) - 1, 211):
        path.write_bytes(content[:length])
        with pytest.raises(FormatError):
            open_volume(path)
