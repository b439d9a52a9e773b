import numpy as np
from PIL import Image

from volumen.viewing import write_preview


def test_a_volume_becomes_a_gif_that_runs_through_z(sheet, tmp_path):
    path = write_preview(tmp_path / "epoch_0003", sheet.image, sheet.truth, sheet.prediction, ignore=2)
    assert path == tmp_path / "epoch_0003.gif"
    with Image.open(path) as image:
        assert image.n_frames == 12
        assert image.width > 3 * 240
    assert [file.name for file in tmp_path.iterdir()] == ["epoch_0003.gif"]


def test_one_slice_becomes_a_png_whatever_ending_was_given(sheet, tmp_path):
    path = write_preview(tmp_path / "loss_0.5.gif", sheet.image[0], sheet.truth[0], sheet.prediction[0])
    assert path.name == "loss_0.5.png"
    with Image.open(path) as image:
        assert image.format == "PNG"


def test_a_deep_patch_skips_slices_and_ends_within_24_frames(tmp_path):
    image = np.zeros((50, 8, 8), np.float32)
    image[:] = np.arange(50)[:, None, None]
    with Image.open(write_preview(tmp_path / "deep", image)) as preview:
        assert 12 < preview.n_frames <= 24


def test_writing_again_replaces_the_file(sheet, tmp_path):
    for _ in range(2):
        path = write_preview(tmp_path / "same", sheet.image[:2], sheet.truth[:2], sheet.prediction[:2], ignore=2)
    assert list(tmp_path.iterdir()) == [path]


def test_a_patch_with_ignored_minus_100_and_probabilities_is_drawn(sheet, tmp_path):
    truth = np.where(sheet.truth == 2, -100, sheet.truth.astype(np.int64))
    prediction = sheet.prediction.astype(np.float32)
    assert write_preview(tmp_path / "patch", sheet.image[None], truth, prediction, ignore=-100).is_file()
