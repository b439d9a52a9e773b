import numpy as np
import pytest

from volumen.errors import DataError, FormatError, MissingError, OutputError, ShapeError
from volumen.volumes import create_volume, open_volume


@pytest.mark.parametrize("name", ["x.tif", "x.zarr", "x.zarr/name", "x.png", "x"])
def test_what_is_not_there_is_missing(name, tmp_path):
    with pytest.raises(MissingError, match=f"{name} is not there"):
        open_volume(tmp_path / name)


def test_another_suffix_names_those_that_are_known(tmp_path):
    (tmp_path / "x.doc").write_bytes(b"")
    with pytest.raises(FormatError, match=r"one of \.zarr, .*\.tif, .*\.h5, .*a folder of slices"):
        open_volume(tmp_path / "x.doc")
    with pytest.raises(FormatError, match=r"written here; it must be one of \.tif, \.tiff, \.zarr"):
        create_volume(tmp_path / "y.png", shape=(2, 2, 2), dtype="uint8")


def test_a_plain_folder_is_no_volume(tmp_path):
    with pytest.raises(FormatError, match="no format known"):
        open_volume(tmp_path)


def test_a_folder_named_like_a_tiff_is_refused(tmp_path):
    (tmp_path / "x.tif").mkdir()
    with pytest.raises(FormatError, match="is a folder"):
        open_volume(tmp_path / "x.tif")
    with pytest.raises(OutputError, match="cannot be written"):
        create_volume(tmp_path / "x.tif", shape=(2, 2, 2), dtype="uint8", overwrite=True)


def test_a_url_is_not_written():
    with pytest.raises(FormatError, match="written to this machine"):
        create_volume("s3://bucket/x.zarr", shape=(2, 2, 2), dtype="uint8")


def test_capital_suffixes_are_the_same_format(tmp_path):
    create_volume(tmp_path / "x.TIF", shape=(2, 3, 4), dtype="uint8")
    assert open_volume(tmp_path / "x.TIF").shape == (2, 3, 4)


@pytest.mark.parametrize("name", ["x.tif", "x.zarr"])
@pytest.mark.parametrize("dtype", ["complex64", "str", "no such type", np.longdouble])
def test_a_type_that_is_no_int_or_float_is_refused_and_leaves_nothing(name, dtype, tmp_path):
    with pytest.raises(DataError, match=name):
        create_volume(tmp_path / name, shape=(2, 2, 2), dtype=dtype)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("extents", [{"shape": (0, 2, 2)}, {"channels": 0}, {"chunks": (0, 1, 1)}])
def test_empty_extents_are_refused(extents, tmp_path):
    with pytest.raises(ShapeError, match="at least 1"):
        create_volume(tmp_path / "x.zarr", **{"shape": (2, 2, 2), "dtype": "uint8", **extents})


def test_folders_above_are_made(tmp_path):
    create_volume(tmp_path / "a" / "b" / "x.tif", shape=(2, 2, 2), dtype="uint8")
    assert open_volume(tmp_path / "a" / "b" / "x.tif").shape == (2, 2, 2)
