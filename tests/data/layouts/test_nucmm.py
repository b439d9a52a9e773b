import pytest
from public_data_sets import build_axonem, build_nucmm

from volumen.config import DataSection
from volumen.data import find_cases, gather_cases
from volumen.errors import DataError, MissingError


def test_the_publishers_split_is_kept(tmp_path, rng):
    build_nucmm(tmp_path, rng)
    (fold,) = gather_cases(DataSection(root=str(tmp_path))).folds
    assert (fold.training, fold.validation) == (("train_img_0", "train_img_1"), ("val_img_0",))


def test_images_and_labels_of_unequal_number_are_told(tmp_path, rng):
    build_nucmm(tmp_path, rng)
    (tmp_path / "Label" / "train" / "seg_1.h5").unlink()
    with pytest.raises((DataError, MissingError), match="train"):
        find_cases(tmp_path)


def test_the_image_of_axonem_without_labels_is_left_out_and_that_is_said(tmp_path, rng, caplog):
    build_axonem(tmp_path, rng)
    assert len(find_cases(tmp_path)) == 1
    build_axonem(tmp_path / "mouse", rng)
    assert [(case.name, case.group) for case in find_cases(tmp_path)] == [
        ("0-650-650", None),
        ("mouse_0-650-650", "mouse"),
    ]
    assert "im_675-800-800_pad.h5 have no labels and are left out" in caplog.text
