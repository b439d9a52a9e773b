import pytest
from public_data_sets import build_nisb

from volumen.config import Component
from volumen.data import NisbLayout, find_cases
from volumen.data.inspection import Faults
from volumen.errors import MissingError


def test_a_bucket_is_read_where_it_lies_and_without_an_account():
    draft = NisbLayout().draft("s3://nisb/base", Faults("s3://nisb/base"))
    assert [case.name for case in draft.cases] == [*(f"train_seed{number}" for number in range(5)), "val_seed0"]
    assert draft.cases[0].image == (
        "s3://nisb/base/train/seed0/data.zarr/img?axes=xyzc&anonymous&endpoint=https://s3.nexus.mpcdf.mpg.de:443"
    )
    assert draft.folds[0].validation == ("val_seed0",)


def test_a_larger_setting_says_how_many_cubes_it_has():
    draft = NisbLayout(parts=("train",), seeds=100).draft("s3://nisb/train_100", Faults(""))
    assert len(draft.cases) == 100
    assert draft.folds is None


def test_the_expanded_tissue_has_finer_sections():
    assert tuple(NisbLayout().draft("s3://nisb/liconn", Faults("")).cases[0].voxel_size) == (12, 9, 9)
    sized = NisbLayout(voxel_size=(20, 9, 8)).draft("s3://nisb/liconn", Faults(""))
    assert tuple(sized.cases[0].voxel_size) == (20, 9, 8)


def test_another_bucket_is_read_with_ones_own_account():
    image = NisbLayout().draft("s3://mine/base", Faults("")).cases[0].image
    assert image == "s3://mine/base/train/seed0/data.zarr/img?axes=xyzc"


def test_the_test_cubes_are_used_only_when_they_are_asked_for(tmp_path, rng):
    build_nisb(tmp_path, rng)
    only = Component(name="nisb", options={"parts": ["test"]})
    assert [case.name for case in find_cases(tmp_path, layout=only)] == ["test_seed0"]


def test_a_folder_without_cubes_says_which_is_wanted(tmp_path):
    with pytest.raises(MissingError, match="folder of a setting"):
        find_cases(tmp_path, layout="nisb")
