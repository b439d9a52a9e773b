import numpy as np
import pytest
import tifffile
from contract import draw_array
from foreign import save_slices, save_tiff_slices
from PIL import Image

from volumen.errors import FormatError, MissingError, ShapeError
from volumen.geometry import Box
from volumen.volumes import open_volume

ARRAY = draw_array("uint8")


def save(folder, names, arrays):
    folder.mkdir(exist_ok=True)
    for name, array in zip(names, arrays, strict=True):
        Image.fromarray(array).save(folder / name)
    return folder


def test_slices_stand_as_people_count(tmp_path):
    order = [0, 10, 2, 1, 9]
    folder = save(tmp_path / "x", [f"im{number}.png" for number in order], ARRAY[:5])
    np.testing.assert_array_equal(open_volume(f"{folder}/").read(), ARRAY[[0, 3, 2, 4, 1]])


def test_only_the_slices_of_a_box_are_decoded(tmp_path):
    folder = save(tmp_path / "x", [f"im{n}.png" for n in range(9)], ARRAY)
    volume = open_volume(folder)
    for number in (0, 1, 5, 6, 7, 8):
        (folder / f"im{number}.png").unlink()
    np.testing.assert_array_equal(volume.read(Box((2, 1, 3), (5, 9, 9))), ARRAY[2:5, 1:9, 3:9])


def test_a_slice_of_one_bit_among_others_of_eight_is_black_and_white(tmp_path):
    masks = [ARRAY[0] > 60, (ARRAY[1] > 60) * np.uint8(255), ARRAY[2] > 60]
    volume = open_volume(save(tmp_path / "x", ["0.png", "1.png", "2.png"], masks))
    np.testing.assert_array_equal(volume.read(), (ARRAY[:3] > 60) * 255)


def test_the_same_holds_for_tiffs(tmp_path):
    (tmp_path / "x").mkdir()
    tifffile.imwrite(tmp_path / "x" / "0.tif", ARRAY[0] > 60)
    tifffile.imwrite(tmp_path / "x" / "1.tif", (ARRAY[1] > 60) * np.uint8(255))
    np.testing.assert_array_equal(open_volume(tmp_path / "x").read(), (ARRAY[:2] > 60) * 255)


def test_slices_that_are_all_of_one_bit_are_zero_and_one(tmp_path):
    volume = open_volume(save(tmp_path / "x", ["0.png", "1.png"], ARRAY[:2] > 60))
    np.testing.assert_array_equal(volume.read(), ARRAY[:2] > 60)


def test_jpegs_are_read(tmp_path):
    smooth = np.add.outer(np.arange(3), np.add.outer(np.arange(32), np.arange(32))).astype(np.uint8)
    volume = open_volume(save_slices(tmp_path, smooth, suffix="jpg", quality=95))
    assert np.abs(volume.read().astype(int) - smooth).max() < 4


def test_numbers_without_a_file_are_told(tmp_path, caplog):
    folder = save(tmp_path / "x", [f"im{n:03d}.png" for n in (3, 4, 6, 9)], ARRAY[:4])
    volume = open_volume(folder)
    assert "no files for 5, 7, 8; the others are joined" in caplog.text
    assert volume.describe().notes == ("no files for 5, 7, 8; the others are joined",)
    assert volume.shape[0] == 4


def test_many_missing_numbers_are_counted(tmp_path, caplog):
    open_volume(save(tmp_path / "x", ["im0.png", "im1.png", "im100.png"], ARRAY[:3]))
    assert "… (98 in all)" in caplog.text


def test_every_second_number_is_a_sequence_too(tmp_path, caplog):
    open_volume(save(tmp_path / "x", [f"im{n}.png" for n in (0, 2, 4, 6)], ARRAY[:4]))
    assert not caplog.records


def test_several_series_in_a_folder_are_told_apart_by_a_pattern(tmp_path):
    folder = save(tmp_path / "x", ["im0.png", "im1.png"], ARRAY[:2])
    save(folder, ["mask0.png", "mask1.png"], ARRAY[2:4])
    with pytest.raises(FormatError, match=r"several series of slices: im#\.png \(2\), mask#\.png \(2\); name one as"):
        open_volume(folder)
    np.testing.assert_array_equal(open_volume(f"{folder}/mask*.png").read(), ARRAY[2:4])
    with pytest.raises(MissingError, match="no picture or TIFF is called so"):
        open_volume(f"{folder}/seg*.png")
    with pytest.raises(MissingError, match="there is no folder"):
        open_volume(f"{folder}/y/seg*.png")


@pytest.mark.parametrize("names", [["t0_z0.png", "t0_z1.png", "t1_z0.png", "t1_z1.png"]])
def test_two_running_numbers_are_told(names, tmp_path):
    folder = save(tmp_path / "x", names, ARRAY[:4])
    with pytest.raises(FormatError, match="2 numbers run"):
        open_volume(folder)
    np.testing.assert_array_equal(open_volume(f"{folder}/t1_*.png").read(), ARRAY[2:4])


def test_slices_have_no_other_axes(tmp_path):
    with pytest.raises(ShapeError, match="slices have the axes z y x"):
        open_volume(save_slices(tmp_path, ARRAY) + "?time=0")


def test_one_number_twice_is_told(tmp_path):
    with pytest.raises(FormatError, match="the same number"):
        open_volume(save(tmp_path / "x", ["im1.png", "im01.png"], ARRAY[:2]))


@pytest.mark.parametrize(
    ("second", "told"),
    [
        (ARRAY[0, :5], r"slices differ: 0\.png is \(11, 13\) of uint8, 1\.png \(5, 13\)"),
        (ARRAY[0].astype(np.uint16), "of uint16"),
    ],
)
def test_slices_that_differ_are_named(second, told, tmp_path):
    with pytest.raises(FormatError, match=told):
        open_volume(save(tmp_path / "x", ["0.png", "1.png"], [ARRAY[0], second]))


def test_other_files_and_folders_are_no_slices(tmp_path):
    folder = save(tmp_path / "x", ["0.png", "1.png"], ARRAY[:2])
    for name in ("notes.txt", "Thumbs.db", ".hidden2.png"):
        (folder / name).touch()
    (folder / "more").mkdir()
    assert open_volume(folder).shape == (2, 11, 13)


def test_a_stack_in_a_file_is_no_slice(tmp_path):
    save_tiff_slices(tmp_path, ARRAY[:2])
    tifffile.imwrite(tmp_path / "x" / "seg0002.tif", ARRAY)
    with pytest.raises(FormatError, match="holds 9 pages; a slice has one"):
        open_volume(tmp_path / "x")
    tifffile.imwrite(tmp_path / "x" / "seg0002.tif", np.zeros((11, 13, 3), np.uint8), photometric="rgb")
    with pytest.raises(FormatError, match="a slice is grey"):
        open_volume(tmp_path / "x")


@pytest.mark.parametrize("name", ["x.png", "x.jpg", "x.JPEG"])
def test_a_picture_is_a_volume_of_one_slice(name, tmp_path):
    Image.fromarray(ARRAY[0]).save(tmp_path / name, quality=100)
    volume = open_volume(tmp_path / name)
    assert (volume.shape, volume.voxel_size, volume.describe().format) == ((1, 11, 13), None, "picture")
    assert np.abs(volume.read()[0].astype(int) - ARRAY[0]).max() < 30


def test_a_colour_is_chosen_for_all_slices(tmp_path):
    colours = np.stack([ARRAY[:2], ARRAY[2:4], ARRAY[4:6]], axis=-1)
    folder = save(tmp_path / "x", ["0.png", "1.png"], colours)
    with pytest.raises(FormatError, match=r"0\.png has colours"):
        open_volume(folder).read()
    np.testing.assert_array_equal(open_volume(f"{folder}?channel=1").read(), ARRAY[2:4])


def test_a_slice_that_is_swapped_after_opening_is_noticed(tmp_path):
    volume = open_volume(save(tmp_path / "x", ["0.png", "1.png"], ARRAY[:2]))
    Image.fromarray(ARRAY[0, :5]).save(tmp_path / "x" / "1.png")
    with pytest.raises(FormatError, match=r"1\.png was \(11, 13\) of uint8 and is now"):
        volume.read()


@pytest.mark.parametrize("save_stack", [save_slices, save_tiff_slices])
def test_a_damaged_slice_is_named_in_one_line(save_stack, tmp_path):
    folder = save_stack(tmp_path, ARRAY)
    victim = sorted((tmp_path / "x").iterdir())[4]
    victim.write_bytes(victim.read_bytes()[:-40])
    with pytest.raises(FormatError, match=victim.name) as caught:
        open_volume(folder).read()
    assert "\n" not in str(caught.value)
