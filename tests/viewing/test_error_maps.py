import numpy as np
from PIL import Image

from volumen.geometry import Box
from volumen.metrics import map_errors
from volumen.viewing import write_error_picture
from volumen.viewing.error_maps import BACKGROUND, COLOURS, RIGHT, paint_errors
from volumen.viewing.slices import Cut


def test_every_kind_has_its_colour_and_what_is_right_is_grey():
    kinds = np.array([[0, 0, 1, 2, 3, 4]], np.uint8)
    truth = np.array([[0, 7, 7, 7, 7, 0]])

    painted = paint_errors(Cut(kinds, truth, None, None, (1.0, 1.0), 0, Box.whole((1, 1, 6))))

    assert [tuple(pixel) for pixel in painted[0].tolist()] == [BACKGROUND, RIGHT, *COLOURS.values()]


def test_the_picture_cuts_through_the_place_with_most_errors(tmp_path):
    truth = np.zeros((8, 40, 40), np.uint8)
    truth[6, 30:36, 4:10] = 5
    errors = map_errors(np.zeros_like(truth), truth)

    with Image.open(write_error_picture(tmp_path / "errors.png", errors, truth)) as picture:
        pixels = np.asarray(picture)

    missed = (pixels == COLOURS[3]).all(axis=-1)
    assert missed[: pixels.shape[0] - 40, : pixels.shape[1] // 3].any()
