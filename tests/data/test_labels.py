import numpy as np
import pytest

from volumen.data import Case
from volumen.data.labels import measure_share, read_labels
from volumen.data.patches import PatchReader
from volumen.geometry import Box


@pytest.fixture
def case(write_volume) -> Case:
    """Labels 0 0 1 1 2 2 along x; the mask leaves out the first and the last two voxels."""
    labels = np.array([[[0, 0, 1, 1, 2, 2]]], np.uint8)
    spec = str(write_volume("labels/a_ink.tif", np.repeat(labels, 2, 0)))
    mask = str(write_volume("masks/a.tif", np.repeat(np.uint8([[[0, 9, 9, 9, 0, 0]]]), 2, 0)))
    return Case("a", "unused.tif", {"ink": spec}, label_masks={"ink": mask})


def read_plain(case: Case, box: Box, ignore: int | None) -> list[int]:
    return read_labels(case, "ink", box, reader=PatchReader(1000), ignore=ignore)[0, 0].tolist()


def without_masks(case: Case) -> Case:
    return Case(case.name, case.image, case.labels)


def test_the_ignored_value_becomes_minus_100(case):
    assert read_plain(without_masks(case), Box.whole((2, 1, 6)), 2) == [0, 0, 1, 1, -100, -100]


def test_without_an_ignored_value_every_label_stays(case):
    assert read_plain(without_masks(case), Box.whole((2, 1, 6)), None) == [0, 0, 1, 1, 2, 2]


def test_what_a_mask_leaves_out_is_ignored(case):
    assert read_plain(case, Box.whole((2, 1, 6)), None) == [-100, 0, 1, 1, -100, -100]


def test_past_the_end_of_the_volume_nothing_is_known(case):
    assert read_plain(without_masks(case), Box.at((0, 0, 3), (2, 1, 5)), 2) == [1, -100, -100, -100, -100]


def test_the_share_of_foreground_is_of_what_somebody_looked_at(case):
    share = measure_share(without_masks(case), "ink", Box.whole((2, 1, 6)), reader=PatchReader(1000), ignore=2)
    assert share == 0.5
    masked = measure_share(case, "ink", Box.at((0, 0, 0), (4, 4, 8)), reader=PatchReader(1000), ignore=2)
    assert masked == pytest.approx(2 / 3)


def test_the_share_of_nothing_is_unknown(case):
    box = Box((0, 0, 4), (2, 1, 6))
    assert measure_share(without_masks(case), "ink", box, reader=PatchReader(1000), ignore=2) is None
