from dataclasses import replace

import pytest

from volumen.data import Case, Fold, Frame, check_leaks
from volumen.errors import DataError
from volumen.geometry import Box

FOLD = Fold(0, ("a",), ("b",))


def crop(case: Case, start: int, stop: int) -> Case:
    return replace(case, frame=replace(case.frame, crop=Box((start, 0, 0), (stop, 9, 9))))


def make(name: str, image: str, labels: str = "", **options) -> Case:
    return Case(name, image, {"ids": labels or f"{name}_ids.tif"}, **options)


def test_other_files_share_nothing():
    check_leaks([make("a", "a.tif"), make("b", "b.tif")], [FOLD])


def test_one_file_under_two_names_is_a_leak():
    with pytest.raises(DataError, match=r"fold 0 trains .*: a and b share all voxels of .*x\.tif"):
        check_leaks([make("a", "x.tif"), make("b", "./x.tif")], [FOLD])


def test_links_are_followed(tmp_path):
    (tmp_path / "x.tif").write_bytes(b"")
    (tmp_path / "link.tif").symlink_to(tmp_path / "x.tif")
    with pytest.raises(DataError, match="share all voxels"):
        check_leaks([make("a", str(tmp_path / "x.tif")), make("b", str(tmp_path / "link.tif"))], [FOLD])


def test_overlapping_slabs_are_a_leak_that_says_where():
    a, b = crop(make("a", "x.tif"), 0, 60), crop(make("b", "x.tif"), 50, 80)
    with pytest.raises(DataError, match=r"a and b share 50:60,0:9,0:9 of .*x\.tif"):
        check_leaks([a, b], [FOLD])
    check_leaks([crop(a, 0, 50), b], [FOLD])


def test_a_crop_leaks_into_the_whole_file():
    with pytest.raises(DataError, match="share 3:5,0:9,0:9"):
        check_leaks([make("a", "x.tif"), crop(make("b", "x.tif"), 3, 5)], [FOLD])


def test_the_same_labels_under_two_images_are_a_leak():
    with pytest.raises(DataError, match=r"share all voxels of .*y\.tif"):
        check_leaks([make("a", "a.tif", "y.tif"), make("b", "b.tif", "y.tif")], [FOLD])


def test_labels_that_begin_inside_their_image_are_compared_in_their_own_voxels():
    a, b = make("a", "a.tif", "y.tif"), make("b", "b.tif", "y.tif")
    a = replace(a, frame=Frame(Box((10, 0, 0), (20, 9, 9)), {"y.tif": (10, 0, 0)}))
    b = replace(b, frame=Frame(Box((10, 0, 0), (20, 9, 9))))
    check_leaks([a, b], [FOLD])  # 0:10 and 10:20 of the labels


def test_datasets_of_one_file_are_different_volumes():
    check_leaks([make("a", "x.h5:one", "x.h5:ids1"), make("b", "x.h5:two", "x.h5:ids2")], [FOLD])
    with pytest.raises(DataError, match="share"):
        check_leaks([make("a", "x.h5"), make("b", "x.h5:two")], [FOLD])


def test_options_of_a_spec_do_not_hide_its_file():
    with pytest.raises(DataError, match="share"):
        check_leaks([make("a", "s3://b/x.zarr?anonymous"), make("b", "s3://b/x.zarr")], [FOLD])


def test_every_fold_with_a_leak_is_named():
    cases = [make("a", "x.tif"), make("b", "x.tif"), make("c", "c.tif")]
    with pytest.raises(DataError, match=r"fold 0 .*fold 1 "):
        check_leaks(cases, [FOLD, Fold(1, ("b", "c"), ("a",)), Fold(2, ("c",), ("a",))])
