import shutil

import foreign
import numpy as np
import pytest
from contract import draw_array
from foreign import save_slices

from volumen.errors import FormatError, ShapeError
from volumen.volumes import is_volume_folder, name_volume, open_volume
from volumen.volumes.formats import FORMATS, find_by_suffix, find_format
from volumen.volumes.spec import parse_spec


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("x.TIF", "tiff"),
        ("x.ome.tiff", "tiff"),
        ("x.zarr", "zarr"),
        ("x.ome.zarr", "zarr"),
        ("x.n5", "n5"),
        ("x.H5", "hdf5"),
        ("sample_A.hdf", "hdf5"),
        ("x.nii", "nifti"),
        ("x.nii.gz", "nifti"),
        ("x.nrrd", "nrrd"),
        ("x.nhdr", "nrrd"),
        ("x.npy", "npy"),
        ("x.npz", "npz"),
        ("x.png", "picture"),
        ("x.JPG", "picture"),
    ],
)
def test_an_ending_names_a_format(name, form, tmp_path):
    assert find_by_suffix(tmp_path / name).name == form


@pytest.mark.parametrize("name", ["x", "x.gz", "x.txt", "nii.gz", "x.tif.txt"])
def test_other_endings_name_none(name, tmp_path):
    assert find_by_suffix(tmp_path / name) is None


@pytest.mark.parametrize(
    ("save", "suffix", "form"),
    [
        (foreign.save_plain_tiff, "tiff", "tiff"),
        (foreign.save_hdf5, "h5", "hdf5"),
        (foreign.save_nrrd, "nrrd", "nrrd"),
        (foreign.save_npy, "npy", "npy"),
        (foreign.save_npz, "npz", "npz"),
    ],
)
def test_a_file_without_an_ending_is_known_by_its_first_bytes(save, suffix, form, tmp_path):
    save(tmp_path, draw_array())
    shutil.copy(tmp_path / f"x.{suffix}", tmp_path / "plain")
    assert find_format(parse_spec(tmp_path / "plain")).name == form
    np.testing.assert_array_equal(open_volume(tmp_path / "plain").read(), draw_array())


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("a/x.tif", "x"),
        ("a/x.ome.tif", "x"),
        ("x.nii.gz", "x"),
        ("x.h5", "x"),
        ("x.h5:volumes/raw", "raw"),
        ("x.zarr@2", "x"),
        ("s3://b/a/x.zarr?anonymous&endpoint=https://h.org", "x"),
        ("precomputed://gs://b/em", "em"),
        ("x.v2.tif", "x.v2"),
        ("plain", "plain"),
        (".zarr", ".zarr"),
        ("a/slices/im*.png", "slices"),
    ],
)
def test_a_volume_has_a_name(spec, name):
    assert name_volume(spec) == name


def test_folders_that_are_volumes_are_told_from_folders_of_volumes(tmp_path):
    save_slices(tmp_path, draw_array("uint8"))
    foreign.save_precomputed(tmp_path / "p", draw_array())
    shutil.copytree(tmp_path / "p" / "x", tmp_path / "em")
    foreign.save_zarr(tmp_path, draw_array())
    foreign.save_n5(tmp_path, draw_array())
    assert [name for name in ("x", "em", "x.zarr", "x.n5", "p") if is_volume_folder(tmp_path / name)] == [
        "em", "x.zarr", "x.n5"
    ]  # fmt: skip
    assert not is_volume_folder(tmp_path / "nothing.zarr")


def test_a_folder_that_is_nothing_says_what_it_may_be(tmp_path):
    with pytest.raises(FormatError, match=r"is a folder and no format known here.*a folder of slices"):
        open_volume(tmp_path)


@pytest.mark.parametrize(
    ("save", "part", "told"),
    [
        (foreign.save_npy, "@1", "a npy volume has no levels; leave out @1"),
        (foreign.save_plain_tiff, ":raw", "a tiff volume has no datasets; leave out :raw"),
        (foreign.save_plain_tiff, "@0", "has no levels"),
        (foreign.save_npy, "?time=0", "leave out .time=0"),
    ],
)
def test_a_part_of_a_spec_that_means_nothing_is_refused(save, part, told, tmp_path):
    with pytest.raises((FormatError, ShapeError), match=told):
        open_volume(save(tmp_path, draw_array()) + part)


def test_every_opener_is_there():
    for form in FORMATS:
        module, _, function = form.opener.partition(":")
        assert getattr(__import__(f"volumen.volumes.{module}", fromlist=[function]), function)
