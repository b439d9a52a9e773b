import logging

import numpy as np
import pytest

from volumen.data import find_cases
from volumen.errors import DataError, MissingError


def test_images_and_labels_of_one_name_are_a_case(scrolls):
    case = find_cases(scrolls)[0]
    assert (case.name, case.labels) == ("s0", {"labels": str(scrolls / "train_labels" / "s0.tif")})
    assert case.image == str(scrolls / "train_images" / "s0.tif")


def test_cases_come_in_natural_order(tmp_path, write_volume):
    for number in (10, 2, 1):
        write_volume(f"train_images/scroll{number}.tif")
        write_volume(f"train_labels/scroll{number}.tif")
    assert [case.name for case in find_cases(tmp_path)] == ["scroll1", "scroll2", "scroll10"]


def test_labels_named_after_a_target_are_found_by_the_longest_image_name(tmp_path, write_volume):
    for name in ("images/a.tif", "images/a_b.tif", "labels/a_ink.tif", "labels/a_b_ink.tif", "labels/a_b.tif"):
        write_volume(name)
    short, long = find_cases(tmp_path)
    assert (short.name, set(short.labels)) == ("a", {"ink"})
    assert (long.name, set(long.labels)) == ("a_b", {"ink", "labels"})


def test_masks_hold_for_a_case_or_for_one_target(tmp_path, write_volume):
    for name in ("images/a.tif", "labels/a_ink.tif", "masks/a.tif", "masks/a_ink.tif"):
        write_volume(name)
    (case,) = find_cases(tmp_path)
    assert case.mask == str(tmp_path / "masks" / "a.tif")
    assert case.label_masks == {"ink": str(tmp_path / "masks" / "a_ink.tif")}


def test_all_faults_come_in_one_error(tmp_path, write_volume):
    write_volume("train_images/fine.tif")
    write_volume("train_labels/fine.tif")
    write_volume("train_images/lonely1.tif")
    write_volume("train_images/lonely2.tif")
    write_volume("train_images/other_shape.tif")
    write_volume("train_labels/other_shape.tif", (4, 5, 7))
    write_volume("train_images/flat.tif", (5, 6))
    write_volume("train_labels/flat.tif", (5, 6))
    write_volume("train_images/broken.tif").write_bytes(b"no TIFF")
    write_volume("train_labels/broken.tif")
    write_volume("train_images/soft.tif")
    write_volume("train_labels/soft.tif", dtype="float32")
    write_volume("train_labels/orphan.tif")
    with pytest.raises(DataError) as caught:
        find_cases(tmp_path)
    message = str(caught.value)
    assert "images without a label (2): lonely1, lonely2" in message
    assert "train_labels/other_shape.tif (4×5×7, not 4×5×6)" in message
    assert "not 3D (1): train_images/flat.tif (one slice" in message
    assert "broken.tif" in message
    assert "soft.tif (float32)" in message
    assert "without an image (1): orphan" in message
    assert "fine" not in message
    assert "\n" not in message


def test_a_label_without_an_image_alone_is_a_warning(scrolls, write_volume, caplog):
    write_volume("train_labels/orphan.tif")
    with caplog.at_level(logging.WARNING):
        assert len(find_cases(scrolls)) == 5
    assert "orphan" in caplog.text


def test_slices_are_cases_where_they_are_wanted(tmp_path, write_volume):
    write_volume("images/slice.tif", (5, 6))
    write_volume("labels/slice.tif", (5, 6))
    assert [case.name for case in find_cases(tmp_path, flat=True)] == ["slice"]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ((), "neither train_images/"),
        (("train_images/a.tif",), "train_labels is not"),
        (("train_images/a.tif", "images/a.tif"), "both train_images/ and images/"),
        (("train_images/readme.txt", "train_labels/a.tif"), "holds no volume"),
    ],
)
def test_a_folder_of_another_layout_says_what_is_missing(tmp_path, write_volume, files, message):
    for name in files:
        write_volume(name)
    with pytest.raises((DataError, MissingError), match=message):
        find_cases(tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(MissingError, match="nowhere"):
        find_cases(tmp_path / "nowhere")


def test_two_volumes_of_one_name_are_told(scrolls, write_volume):
    write_volume("train_images/s0.tiff", (12, 14, 16))
    with pytest.raises(DataError, match=r"several volumes of one name \(1\): train_images/s0"):
        find_cases(scrolls)


def test_progress_counts_cases(scrolls):
    seen = []
    find_cases(scrolls, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]


def test_groups_are_assigned_when_asked_for(tmp_path, write_volume):
    for name in ("34_a", "34_b", "35_a"):
        write_volume(f"train_images/{name}.tif", np.ones((2, 2, 2), np.uint8))
        write_volume(f"train_labels/{name}.tif", (2, 2, 2))
    assert [case.group for case in find_cases(tmp_path, group=r"^(\d+)_")] == ["34", "34", "35"]
