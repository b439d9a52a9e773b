from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from volumen.viewing import HeadView, Preview, choose_slices, draw_stills, write_preview
from volumen.viewing.palette import AGREEMENT
from volumen.viewing.pictures import Contrast, paint_numbers
from volumen.viewing.previews import draw_rows


@pytest.fixture
def preview(sheet):
    """A sheet as a head of labels sees it, and as one of vectors does."""
    ignored = sheet.truth == 2
    labels = HeadView("sheet", sheet.truth, sheet.prediction.astype(np.float32), ignored)
    vectors = np.stack(np.gradient(sheet.image)).astype(np.float32)
    return Preview(sheet.image, range(0, 24, 2), (labels, HeadView("slope", vectors, -vectors, ignored)))


def cut(preview, depth):
    views = [
        replace(
            head,
            truth=head.truth[..., :depth, :, :],
            prediction=head.prediction[..., :depth, :, :],
            ignored=head.ignored[:depth],
        )
        for head in preview.heads
    ]
    return replace(preview, image=preview.image[:depth], places=(), heads=tuple(views))


def test_a_volume_becomes_a_gif_that_runs_through_z_with_a_row_a_head(preview, tmp_path):
    path = write_preview(tmp_path / "epoch_0003", preview)
    assert path == tmp_path / "epoch_0003.gif"
    with Image.open(path) as image:
        assert image.n_frames == 12
        assert image.width > 3 * 160
        assert image.height > 2 * 160
    assert [file.name for file in tmp_path.iterdir()] == ["epoch_0003.gif"]


def test_one_slice_becomes_a_png_whatever_ending_was_given(preview, tmp_path):
    path = write_preview(tmp_path / "loss_0.5.gif", cut(preview, 1))
    assert path.name == "loss_0.5.png"
    with Image.open(path) as image:
        assert image.format == "PNG"


@pytest.mark.parametrize(("depth", "shown"), [(1, 1), (24, 24), (25, 13), (192, 24)])
def test_a_deep_patch_skips_slices_and_ends_within_24_frames(depth, shown):
    assert len(choose_slices(depth)) == shown


def test_writing_again_replaces_the_file(preview, tmp_path):
    for _ in range(2):
        path = write_preview(tmp_path / "same", cut(preview, 2))
    assert list(tmp_path.iterdir()) == [path]


def test_a_still_a_head_shows_labels_compared_and_numbers_in_colour(preview):
    stills = draw_stills(preview)
    assert list(stills) == ["sheet", "slope"]
    assert (stills["sheet"] == AGREEMENT).all(-1).any()
    assert (stills["slope"].max(-1) > stills["slope"].min(-1) + 100).any()


def test_truth_and_prediction_have_one_scale_and_ignored_voxels_no_say_in_it(preview):
    numbers = np.array([[[[-1.0, 2.0, 9.0]]]], np.float32)
    head = HeadView("signed", numbers, 2 * numbers, numbers[0] > 5)
    assert head.measure_contrast().high == pytest.approx(-head.measure_contrast().low)
    assert head.measure_contrast().high == pytest.approx(2, abs=0.05)


def test_two_numbers_are_red_and_green_beside_a_blue_of_zero():
    values = np.array([[[1.0]], [[-1.0]]], np.float32)
    assert paint_numbers(values, Contrast(-1.0, 1.0), None, size=(1, 1)).tolist() == [[[255, 0, 128]]]


def test_objects_are_coloured_beside_the_embedding_of_them(preview):
    head = HeadView("objects", preview.heads[0].truth, preview.heads[1].truth, preview.heads[0].ignored, instances=True)
    (row,) = draw_rows(replace(preview, heads=(head,)), head, [(3, 10, 10)])
    assert row.width > 3 * 240
