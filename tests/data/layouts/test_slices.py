"""MitoEM, Lucchi++ and Kasthuri++: volumes that are folders of slices."""

import pytest
from public_data_sets import (
    build_kasthuri,
    build_lucchi,
    build_mitoem,
    build_mitoem2,
    build_mitoem_archives,
    draw_ids,
    draw_image,
    write_pictures,
    write_tiff,
)

from volumen.config import Component, DataSection
from volumen.data import divide_cases, find_cases, gather_cases
from volumen.errors import DataError, MissingError


def test_slices_to_learn_from_and_to_judge_by_are_the_split(tmp_path, rng):
    build_mitoem(tmp_path, rng)
    data = DataSection(root=str(tmp_path))
    draft = gather_cases(data)
    division = divide_cases(draft.cases, data, published=draft.folds)
    assert [(fold.training, fold.validation) for fold in division.folds] == [(("train",), ("val",))]


def test_several_volumes_are_called_after_their_folders(tmp_path, rng):
    build_mitoem(tmp_path / "human", rng)
    build_mitoem(tmp_path / "rat", rng)
    cases = find_cases(tmp_path)
    assert [(case.name, case.group) for case in cases] == [
        ("human_train", "human"),
        ("human_val", "human"),
        ("rat_train", "rat"),
        ("rat_val", "rat"),
    ]


@pytest.mark.parametrize("moved", [("EM30-R-im",), ("EM30-R-mito-train-val-v2",), ()])
def test_archives_may_be_unpacked_with_or_without_a_folder_of_their_own(tmp_path, rng, moved):
    build_mitoem_archives(tmp_path / "rat", rng)
    for folder in moved:
        for inner in (tmp_path / "rat" / folder).iterdir():
            inner.rename(tmp_path / "rat" / inner.name)
        (tmp_path / "rat" / folder).rmdir()
    name = "rat" if moved == ("EM30-R-im",) else "EM30-R"
    assert [case.name for case in find_cases(tmp_path)] == [f"{name}_train", f"{name}_val"]


def test_a_slice_that_is_missing_is_named(tmp_path, rng):
    build_mitoem(tmp_path, rng)
    (tmp_path / "mito-train-v2" / "seg0002.tif").unlink()
    (tmp_path / "im" / "im0001.png").unlink()
    with pytest.raises(DataError, match="slice 1 of im, slice 2 of mito-train-v2"):
        find_cases(tmp_path)


def test_labels_of_slices_without_an_image_are_told(tmp_path, rng):
    write_pictures(tmp_path / "im", draw_image(rng, (3, 8, 8)), "im{:04d}.png")
    for number, section in enumerate(draw_ids(rng, shape=(4, 8, 8))):
        write_tiff(tmp_path / "mito-train-v2" / f"seg{number:04d}.tif", section)
    with pytest.raises(DataError, match=r"beyond the image's edge .*mito-train-v2 \(slices 0 to 3\)"):
        find_cases(tmp_path)


def test_images_and_labels_of_unequal_number_are_told(tmp_path, rng):
    build_lucchi(tmp_path, rng)
    (tmp_path / "Lucchi++" / "Train_Out" / "5.png").unlink()
    with pytest.raises(DataError, match=r"Train_Out \(5 slices, not 6\)"):
        find_cases(tmp_path)


def test_the_test_volume_is_used_only_when_it_is_asked_for(tmp_path, rng, caplog):
    build_lucchi(tmp_path, rng)
    assert [case.name for case in find_cases(tmp_path)] == ["train"]
    assert "Test_In is left out" in caplog.text
    both = Component(name="lucchi", options={"parts": ["train", "test"]})
    assert [case.name for case in find_cases(tmp_path, layout=both)] == ["train", "test"]


def test_a_folder_that_is_missing_is_named(tmp_path, rng):
    build_kasthuri(tmp_path, rng)
    both = Component(name="kasthuri", options={"parts": ["train", "test"]})
    with pytest.raises(DataError, match="Test_In"):
        find_cases(tmp_path, layout=both)


@pytest.mark.parametrize("layout", ["lucchi", "kasthuri", "mitoem", "mitoem2"])
def test_a_folder_without_the_data_says_how_to_get_them(tmp_path, layout):
    with pytest.raises(MissingError, match=f"volumen data download {layout}"):
        find_cases(tmp_path, layout=layout)


def test_the_test_cases_of_mitoem2_are_used_only_when_they_are_asked_for(tmp_path, rng):
    build_mitoem2(tmp_path, rng)
    only = Component(name="mitoem2", options={"parts": ["test"]})
    assert [case.name for case in find_cases(tmp_path, layout=only)] == ["me2-beta_test01", "me2-jurkat_test01"]
    assert len(find_cases(tmp_path / "Dataset001_ME2-Beta")) == 3
