from dataclasses import replace

import numpy as np
import pytest
import tifffile

from volumen.data import Case, Frame, count_channels
from volumen.data.images import find_shape, open_measured, read_image
from volumen.data.labels import read_labels, read_seen
from volumen.data.patches import PatchReader
from volumen.geometry import Box
from volumen.volumes import IntensityMap

PLAIN = IntensityMap(-np.inf, np.inf, 0.0, 1.0)


@pytest.fixture
def case(write_volume, rng) -> Case:
    """Two images of 8×9×10; labels of the part that begins at 2 3 4, each voxel its own number."""
    images = [write_volume(f"images/{name}.tif", rng.integers(0, 255, (8, 9, 10), np.uint8)) for name in "ab"]
    labels = write_volume("labels/a.tif", np.arange(1, 4 * 5 * 6 + 1, dtype=np.uint16).reshape(4, 5, 6))
    frame = Frame(Box((2, 3, 4), (6, 8, 10)), {str(labels): (2, 3, 4)})
    return Case("a", str(images[0]), {"ids": str(labels)}, channels=(str(images[1]),), frame=frame)


def read(case: Case, box: Box) -> np.ndarray:
    return read_image(case, box, reader=PatchReader(10_000), intensities=PLAIN)


def read_ids(case: Case, box: Box) -> np.ndarray:
    return read_labels(case, "ids", box, reader=PatchReader(10_000), ignore=None)


def test_images_follow_one_another_as_channels(case):
    image = read(case, Box.whole((4, 5, 6)))
    for channel, spec in zip(image, case.images, strict=True):
        assert np.array_equal(channel, tifffile.imread(spec)[2:6, 3:8, 4:10])
    assert count_channels(case) == 2


def test_image_and_labels_of_a_crop_lie_over_each_other(case):
    box = Box((1, 1, 2), (3, 3, 6))
    assert find_shape(case, PatchReader(0)) == (4, 5, 6)
    assert read_ids(case, box)[0, 0, 0] == (1 * 5 + 1) * 6 + 2 + 1
    assert read(case, box)[0, 0, 0, 0] == tifffile.imread(case.image)[3, 4, 6]


def test_a_patch_past_the_crop_is_padded_although_the_file_goes_on(case):
    box = Box.at((3, 4, 5), (2, 2, 2))
    assert read(case, box)[:, 1:].max() == 0
    assert (read_ids(case, box)[1:] == -100).all()


def test_skipped_slices_are_counted_in_the_file(case):
    skipping = replace(case, frame=replace(case.frame, skipped=(3, 7)))
    ids = read_ids(skipping, Box.whole((4, 5, 6)))
    assert [(section == -100).all() for section in ids] == [False, True, False, False]
    seen = read_seen(skipping, "ids", Box((1, 0, 0), (3, 5, 6)), reader=PatchReader(0), ignore=None)
    assert [section.any() for section in seen.known] == [False, True]


def test_skipped_slices_stay_skipped_at_another_voxel_size(case):
    frame = replace(case.frame, skipped=(3,), scale=(0.5, 1.0, 1.0))
    ids = read_ids(replace(case, frame=frame), Box.whole((8, 5, 6)))
    assert [(section == -100).all() for section in ids] == [False, False, True, True, False, False, False, False]


def test_image_and_labels_are_cut_at_another_voxel_size(case):
    coarse = replace(case, frame=replace(case.frame, scale=(2.0, 1.0, 2.0)))
    box = Box.whole((2, 5, 3))
    assert find_shape(coarse, PatchReader(0)) == box.shape
    assert np.array_equal(read_ids(coarse, box), read_ids(case, Box.whole((4, 5, 6)))[1::2, :, 1::2])
    shrunk, own = read(coarse, box), read(case, Box.whole((4, 5, 6)))
    assert shrunk.shape == (2, 2, 5, 3)
    assert abs(shrunk.mean() - own.mean()) < 0.15 * own.mean()


def test_a_label_that_a_case_lacks_is_unknown_everywhere(case):
    box = Box.whole((2, 2, 2))
    assert (read_labels(case, "clefts", box, reader=PatchReader(0), ignore=None) == -100).all()


def test_intensities_are_those_of_the_crop_unless_said(case):
    assert open_measured(case).layout.array_shape == (2, 4, 5, 6)
    wider = replace(case, frame=replace(case.frame, measured=Box.whole((8, 9, 10))))
    assert open_measured(wider).layout.array_shape == (2, 8, 9, 10)
