import numpy as np
import pytest
from contract import draw_array
from PIL import Image

from volumen.errors import FormatError
from volumen.volumes.pictures import Head, decode_picture, read_head

GREY = draw_array("uint8")[0]
MASK = GREY > 60


def save(path, array, mode=None, **options):
    image = Image.fromarray(array)
    (image.convert(mode) if mode else image).save(path, **options)
    return path


def test_grey_of_8_and_16_bits_is_as_stored(tmp_path):
    np.testing.assert_array_equal(decode_picture(save(tmp_path / "x.png", GREY)), GREY)
    deep = draw_array("uint16")[0] * 500
    path = save(tmp_path / "y.png", deep)
    assert read_head(path) == Head((11, 13), np.dtype("uint16"), "grey")
    np.testing.assert_array_equal(decode_picture(path), deep)


def test_a_jpeg_is_nearly_what_it_was(tmp_path):
    smooth = np.add.outer(np.arange(64), np.arange(64)).astype(np.uint8)
    path = save(tmp_path / "x.jpg", smooth, quality=95)
    assert read_head(path) == Head((64, 64), np.dtype("uint8"), "grey")
    assert np.abs(decode_picture(path).astype(int) - smooth).max() < 4


def test_a_bit_is_as_bright_as_is_asked(tmp_path):
    path = save(tmp_path / "x.png", MASK)
    assert read_head(path).kind == "one bit"
    np.testing.assert_array_equal(decode_picture(path), MASK)
    np.testing.assert_array_equal(decode_picture(path, bright=255), MASK * 255)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA"])
def test_colours_without_hue_are_their_brightness(mode, tmp_path):
    path = save(tmp_path / "x.png", GREY, mode)
    assert read_head(path) == Head((11, 13), np.dtype("uint8"), "colour")
    np.testing.assert_array_equal(decode_picture(path), GREY)


def test_what_is_transparent_is_black_whatever_its_colour(tmp_path):
    pixels = np.zeros((2, 3, 4), np.uint8)
    pixels[0] = [255, 255, 255, 255]  # white: a mitochondrion
    pixels[1] = [255, 0, 0, 0]
    np.testing.assert_array_equal(decode_picture(save(tmp_path / "x.png", pixels)), [[255] * 3, [0] * 3])


def test_real_colours_need_a_choice(tmp_path):
    pixels = np.zeros((2, 3, 3), np.uint8)
    pixels[..., 1] = 7
    path = save(tmp_path / "x.png", pixels)
    with pytest.raises(FormatError, match=r"has colours; choose one as \?channel=0"):
        decode_picture(path)
    assert (decode_picture(path, channel=1) == 7).all()
    with pytest.raises(FormatError, match="channels 0 to 3"):
        decode_picture(path, channel=4)


NUMBERS = (GREY % 3).astype(np.uint8)


@pytest.mark.parametrize(
    ("palette", "expected"),
    [([10] * 3 + [20] * 3 + [30] * 3, NUMBERS * 10 + 10), ([0, 0, 0, 9, 0, 0, 0, 9, 0], NUMBERS)],
)
def test_a_palette_of_greys_is_grey_and_any_other_numbers_labels(palette, expected, tmp_path):
    image = Image.new("P", NUMBERS.shape[::-1])
    image.putdata(NUMBERS.reshape(-1).tolist())
    image.putpalette(palette)
    image.save(tmp_path / "x.png")
    assert read_head(tmp_path / "x.png").kind == "grey"
    np.testing.assert_array_equal(decode_picture(tmp_path / "x.png"), expected)


def test_deep_colours_are_refused(tmp_path):
    import imagecodecs

    (tmp_path / "x.png").write_bytes(imagecodecs.png_encode(np.zeros((4, 5, 3), np.uint16)))
    with pytest.raises(FormatError, match="colours of 16 bits are not read"):
        read_head(tmp_path / "x.png")


def test_a_picture_larger_than_pillow_s_bound_opens(tmp_path):
    path = save(tmp_path / "x.png", np.zeros((15_000, 15_000), bool), optimize=False, compress_level=1)
    assert read_head(path).shape == (15_000, 15_000)


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"])
def test_what_is_no_picture_is_an_error(content, tmp_path):
    (tmp_path / "x.png").write_bytes(content)
    with pytest.raises((FormatError, OSError, SyntaxError)):
        decode_picture(tmp_path / "x.png")


def test_a_giant_that_a_small_file_claims_is_refused(tmp_path):
    path = save(tmp_path / "x.png", GREY)
    content = bytearray(path.read_bytes())
    content[16:24] = b"\x00\x01\x00\x00" * 2
    path.write_bytes(content)
    with pytest.raises((FormatError, SyntaxError)):
        read_head(path)
