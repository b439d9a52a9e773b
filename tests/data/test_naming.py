import pytest

from volumen.data.naming import identify_volume, join_spec, name_spec


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("data/a.tif", "a"),
        ("data/a.ome.tiff", "a"),
        ("data/a.b.nii.gz", "a.b"),
        ("x/train.h5:volumes/raw", "train"),
        ("x/page.zarr", "page"),
        ("x/page.zarr/raw", "page"),
        ("x/page.zarr@2", "page"),
        ("s3://bucket/seed0/data.zarr/img?axes=xyzc&anonymous", "data"),
        ("folder/of/slices/", "slices"),
    ],
)
def test_a_volume_is_called_after_its_file(spec, name):
    assert name_spec(spec) == name


@pytest.mark.parametrize(
    ("root", "spec", "joined"),
    [
        ("data", "a.tif", "data/a.tif"),
        ("data/", "a.h5:raw", "data/a.h5:raw"),
        ("data", "/abs/a.tif", "/abs/a.tif"),
        ("data", "s3://b/a.zarr", "s3://b/a.zarr"),
        ("s3://b", "a.zarr", "s3://b/a.zarr"),
        (None, "a.tif", "a.tif"),
    ],
)
def test_a_spec_begins_at_the_root_unless_it_begins_somewhere(root, spec, joined):
    assert join_spec(root, spec) == joined


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("a.tif", "./a.tif", True),
        ("a.h5:raw", "a.h5:/raw", True),
        ("a.h5:raw", "a.h5:ids", False),
        ("a.zarr@0", "a.zarr@2", True),
        ("a.zarr/img", "a.zarr/seg", False),
        ("a/slices/", "a/slices", True),
        ("s3://b/a.zarr?anonymous", "s3://b/a.zarr", True),
    ],
)
def test_specs_of_one_volume_are_known(one, other, same):
    assert (identify_volume(one) == identify_volume(other)) is same
