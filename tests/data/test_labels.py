from dataclasses import replace

import numpy as np
import pytest

from volumen.data import Case, Components, LabelValues
from volumen.data.labels import read_labels, read_seen
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


def see(case: Case, box: Box, ignore: int | None) -> list[int]:
    """Labels where somebody looked, -100 elsewhere."""
    seen = read_seen(case, "ink", box, reader=PatchReader(1000), ignore=ignore)
    return np.where(seen.known, seen.labels.astype(int), -100)[0, 0].tolist()


def test_what_is_seen_is_what_a_patch_holds(case):
    for ignore in (None, 2):
        for one in (case, without_masks(case)):
            assert see(one, Box.whole((2, 1, 6)), ignore) == read_plain(one, Box.whole((2, 1, 6)), ignore)


def test_classes_of_the_runs_own_are_seen(case):
    mapped = replace(without_masks(case), values={"ink": LabelValues(classes={1: 5, 2: -100})})
    assert see(mapped, Box.whole((2, 1, 6)), None) == [0, 0, 5, 5, -100, -100]


def test_instances_that_are_only_drawn_apart_are_seen_as_one(case):
    apart = replace(without_masks(case), values={"ink": LabelValues(components=Components(inside=1, border=2))})
    assert see(apart, Box.whole((2, 1, 6)), None) == [0, 0, 1, 1, 0, 0]
