import pytest

from volumen.errors import FormatError, MissingError
from volumen.volumes import list_volumes


def test_volumes_are_listed_as_people_count(tmp_path):
    for name in ("case10.tif", "case2.TIFF", "case1.tif", "notes.txt", ".hidden.tif", ".case3.tif.7.partial"):
        (tmp_path / name).touch()
    (tmp_path / "case3.zarr").mkdir()
    (tmp_path / "folder").mkdir()
    names = [path.name for path in list_volumes(tmp_path)]
    assert names == ["case1.tif", "case2.TIFF", "case3.zarr", "case10.tif"]


def test_an_empty_folder_has_none(tmp_path):
    assert list_volumes(tmp_path) == []


def test_a_missing_folder_and_a_file_are_told_apart(tmp_path):
    with pytest.raises(MissingError):
        list_volumes(tmp_path / "nowhere")
    (tmp_path / "x.tif").touch()
    with pytest.raises(FormatError, match="is a file"):
        list_volumes(tmp_path / "x.tif")
