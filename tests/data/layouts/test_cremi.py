from dataclasses import replace

import numpy as np
import pytest
from public_data_sets import SHAPE, build_cremi_cropped, build_cremi_padded, write_cremi, write_hdf5

from volumen.config import Component
from volumen.data import find_cases
from volumen.data.labels import read_labels
from volumen.data.patches import PatchReader
from volumen.errors import DataError, MissingError
from volumen.geometry import Box


def find(root, **options):
    return find_cases(root, layout=Component(name="cremi", options=options))


def test_of_a_volume_in_both_versions_the_cropped_one_is_used(tmp_path, rng):
    build_cremi_cropped(tmp_path, rng)
    build_cremi_padded(tmp_path, rng)
    assert find(tmp_path)[0].image == f"{tmp_path / 'sample_A_20160501.hdf'}:volumes/raw"
    (padded,) = find(tmp_path, version="padded")
    assert "padded" in padded.image


def test_names_without_a_date_are_known_too(tmp_path, rng):
    ids = np.ones(SHAPE, np.uint64)
    write_cremi(tmp_path / "sampleB.h5", np.zeros(SHAPE, np.uint8), ids, ids)
    assert [case.name for case in find_cases(tmp_path)] == ["sample_B"]


def test_one_volume_under_two_names_is_told(tmp_path, rng):
    ids = np.ones(SHAPE, np.uint64)
    for name in ("sampleB.h5", "sample_B_20160501.hdf"):
        write_cremi(tmp_path / name, np.zeros(SHAPE, np.uint8), ids, ids)
    with pytest.raises(DataError, match=r"several volumes of one name \(2\): sampleB\.h5, sample_B_20160501\.hdf"):
        find_cases(tmp_path)


def test_volumes_may_be_chosen_and_those_that_are_not_there_are_named(tmp_path, rng):
    build_cremi_padded(tmp_path, rng)
    with pytest.raises(DataError, match=r"missing \(1\): sample C"):
        find(tmp_path, samples=["A", "C"])


def test_test_volumes_are_left_out_and_that_is_said(tmp_path, rng, caplog):
    build_cremi_cropped(tmp_path, rng)
    find_cases(tmp_path)
    assert "sample_A+_20160601.hdf have no labels and are left out" in caplog.text


def test_damaged_sections_are_masked_in_the_labels_own_count(tmp_path, rng):
    build_cremi_padded(tmp_path, rng)
    (case,) = find(tmp_path, skip={"A": [0, 5]})
    assert case.frame.skipped == (2, 7)
    labels = read_labels(case, "clefts", Box.whole(SHAPE), reader=PatchReader(0), ignore=None)
    without = replace(case, frame=replace(case.frame, skipped=()))
    known = read_labels(without, "clefts", Box.whole(SHAPE), reader=PatchReader(0), ignore=None)
    assert (labels[[0, 5]] == -100).all()
    assert np.array_equal(labels[1:5], known[1:5])


def test_a_file_without_labels_or_of_something_else_is_named(tmp_path, rng):
    write_hdf5(tmp_path / "sample_A_20160501.hdf", volumes__raw=np.zeros(SHAPE, np.uint8))
    (tmp_path / "sample_B_20160501.hdf").write_bytes(b"<html>expired</html>")
    with pytest.raises(DataError) as caught:
        find_cases(tmp_path)
    assert "unreadable (2): sample_A_20160501.hdf" in str(caught.value)
    assert "sample_B_20160501.hdf" in str(caught.value)


def test_a_folder_without_volumes_says_how_to_get_them(tmp_path):
    with pytest.raises(MissingError, match="volumen data download cremi"):
        find(tmp_path)
