from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from volumen.data import Case, Frame, check_leaks
from volumen.data.slabs import SlabSplit
from volumen.errors import ConfigError
from volumen.geometry import Box

CASE = Case("AC4", "AC4.tif", {"ids": "ids.tif"}, frame=Frame(Box((0, 0, 0), (100, 64, 64))))


def list_intervals(division, names, axis=0):
    crops = [case.frame.crop for name in names for case in division.cases if case.name == name]
    return [(crop.start[axis], crop.stop[axis]) for crop in crops]


def test_each_slab_is_held_out_once():
    division = SlabSplit(folds=5).divide([CASE])
    assert [list_intervals(division, fold.validation) for fold in division.folds] == [
        [(0, 20)],
        [(20, 40)],
        [(40, 60)],
        [(60, 80)],
        [(80, 100)],
    ]
    assert list_intervals(division, division.folds[2].training) == [(0, 40), (60, 100)]
    assert list_intervals(division, division.folds[4].training) == [(0, 80)]


def test_a_gap_lies_between_what_is_learned_and_what_judges():
    division = SlabSplit(folds=4, gap=8).divide([CASE])
    assert list_intervals(division, division.folds[1].training) == [(0, 17), (58, 100)]
    assert list_intervals(division, division.folds[1].validation) == [(25, 50)]


def test_slabs_lie_across_any_axis():
    division = SlabSplit(folds=2, axis="x").divide([CASE])
    assert list_intervals(division, division.folds[0].validation, axis=2) == [(0, 32)]
    assert division.folds[0].validation == ("AC4@x0:32",)


def test_one_slab_may_be_named():
    division = SlabSplit(folds=5, validation=(80, 100), gap=2).divide([CASE])
    assert list_intervals(division, division.folds[0].validation) == [(80, 100)]
    assert list_intervals(division, division.folds[0].training) == [(0, 78)]
    assert len(division.folds) == 1


def test_every_volume_is_cut():
    division = SlabSplit(folds=2).divide([CASE, replace(CASE, name="AC3", image="AC3.tif", labels={})])
    assert division.folds[0].validation == ("AC4@z0:50", "AC3@z0:50")


def test_slabs_of_a_crop_are_counted_in_the_file_and_keep_its_intensities():
    crop = Box((38, 10, 10), (163, 20, 20))
    division = SlabSplit(folds=5).divide([replace(CASE, frame=Frame(crop, {"ids.tif": (38, 10, 10)}))])
    held = next(case for case in division.cases if case.name == division.folds[0].validation[0])
    assert held.frame.crop == Box((38, 10, 10), (63, 20, 20))
    assert held.frame.measured == crop
    assert held.locate_labels("ids").box == Box((0, 0, 0), (25, 10, 10))


def test_a_file_is_asked_for_its_shape(write_volume):
    image = write_volume("a.tif", (8, 5, 6))
    division = SlabSplit(folds=2).divide([Case("a", str(image), {})])
    assert list_intervals(division, division.folds[1].validation) == [(4, 8)]


@settings(deadline=None)
@given(st.integers(2, 9), st.integers(0, 12), st.integers(10, 200))
def test_slabs_never_share_a_voxel(folds, gap, extent):
    case = replace(CASE, frame=Frame(Box((0, 0, 0), (extent, 4, 4))))
    try:
        division = SlabSplit(folds=folds, gap=gap).divide([case])
    except ConfigError:
        return
    check_leaks(division.cases, division.folds)
    held = [interval for fold in division.folds for interval in list_intervals(division, fold.validation)]
    assert [start for start, _ in held] == [0] + [stop for _, stop in held[:-1]]
    assert held[-1][1] == extent
    for fold in division.folds:
        ((low, high),) = list_intervals(division, fold.validation)
        learned = list_intervals(division, fold.training)
        assert all(stop + gap <= low or start >= high + gap for start, stop in learned)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"folds": 2, "gap": 60}, "nothing to learn from in fold 0; lower its gap of 60"),
        ({"folds": 120}, "100 voxels along z, too few for 120 slabs; lower data.folds"),
        ({"folds": 2, "validation": (90, 110)}, r"\[90, 110\] lies outside case AC4, which has 100 voxels along z"),
        ({"folds": 2, "gap": -1}, "number of voxels from 0; got -1"),
    ],
)
def test_slabs_that_cannot_be_cut_say_why(options, message):
    with pytest.raises(ConfigError, match=message):
        SlabSplit(**options).divide([CASE])
