import numpy as np
import pytest
from foreign import VOXEL_SIZE, save_zarr_v2

from volumen.errors import ConfigError, ExistsError, FormatError, MissingError, OutputError
from volumen.geometry import Box
from volumen.volumes import create_group, create_volume, list_arrays, open_volume, read_attributes, write_attributes


@pytest.fixture
def group(tmp_path):
    create_group(tmp_path / "x.zarr", {"model": "m", "heads": [{"name": "surface"}]})
    return tmp_path / "x.zarr"


def test_attributes_read_back(group):
    assert read_attributes(group) == {"model": "m", "heads": [{"name": "surface"}]}


def test_attributes_are_replaced_whole(group):
    write_attributes(group, {"done": [2, None]})
    assert read_attributes(group) == {"done": [2, None]}


def test_attributes_of_an_array_leave_its_voxels(group):
    volume = create_volume(group / "surface", shape=(2, 2, 2), dtype="float32", voxel_size=VOXEL_SIZE)
    volume.write(Box.whole((2, 2, 2)), np.ones((2, 2, 2), np.float32))
    write_attributes(group / "surface", read_attributes(group / "surface") | {"activation": "sigmoid"})
    assert open_volume(group / "surface").voxel_size == VOXEL_SIZE
    assert open_volume(group / "surface").read().all()


def test_values_that_are_not_plain_change_nothing(group):
    before = (group / "zarr.json").read_bytes()
    with pytest.raises(ConfigError, match="plain"):
        write_attributes(group, {"score": float("nan")})
    assert (group / "zarr.json").read_bytes() == before
    assert [path.name for path in group.iterdir()] == ["zarr.json"]


def test_a_group_that_exists_is_replaced_with_its_arrays_only_when_asked(group):
    create_volume(group / "surface", shape=(2, 2, 2), dtype="float32")
    with pytest.raises(ExistsError):
        create_group(group, {})
    assert list_arrays(group) == ["surface"]
    create_group(group, {}, overwrite=True)
    assert list_arrays(group) == []


def test_what_is_missing_or_no_group_is_told(group, tmp_path):
    with pytest.raises(MissingError):
        read_attributes(tmp_path / "y.zarr")
    (tmp_path / "y.zarr").mkdir()
    with pytest.raises(FormatError, match="no Zarr"):
        read_attributes(tmp_path / "y.zarr")
    create_volume(group / "surface", shape=(2, 2, 2), dtype="float32")
    with pytest.raises(FormatError, match="a group is needed"):
        list_arrays(group / "surface")


def test_attributes_of_v2_are_read_and_not_written(tmp_path):
    save_zarr_v2(tmp_path / "x.zarr", np.zeros((2, 2, 2), np.uint8))
    (tmp_path / "x.zarr" / ".zattrs").write_text('{"a": 1}')
    assert read_attributes(tmp_path / "x.zarr") == {"a": 1}
    with pytest.raises(OutputError, match="v2"):
        write_attributes(tmp_path / "x.zarr", {"a": 2})


def test_a_v2_group_lists_its_arrays(tmp_path):
    (tmp_path / "x.zarr").mkdir()
    (tmp_path / "x.zarr" / ".zgroup").write_text('{"zarr_format": 2}')
    save_zarr_v2(tmp_path / "x.zarr" / "raw", np.ones((2, 2, 2), np.uint8))
    assert list_arrays(tmp_path / "x.zarr") == ["raw"]
    assert open_volume(tmp_path / "x.zarr").read().all()
