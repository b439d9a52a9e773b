import pytest
from public_data_sets import build_surface_detection

from volumen.config import DataSection
from volumen.data import divide_cases, find_cases, gather_cases
from volumen.errors import DataError, FormatError


def test_one_scroll_is_left_out_at_a_time(tmp_path, rng):
    build_surface_detection(tmp_path, rng)
    data = DataSection.model_validate({"root": str(tmp_path), "split": "groups"})
    folds = divide_cases(gather_cases(data).cases, data).folds
    assert [fold.validation for fold in folds] == [("1155445", "901"), ("2280012",)]


def test_what_is_left_out_is_said(tmp_path, rng, caplog):
    build_surface_detection(tmp_path, rng)
    for folder in ("train_images", "train_labels"):
        (tmp_path / folder / "extra.tif").write_bytes((tmp_path / folder / "901.tif").read_bytes())
    assert "extra" not in {case.name for case in find_cases(tmp_path)}
    assert "1 ids of train.csv are left out, for their images are deprecated" in caplog.text
    assert "no row of train.csv are left out: extra" in caplog.text


def test_an_id_without_an_image_is_told(tmp_path, rng):
    build_surface_detection(tmp_path, rng)
    (tmp_path / "train_images" / "901.tif").unlink()
    (tmp_path / "train_labels" / "901.tif").unlink()
    with pytest.raises(DataError, match=r"missing \(1\): train_images/901\.tif"):
        find_cases(tmp_path)


def test_a_table_of_something_else_is_refused(tmp_path, rng):
    build_surface_detection(tmp_path, rng)
    (tmp_path / "train.csv").write_text("a,b\n1,2\n")
    with pytest.raises(FormatError, match="columns id and scroll_id"):
        find_cases(tmp_path, layout="surface_detection")
