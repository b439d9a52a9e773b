import json
from dataclasses import replace

import numpy as np
import pytest

from volumen.data import find_cases, take_fingerprint
from volumen.data.cases import Case
from volumen.data.frames import Frame
from volumen.data.values import Components, LabelValues
from volumen.geometry import Box, VoxelSize
from volumen.volumes import create_volume


@pytest.fixture
def make_case(tmp_path, write_volume):
    """A case with an image of 4³ and a label of given values."""

    def make(labels, *, values=None, mask=None, skipped=()):
        write_volume("image.tif", np.arange(64, dtype=np.uint8).reshape(4, 4, 4))
        path = tmp_path / "labels.zarr"
        create_volume(path, shape=(4, 4, 4), dtype=labels.dtype, overwrite=True).write(Box.whole((4, 4, 4)), labels)
        if mask is not None:
            write_volume("mask.tif", mask.astype(np.uint8))
        return Case(
            name="a",
            image=str(tmp_path / "image.tif"),
            labels={"ids": str(path)},
            mask=None if mask is None else str(tmp_path / "mask.tif"),
            values={} if values is None else {"ids": values},
            frame=Frame(skipped=skipped),
        )

    return make


def take_label(case, *, ignore=2):
    (facts,) = take_fingerprint([case], ignore=ignore).cases
    assert facts.faults == ()
    return facts.labels["ids"]


def fill(dtype="uint8", **places):
    labels = np.zeros((4, 4, 4), dtype)
    for index, value in enumerate(places.values()):
        labels[3, 3, index] = value
    return labels


def test_a_data_set_is_told_by_its_cases(scrolls):
    facts = take_fingerprint(find_cases(scrolls))
    assert [case.name for case in facts.cases] == [f"s{number}" for number in range(5)]
    first = facts.cases[0]
    assert (first.shape, first.channels, first.dtype, first.voxel_size) == ((12, 14, 16), 1, "uint8", None)
    assert 0 <= first.image.low < first.image.percentiles[1] < first.image.high <= 255
    label = first.labels["labels"]
    assert label.labelled == pytest.approx(14 / 16)
    assert label.foreground == pytest.approx(0.5)
    assert label.values == {-100: 12 * 14 * 2, 0: 12 * 7 * 14, 1: 12 * 7 * 14}
    assert label.has_classes
    assert facts.voxel_sizes is None


def test_a_fingerprint_is_plain_values(scrolls):
    told = json.loads(json.dumps(take_fingerprint(find_cases(scrolls)).to_dict()))
    assert told["cases"][4]["labels"]["labels"]["objects"] == 1


def test_shapes_are_those_that_patches_are_cut_from(scrolls):
    case = find_cases(scrolls)[0]
    cropped = replace(
        case, frame=Frame(crop=Box((0, 0, 0), (12, 7, 16)), scale=(2.0, 1.0, 1.0)), voxel_size=VoxelSize(2, 1, 1)
    )
    (facts,) = take_fingerprint([cropped]).cases
    assert facts.shape == (6, 7, 16)
    assert facts.labels["labels"].foreground == 0
    assert facts.labels["labels"].voxels == 12 * 7 * 16


def test_masked_and_skipped_voxels_are_not_labelled(make_case):
    mask = np.ones((4, 4, 4))
    mask[:, :2] = 0
    label = take_label(make_case(fill(), mask=mask, skipped=(0,)))
    assert label.labelled == pytest.approx(0.5 * 0.75)


def test_ids_that_no_label_can_be_are_counted_and_named(make_case):
    label = take_label(make_case(fill("uint64", a=2**63, b=2**64 - 1, c=7), values=LabelValues(ignore=(2**64 - 1,))))
    assert label.refused == (2**63,)
    assert label.refused_voxels == 1
    assert label.largest == 7
    assert take_label(make_case(fill("int16", a=-1))).refused == (-1,)


def test_values_that_masks_hide_are_refused_as_training_refuses_them(make_case):
    mask = np.zeros((4, 4, 4))
    assert take_label(make_case(fill("int16", a=-5), mask=mask)).refused == (-5,)


def test_classes_are_counted_as_the_recipe_names_them(make_case):
    label = take_label(make_case(fill(a=255, b=9, c=4), values=LabelValues(classes={255: 1, 9: -100}, rest="refuse")))
    assert label.values == {-100: 1, 0: 61, 1: 1}
    assert label.refused == (4,)


def test_the_ignored_value_is_doubtful_where_there_are_larger_ids(make_case):
    assert take_label(make_case(fill(a=2, b=3))).doubtful == 1
    assert take_label(make_case(fill(a=2, b=1))).doubtful == 0
    assert take_label(make_case(fill(a=2, b=3), values=LabelValues(ignore=(2,)))).doubtful == 0
    assert take_label(make_case(fill(a=2, b=3)), ignore=None).doubtful == 0


def test_floats_that_are_no_whole_numbers_are_counted(make_case):
    label = take_label(make_case(fill("float32", a=1.5, b=np.nan, c=3), values=LabelValues(floats=True)))
    assert label.fractions == 2
    assert label.largest == 3


def test_many_ids_are_objects_and_not_listed(make_case):
    label = take_label(make_case(np.arange(64, dtype=np.uint32).reshape(4, 4, 4)), ignore=None)
    assert (label.objects, label.largest, label.values) == (63, 63, {})
    assert not label.has_classes


def test_the_parts_of_a_class_are_no_class(make_case):
    assert not take_label(make_case(fill(a=1), values=LabelValues(components=Components(inside=1)))).has_classes


def test_what_cannot_be_read_is_a_fault_of_its_case(make_case, tmp_path, write_volume):
    case = make_case(fill())
    write_volume("image.tif", np.full((4, 4, 4), np.nan, np.float32), dtype="float32")
    (facts,) = take_fingerprint([case]).cases
    assert facts.image is None
    assert "64 of 64 voxels are NaN" in facts.faults[0]


def test_progress_counts_voxels_of_images_and_labels(scrolls):
    told = []
    take_fingerprint(find_cases(scrolls), progress=lambda *seen: told.append(seen))
    assert told[-1] == (0, 1)
    assert len(told) > 10
