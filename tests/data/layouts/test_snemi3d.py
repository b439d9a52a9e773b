import pytest
from public_data_sets import build_snemi_embl, build_snemi_mirror, build_snemi_original, build_snemi_volumes, write_tiff

from volumen.config import Component
from volumen.data import find_cases
from volumen.errors import DataError, MissingError


def find(root, **options):
    return find_cases(root, layout=Component(name="snemi3d", options=options))


def test_the_test_volume_is_used_only_when_it_is_asked_for(tmp_path, rng, caplog):
    build_snemi_volumes(tmp_path, rng)
    assert [case.name for case in find(tmp_path)] == ["AC4"]
    assert "AC3_inputs is left out" in caplog.text
    assert [case.name for case in find(tmp_path, parts=["train", "test"])] == ["AC4", "AC3"]


def test_labels_of_the_test_volume_may_be_hdf5_beside_a_tiff(tmp_path, rng):
    build_snemi_mirror(tmp_path, rng)
    (case,) = find(tmp_path, parts=["test"])
    assert case.labels["neuron_ids"].endswith("test-labels.h5")


def test_the_lone_test_volume_says_how_to_learn_from_it(tmp_path, rng):
    build_snemi_volumes(tmp_path, rng)
    for path in tmp_path.glob("AC4*"):
        path.unlink()
    with pytest.raises(MissingError, match=r"has AC3_inputs, and no train volume; set data\.layout\.parts=\[test\]"):
        find(tmp_path)


def test_two_offers_in_one_folder_are_told(tmp_path, rng):
    build_snemi_embl(tmp_path, rng)
    build_snemi_volumes(tmp_path, rng)
    with pytest.raises(DataError, match=r"several volumes of one name \(2\): snemi_train, AC4_inputs"):
        find(tmp_path)


def test_one_file_in_two_places_is_told(tmp_path, rng):
    build_snemi_original(tmp_path, rng)
    build_snemi_mirror(tmp_path, rng)
    with pytest.raises(DataError, match=r"snemi/image/train-input\.tif, .*/train-input\.tif"):
        find(tmp_path)


def test_an_image_without_labels_names_the_file_that_is_missing(tmp_path, rng):
    write_tiff(tmp_path / "train-input.tif", rng.integers(0, 9, (2, 3, 4), "uint8"))
    with pytest.raises(DataError, match=r"missing \(1\): train-labels\.tif"):
        find(tmp_path)


def test_another_voxel_size_may_be_said(tmp_path, rng):
    build_snemi_volumes(tmp_path, rng)
    assert tuple(find(tmp_path, voxel_size=[29, 6, 6])[0].voxel_size) == (29, 6, 6)
