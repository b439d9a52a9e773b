import pytest

from volumen.errors import ConfigError
from volumen.geometry import VoxelSize
from volumen.volumes.spec import Options, parse_spec


@pytest.mark.parametrize(
    ("text", "place", "parts"),
    [
        ("a/x.tif", "a/x.tif", {}),
        ("a/x.h5:volumes/raw", "a/x.h5", {"key": "volumes/raw"}),
        ("x.hdf:/raw", "x.hdf", {"key": "raw"}),
        ("x.npz:raw", "x.npz", {"key": "raw"}),
        ("x.zarr@2", "x.zarr", {"level": 2}),
        ("x.zarr/a@2/", "x.zarr/a", {"level": 2}),
        ("x.zarr:a/b", "x.zarr/a/b", {}),
        ("x.zarr:a@1", "x.zarr/a", {"level": 1}),
        ("x.n5:volumes/raw@1", "x.n5/volumes/raw", {"level": 1}),
        ("me@home/x.zarr", "me@home/x.zarr", {}),
        ("s3://b/x.zarr@3", "s3://b/x.zarr", {"level": 3}),
        ("s3:/b/x.zarr", "s3://b/x.zarr", {}),
        ("https://h:8080/x.zarr:a", "https://h:8080/x.zarr/a", {}),
        ("http:/h:8080/x", "http://h:8080/x", {}),
        ("file:///a/x.zarr", "/a/x.zarr", {}),
        ("precomputed://gs://b/x@1", "gs://b/x", {"form": "precomputed", "level": 1}),
        ("precomputed:/gs:/b/x", "gs://b/x", {"form": "precomputed"}),
        ("precomputed:///a/x", "/a/x", {"form": "precomputed"}),
        ("precomputed://a/x", "a/x", {"form": "precomputed"}),
        ("precomputed:/a/x", "a/x", {"form": "precomputed"}),
        ("zarr://s3://b/x", "s3://b/x", {"form": "zarr"}),
        ("n5://http://h/x", "http://h/x", {"form": "n5"}),
        ("slices/x*.png", "slices/x*.png", {}),
    ],
)
def test_a_spec_is_taken_apart(text, place, parts):
    spec = parse_spec(text)
    assert spec.place == place
    assert {name: getattr(spec, name) for name in ("form", "level", "key")} == {
        "form": None, "level": None, "key": None, **parts
    }  # fmt: skip


def test_a_path_that_is_there_stays_whole(tmp_path, monkeypatch):
    for name in ("x.h5:raw", "x.zarr@2", "x?anonymous"):
        (tmp_path / name).touch()
        assert parse_spec(tmp_path / name).place == f"{tmp_path}/{name}"


def test_a_text_too_long_for_a_file_is_taken_apart_all_the_same():
    assert parse_spec("x.zarr?endpoint=https://h/" + "a" * 300).place == "x.zarr"


def test_an_absolute_path_behind_a_prefix_survives_pathlib(tmp_path):
    assert parse_spec(f"precomputed:{tmp_path}").place == str(tmp_path)


def test_options_are_read():
    spec = parse_spec("s3://b/x.zarr@1?anonymous&endpoint=https://h:443&region=eu&axes=XYZC&time=2&channel=0")
    assert spec.options == Options(
        anonymous=True, endpoint="https://h:443", region="eu", axes="xyzc", time=2, channel=0
    )
    assert (spec.place, spec.level) == ("s3://b/x.zarr", 1)


def test_an_endpoint_survives_pathlib():
    assert parse_spec("s3:/b/x?endpoint=http:/127.0.0.1:9000/").options.endpoint == "http://127.0.0.1:9000"


def test_a_voxel_size_is_read():
    assert parse_spec("x.tif?voxel_size=30,8,8.5").options.voxel_size == VoxelSize(30.0, 8.0, 8.5)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x.tif?anonimous", "did you mean 'anonymous'"),
        ("x.tif?axes=xyw", "letters of tczyx"),
        ("x.tif?axes=xyy", "letters of tczyx"),
        ("x.tif?axes=zc", "y and x among them"),
        ("x.tif?time=first", "counted from 0"),
        ("x.tif?voxel_size=1,2", "three lengths in nm"),
        ("x.tif?voxel_size=1,2,-3", "three lengths in nm"),
    ],
)
def test_a_wrong_option_is_told(text, told):
    with pytest.raises(ConfigError, match=told):
        parse_spec(text)


def test_a_question_mark_of_a_pattern_is_no_option():
    assert parse_spec("slices/x?*.png").place == "slices/x?*.png"


def test_the_spec_of_another_level_keeps_the_options():
    assert parse_spec("s3://b/x.zarr@1?anonymous").name_level(0) == "s3://b/x.zarr@0?anonymous"
    assert parse_spec("precomputed://gs://b/x").name_level(2) == "precomputed://gs://b/x@2"
