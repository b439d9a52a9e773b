import json
import logging

import numpy as np
import pytest
from public_data_sets import SHAPE, build_nnunet, write_nifti, write_tiff

from volumen.config import Component, DataSection
from volumen.data import find_cases, gather_cases
from volumen.data.labels import read_labels
from volumen.data.patches import PatchReader
from volumen.errors import DataError, FormatError, MissingError
from volumen.geometry import Box

PLAIN = {"channel_names": {"0": "CT"}, "labels": {"background": 0, "organ": 1}, "file_ending": ".nii.gz"}


def describe(root, **changes) -> None:
    root.mkdir(exist_ok=True)
    (root / "dataset.json").write_text(json.dumps(PLAIN | changes))


def test_the_split_and_the_names_of_values_come_along(tmp_path, rng):
    build_nnunet(tmp_path, rng)
    draft = gather_cases(DataSection(root=str(tmp_path)))
    assert [fold.validation for fold in draft.folds] == [("case_002",), ("case_000",)]
    assert draft.classes == {"labels": {"background": 0, "organ": 1, "tumour": 2}}


def test_a_split_may_lie_elsewhere(tmp_path, rng):
    build_nnunet(tmp_path / "raw", rng)
    (tmp_path / "splits.json").write_text('[{"train": ["case_000"], "val": ["case_001", "case_002"]}]')
    layout = Component(name="nnunet", options={"splits": str(tmp_path / "splits.json")})
    (fold,) = gather_cases(DataSection(root=str(tmp_path / "raw"), layout=layout)).folds
    assert fold.training == ("case_000",)


def test_values_by_name_are_the_classes_of_a_run(tmp_path, rng):
    build_nnunet(tmp_path, rng)
    section = {"root": str(tmp_path), "classes": {"organ": 5, "tumour": "ignore"}}
    case = gather_cases(DataSection.model_validate({"datasets": [section]})).cases[0]
    assert case.values["labels"].classes == {1: 5, 2: -100}
    section["classes"] = {"tumor": 1}
    with pytest.raises(ValueError, match="no value is called 'tumor'; did you mean 'tumour'"):
        gather_cases(DataSection.model_validate({"datasets": [section]}))


def test_the_first_versions_way_of_writing_labels_is_read(tmp_path, rng):
    write_nifti(tmp_path / "imagesTr" / "a_0000.nii.gz", rng.integers(0, 9, SHAPE, np.uint8))
    write_nifti(tmp_path / "labelsTr" / "a.nii.gz", np.zeros(SHAPE, np.uint8))
    (tmp_path / "dataset.json").write_text('{"modality": {"0": "MRI"}, "labels": {"0": "background", "1": "Anterior"}}')
    assert gather_cases(DataSection(root=str(tmp_path))).classes == {"labels": {"background": 0, "Anterior": 1}}


def test_an_image_without_a_channels_number_is_the_case(tmp_path, rng):
    describe(tmp_path)
    for folder in ("imagesTr", "labelsTr"):
        write_nifti(tmp_path / folder / "a.nii.gz", np.zeros(SHAPE, np.uint8))
    assert len(find_cases(tmp_path)) == 1


def test_tiffs_take_their_spacing_from_the_file_beside_them(tmp_path, rng):
    describe(tmp_path, file_ending=".tif")
    write_tiff(tmp_path / "imagesTr" / "a_0000.tif", np.zeros(SHAPE, np.uint8))
    write_tiff(tmp_path / "labelsTr" / "a.tif", np.zeros(SHAPE, np.uint8))
    (tmp_path / "imagesTr" / "a.json").write_text('{"spacing": [0.03, 0.008, 0.008]}')
    assert tuple(find_cases(tmp_path)[0].voxel_size) == pytest.approx((30e3, 8e3, 8e3))
    (tmp_path / "imagesTr" / "a.json").write_text("{}")
    with pytest.raises(FormatError, match="spacing"):
        find_cases(tmp_path)


def test_files_that_the_description_lists_are_those(tmp_path, rng):
    write_tiff(tmp_path / "anywhere" / "x.tif", np.zeros(SHAPE, np.uint8))
    write_tiff(tmp_path / "anywhere" / "y.tif", np.ones(SHAPE, np.uint8))
    (tmp_path / "imagesTr").mkdir()
    describe(tmp_path, dataset={"c1": {"images": ["anywhere/x.tif"], "label": "anywhere/y.tif"}})
    (case,) = find_cases(tmp_path)
    assert (case.name, case.labels) == ("c1", {"labels": str(tmp_path / "anywhere/y.tif")})
    describe(tmp_path, dataset={"c1": {"images": ["anywhere/x.tif"]}})
    with pytest.raises(FormatError, match="case c1 of its dataset needs images and a label"):
        find_cases(tmp_path)


def test_what_has_no_partner_is_told_at_once(tmp_path, rng, caplog):
    build_nnunet(tmp_path, rng)
    (tmp_path / "imagesTr" / "case_000_0001.nii.gz").unlink()
    (tmp_path / "labelsTr" / "case_001.nii.gz").unlink()
    write_nifti(tmp_path / "labelsTr" / "orphan.nii.gz", np.zeros(SHAPE, np.uint8))
    with caplog.at_level(logging.WARNING), pytest.raises(DataError) as caught:
        find_cases(tmp_path)
    message = str(caught.value)
    assert "images without a label (1): case_001" in message
    assert "labels or masks without an image (1): orphan" in message
    assert "missing (1): case_000_0001.nii.gz" in message


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (None, MissingError, "no raw data set of nnU-Net"),
        ("{", FormatError, "no JSON"),
        ("[]", FormatError, "holds no mapping"),
        ("{}", DataError, "no file that ends in .nii.gz"),
    ],
)
def test_a_folder_of_something_else_says_what_is_wrong(tmp_path, content, error, message):
    (tmp_path / "imagesTr").mkdir()
    if content is not None:
        (tmp_path / "dataset.json").write_text(content)
    with pytest.raises(error, match=message):
        find_cases(tmp_path, layout="nnunet")


def test_labels_that_a_program_kept_as_floats_are_read(tmp_path, rng):
    describe(tmp_path)
    labels = rng.integers(0, 2, SHAPE).astype(np.float32)
    write_nifti(tmp_path / "imagesTr" / "a_0000.nii.gz", np.zeros(SHAPE, np.uint8))
    write_nifti(tmp_path / "labelsTr" / "a.nii.gz", labels)
    (case,) = find_cases(tmp_path)
    read = read_labels(case, "labels", Box.whole(SHAPE), reader=PatchReader(0), ignore=2)
    assert np.array_equal(read, labels)
