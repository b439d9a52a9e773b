import logging

import numpy as np
import pytest

from volumen.errors import DataError, MissingError
from volumen.metrics import pair_cases
from volumen.volumes import export_volume


@pytest.fixture
def folders(tmp_path):
    """Two folders: `a` and `b` in both, `c` predicted only, `d` true only."""
    for folder, names in (("masks", "abc"), ("truth", "abd")):
        (tmp_path / folder).mkdir()
        for name in names:
            export_volume(np.zeros((2, 3, 4), np.uint8), tmp_path / folder / f"{name}.tif")
    export_volume(np.zeros((2, 3, 4), np.uint8), tmp_path / "masks" / "a_visualization.tif")
    return tmp_path / "masks", tmp_path / "truth"


def test_cases_that_one_side_lacks_are_named(folders):
    with pytest.raises(DataError, match=r"c has no truth, d has no segmentation; add them, or ask for --allow-missing"):
        pair_cases(*folders)


def test_what_there_is_is_paired_when_asked_and_the_rest_said(folders, caplog):
    with caplog.at_level(logging.WARNING):
        pairs = pair_cases(*folders, allow_missing=True)

    assert list(pairs.cases) == ["a", "b"]
    assert pairs.missing == ("c has no truth", "d has no segmentation")
    assert "scored are 2 cases; left out: c has no truth" in caplog.text


def test_folders_without_a_common_name_are_an_error(folders, tmp_path):
    (tmp_path / "empty").mkdir()

    with pytest.raises(MissingError, match="hold no volumes of one name"):
        pair_cases(folders[0], tmp_path / "empty", allow_missing=True)


def test_a_volume_and_a_folder_do_not_go_together(folders):
    masks, truth = folders

    with pytest.raises(DataError, match="two volumes or two folders"):
        pair_cases(masks / "a.tif", truth)


def test_two_volumes_are_one_case_by_the_name_of_the_first(folders):
    masks, truth = folders

    assert pair_cases(masks / "a.tif", truth / "b.tif").cases == {"a": (masks / "a.tif", truth / "b.tif")}
