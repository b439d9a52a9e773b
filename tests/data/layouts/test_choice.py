import pytest

from volumen.config import read_recipe
from volumen.data import find_cases, recognise_layout
from volumen.errors import ConfigError, DataError, MissingError, UnknownNameError, VolumenError
from volumen.registry import list_names


def touch(root, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def test_a_folder_of_nothing_known_names_what_is_known(tmp_path):
    touch(tmp_path, "readme.txt")
    with pytest.raises(MissingError) as caught:
        recognise_layout(tmp_path)
    assert "neither train_images/" in str(caught.value)
    assert "cremi, folders, hdf5" in str(caught.value)
    assert "data.cases" in str(caught.value)


def test_one_data_set_is_surer_than_a_scheme_and_a_scheme_than_folders(tmp_path):
    touch(tmp_path, "images/a.tif", "x_im.h5", "dataset.json", "imagesTr/a_0000.tif")
    assert recognise_layout(tmp_path) == "nnunet"
    touch(tmp_path, "sample_A_20160501.hdf")
    assert recognise_layout(tmp_path) == "cremi"


def test_a_folder_that_may_be_two_things_asks_which(tmp_path):
    touch(tmp_path, "images/a.tif", "x_im.h5")
    with pytest.raises(DataError, match=r"may be folders or hdf5; say which with data\.layout"):
        find_cases(tmp_path)


def test_an_unknown_layout_is_told_the_nearest(tmp_path):
    with pytest.raises(UnknownNameError, match="no layout is called 'snemi'; did you mean 'snemi3d'"):
        find_cases(tmp_path, layout="snemi")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("data.layout=kremi", "data.layout: no layout is called 'kremi'; did you mean 'cremi'"),
        ("data.layout={name: cremi, samplse: [A]}", "no option 'samplse'; did you mean 'samples'"),
        ("data.layout={name: cremi, samples: [D]}", "option 'samples"),
        ("data.split=slabs", "data.split: no split is called 'slabs'; did you mean 'slab'"),
        ("data.split=files", "split 'files' needs the option 'validation'"),
        ("data.datasets=[{root: a, layout: nnunt}]", "data.datasets.0.layout: no layout is called 'nnunt'"),
        ("data.cases=[{image: a.tif, labels: b.tif, crp: 1}]", "data.cases.0.crp: no such key; did you mean 'crop'"),
    ],
)
def test_a_recipe_is_checked_before_any_file_is_looked_at(override, message):
    with pytest.raises(ConfigError) as caught:
        read_recipe("scroll-surface", [override])
    assert message in str(caught.value)


def test_a_bucket_needs_its_layout_named_and_one_that_can_do_without_a_folder():
    with pytest.raises(DataError, match=r"its layout must be named: set data\.layout"):
        find_cases("s3://bucket/data")
    with pytest.raises(DataError, match="cremi is looked for on this machine only"):
        find_cases("s3://bucket/data", layout="cremi")


@pytest.mark.parametrize("layout", list_names("layout"))
def test_a_folder_that_is_not_there_or_empty_is_one_line(tmp_path, layout):
    with pytest.raises(MissingError, match="there is no folder"):
        find_cases(tmp_path / "nowhere", layout=layout)
    with pytest.raises(VolumenError) as caught:
        find_cases(tmp_path, layout=layout)
    assert "\n" not in str(caught.value)
