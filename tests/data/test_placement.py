import logging
from dataclasses import replace

import numpy as np
import pytest

from volumen.data import Case, Frame
from volumen.data.placement import place_case, rescale_cases
from volumen.errors import DataError
from volumen.geometry import Box, VoxelSize
from volumen.volumes import ArrayVolume

CASE = Case("a", "a.h5:raw", {"ids": "a.h5:ids"})
IMAGE = ArrayVolume(np.zeros((20, 30, 30), np.uint8), VoxelSize(40, 4, 4), spec="a.h5:raw")


def make_labels(offset: tuple[float, float, float] | None, shape=(12, 10, 10), spec="a.h5:ids") -> ArrayVolume:
    return ArrayVolume(np.zeros(shape, np.uint64), VoxelSize(40, 4, 4), offset=offset, spec=spec)


def test_labels_that_say_their_offset_cut_the_image_to_themselves(caplog):
    with caplog.at_level(logging.INFO):
        frame = place_case(CASE, IMAGE, {"a.h5:ids": make_labels((160.0, 40.0, 44.0))}, {}).frame
    assert frame.crop == Box((4, 10, 11), (16, 20, 21))
    assert frame.locate_labels("a.h5:ids").box == Box.whole((12, 10, 10))
    assert frame.locate_image("a.h5:raw").box == frame.crop
    assert "4:16,10:20,11:21" in caplog.text


def test_an_offset_is_counted_from_the_images_own():
    image = ArrayVolume(np.zeros((20, 30, 30), np.uint8), VoxelSize(40, 4, 4), offset=(80.0, 0.0, 0.0))
    assert place_case(CASE, image, {"a.h5:ids": make_labels((160.0, 0.0, 0.0))}, {}).frame.crop.start == (2, 0, 0)


def test_several_labels_leave_what_all_of_them_cover():
    labels = {"a.h5:ids": make_labels((160.0, 40.0, 44.0)), "b": make_labels((200.0, 40.0, 44.0), spec="b")}
    frame = place_case(replace(CASE, labels={"ids": "a.h5:ids", "clefts": "b"}), IMAGE, labels, {}).frame
    assert frame.crop == Box((5, 10, 11), (16, 20, 21))
    assert frame.locate_labels("a.h5:ids").box == Box((1, 0, 0), (12, 10, 10))


def test_labels_as_large_as_the_crop_begin_with_it():
    case = replace(CASE, frame=Frame(Box((1, 2, 3), (13, 12, 13))))
    frame = place_case(case, IMAGE, {"a.h5:ids": make_labels(None)}, {}).frame
    assert frame.locate_labels("a.h5:ids").box == Box.whole((12, 10, 10))


def test_masks_begin_where_they_say_and_cut_nothing():
    mask = make_labels((80.0, 0.0, 0.0), shape=(18, 30, 30), spec="m")
    placed = place_case(replace(CASE, mask="m"), IMAGE, {"a.h5:ids": make_labels((160.0, 40.0, 44.0))}, {"m": mask})
    assert placed.frame.crop == Box((4, 10, 11), (16, 20, 21))
    assert placed.locate_masks("ids")[0].box == Box((2, 10, 11), (14, 20, 21))


def test_labels_beside_their_image_leave_nothing():
    assert place_case(CASE, IMAGE, {"a.h5:ids": make_labels((8000.0, 0.0, 0.0))}, {}).frame.crop.size == 0


@pytest.mark.parametrize("offset", [None, (170.0, 40.0, 44.0)])
def test_what_no_offset_explains_is_left_alone(offset):
    assert place_case(CASE, IMAGE, {"a.h5:ids": make_labels(offset)}, {}).frame == Frame()


def test_labels_of_the_images_shape_need_no_place():
    labels = make_labels((0.0, 0.0, 0.0), shape=(20, 30, 30))
    assert place_case(CASE, IMAGE, {"a.h5:ids": labels}, {}).frame == Frame()


def test_cases_of_one_voxel_size_know_their_scale():
    cases = [replace(CASE, voxel_size=VoxelSize(40, 4, 4)), replace(CASE, name="b", voxel_size=VoxelSize(20, 8, 8.01))]
    coarse, same = rescale_cases(cases, VoxelSize(20, 8, 8))
    assert coarse.frame.scale == (0.5, 2.0, 2.0)
    assert same.frame.scale is None
    assert coarse.voxel_size == same.voxel_size == VoxelSize(20, 8, 8)


def test_cases_of_unknown_voxel_size_are_named():
    with pytest.raises(DataError, match=r"do not say theirs: a, c;"):
        rescale_cases([CASE, replace(CASE, name="c")], VoxelSize(1, 1, 1))


def test_labels_and_masks_of_one_slice_stand_for_every_layer():
    labels, mask = make_labels(None, (1, 30, 30)), make_labels(None, (1, 30, 30), spec="m")
    frame = place_case(replace(CASE, mask="m"), IMAGE, {"a.h5:ids": labels}, {"m": mask}).frame
    assert frame.flat
    assert frame.lay_labels(Box((4, 5, 6), (9, 15, 16))) == Box((0, 5, 6), (1, 15, 16))


def test_one_slice_of_a_crop_is_cut_in_y_and_x():
    case = replace(CASE, frame=Frame(Box((2, 5, 6), (12, 15, 16))))
    frame = place_case(case, IMAGE, {"a.h5:ids": make_labels(None, (1, 30, 30))}, {}).frame
    assert frame.locate_labels("a.h5:ids").box == Box((0, 5, 6), (1, 15, 16))


@pytest.mark.parametrize("labels", [make_labels((80.0, 0.0, 0.0), (1, 30, 30)), make_labels(None, (1, 30, 29))])
def test_one_slice_that_lies_somewhere_or_is_narrower_stands_for_itself(labels):
    assert not place_case(CASE, IMAGE, {"a.h5:ids": labels}, {}).frame.flat


def test_a_mask_with_layers_leaves_labels_of_one_slice_unexplained():
    mask = make_labels(None, (20, 30, 30), spec="m")
    case = replace(CASE, mask="m")
    assert not place_case(case, IMAGE, {"a.h5:ids": make_labels(None, (1, 30, 30))}, {"m": mask}).frame.flat
