import shutil

import numpy as np
import pytest
import tifffile
from contract import draw_array
from foreign import save_precomputed, save_slices, save_tiff_slices

from volumen.errors import FormatError, MissingError
from volumen.volumes import list_volumes


def list_names(folder):
    return [path.name for path in list_volumes(folder)]


def test_volumes_are_listed_as_people_count(tmp_path):
    for name in ("case10.tif", "case2.TIFF", "case1.tif", "notes.txt", ".hidden.tif", ".case3.tif.7.partial"):
        (tmp_path / name).touch()
    (tmp_path / "case3.zarr").mkdir()
    (tmp_path / "folder").mkdir()
    assert list_names(tmp_path) == ["case1.tif", "case2.TIFF", "case3.zarr", "case10.tif"]


def test_files_of_every_format_are_listed(tmp_path):
    names = ["a.h5", "b.nii", "c.nii.gz", "d.nrrd", "e.npy", "f.npz", "g.png", "h.jpg", "i.ome.tif", "j.hdf"]
    for name in names:
        (tmp_path / name).touch()
    assert list_names(tmp_path) == names


def test_folders_that_are_volumes_are_listed(tmp_path):
    for number, save in enumerate((save_slices, save_tiff_slices, save_precomputed)):
        (tmp_path / "made").mkdir()
        save(tmp_path / "made", draw_array("uint8"))
        (tmp_path / "made" / "x").rename(tmp_path / f"case{number}")
        shutil.rmtree(tmp_path / "made")
    assert list_names(tmp_path) == ["case0", "case1", "case2"]


def test_folders_of_volumes_are_no_volumes(tmp_path):
    for folder in ("stacks", "pairs", "one"):
        (tmp_path / folder).mkdir()
    for number in range(2):
        tifffile.imwrite(tmp_path / "stacks" / f"case{number}.tif", draw_array())
        tifffile.imwrite(tmp_path / "pairs" / f"{'ab'[number]}.tif", draw_array()[0])
    tifffile.imwrite(tmp_path / "one" / "picture1.tif", np.zeros((4, 5), np.uint8))
    assert list_names(tmp_path) == []


def test_an_empty_folder_has_none(tmp_path):
    assert list_volumes(tmp_path) == []


def test_a_missing_folder_and_a_file_are_told_apart(tmp_path):
    with pytest.raises(MissingError):
        list_volumes(tmp_path / "nowhere")
    (tmp_path / "x.tif").touch()
    with pytest.raises(FormatError, match="is a file"):
        list_volumes(tmp_path / "x.tif")
