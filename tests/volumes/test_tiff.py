import contextlib
import random

import numpy as np
import pytest
import tifffile

from volumen.errors import FormatError, ShapeError, VolumenError
from volumen.geometry import Box
from volumen.volumes import open_volume

BOX = Box((1, 2, 3), (4, 7, 8))


@pytest.fixture
def array(rng):
    return rng.integers(0, 255, (6, 20, 24)).astype(np.uint8)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"compression": "lzw"},
        {"compression": "zstd", "tile": (16, 16)},
        {"compression": "zlib", "rowsperstrip": 3},
        {"bigtiff": True},
        {"tile": (16, 16, 16), "compression": "lzw", "volumetric": True},
        {"imagej": True},
        {"ome": True},
        {"metadata": None},
    ],
    ids=str,
)
def test_stacks_of_other_writers_read_box_by_box(tmp_path, array, options):
    tifffile.imwrite(tmp_path / "a.tif", array, photometric="minisblack", **options)
    volume = open_volume(tmp_path / "a.tif")
    assert volume.shape == array.shape
    np.testing.assert_array_equal(volume.read(BOX), array[BOX.slices])
    np.testing.assert_array_equal(volume.read(), array)


def test_a_flat_picture_has_one_plane(tmp_path, array):
    tifffile.imwrite(tmp_path / "a.tif", array[0])
    assert open_volume(tmp_path / "a.tif").shape == (1, 20, 24)


def test_time_series_and_colours_are_refused(tmp_path, array):
    tifffile.imwrite(tmp_path / "t.tif", np.stack([array, array]), photometric="minisblack", metadata={"axes": "TZYX"})
    tifffile.imwrite(tmp_path / "rgb.tif", np.zeros((5, 8, 8, 3), np.uint8), photometric="rgb")
    with pytest.raises(ShapeError, match=r"four axes TZYX of \(2, 6, 20, 24\)"):
        open_volume(tmp_path / "t.tif")
    with pytest.raises(ShapeError, match="colour"):
        open_volume(tmp_path / "rgb.tif")


def test_empty_foreign_and_cut_files_are_our_error(tmp_path):
    (tmp_path / "empty.tif").touch()
    (tmp_path / "text.tif").write_text("this is no picture")
    for name in ("empty.tif", "text.tif"):
        with pytest.raises(FormatError, match=name):
            open_volume(tmp_path / name)


@pytest.mark.parametrize("options", [{}, {"compression": "lzw"}, {"compression": "zstd", "tile": (16, 16)}], ids=str)
def test_files_cut_or_flipped_anywhere_never_raise_a_foreign_error(tmp_path, array, options, caplog):
    tifffile.imwrite(tmp_path / "a.tif", array, photometric="minisblack", **options)
    whole = (tmp_path / "a.tif").read_bytes()
    draw = random.Random(0)
    for trial in range(60):
        damaged = bytearray(whole[: draw.randrange(len(whole))] if trial % 2 else whole)
        for _ in range(0 if trial % 2 else 4):
            damaged[draw.randrange(len(damaged))] ^= 1 << draw.randrange(8)
        (tmp_path / "damaged.tif").write_bytes(bytes(damaged))
        with contextlib.suppress(VolumenError):
            open_volume(tmp_path / "damaged.tif").read()
