import itertools

import nibabel
import numpy as np
import pytest
from contract import draw_array

from volumen.errors import DataError, FormatError, ShapeError
from volumen.geometry import Box, VoxelSize
from volumen.volumes import limit_cache, open_volume
from volumen.volumes.cache import CACHE_VARIABLE, PIECES


def save(path, stored, affine=None, *, unit=None, kind=nibabel.Nifti1Image, **header):
    image = kind(stored, affine, dtype=stored.dtype)
    if unit:
        image.header.set_xyzt_units(unit)
    for name, value in header.items():
        image.header[name] = value
    nibabel.save(image, path)
    return path


AFFINE = np.diag([8.0, 8.25, 30.0, 1.0])


@pytest.mark.parametrize("name", ["x.nii", "x.nii.gz"])
@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, -1, 1), (1, -1, -1), (-1, -1, -1)])
def test_axes_are_turned_as_nibabel_turns_them(name, order, signs, tmp_path):
    stored = draw_array().transpose(order)
    affine = np.eye(4)
    affine[:3, :3] = (np.diag([8.0, 8.25, 30.0]) * signs)[:, order]
    affine[:3, 3] = 1, 2, 3
    path = save(tmp_path / name, stored, affine, unit="micron")
    canonical = nibabel.as_closest_canonical(nibabel.load(path))
    volume, expected = open_volume(path), np.asarray(canonical.dataobj).T
    np.testing.assert_array_equal(volume.read(), expected)
    box = Box((1, 2, 3), (7, 8, 9))
    np.testing.assert_array_equal(volume.read(box), expected[box.slices])
    assert tuple(volume.voxel_size) == pytest.approx([30_000, 8250, 8000])
    assert volume.offset == pytest.approx((canonical.affine[:3, 3] * 1000)[::-1].tolist())


def test_axes_can_be_read_as_they_are_stored(tmp_path):
    affine = np.diag([-8.0, -8.25, 30.0, 1.0])
    path = save(tmp_path / "x.nii", draw_array().T, affine, unit="mm")
    told = "axes are stored x y z, x and y turned about; ?axes=xyz reads them as stored"
    assert open_volume(path).describe().notes == (told,)
    volume = open_volume(f"{path}?axes=xyz")
    np.testing.assert_array_equal(volume.read(), draw_array())
    assert (volume.voxel_size, volume.offset) == (VoxelSize(30e6, 8.25e6, 8e6), None)
    assert open_volume(f"{path}?axes=zyx").shape == (13, 11, 9)


@pytest.mark.parametrize(("unit", "factor"), [(None, 1e6), ("mm", 1e6), ("micron", 1e3), ("meter", 1e9)])
def test_the_unit_is_the_file_s_or_millimetres(unit, factor, tmp_path):
    volume = open_volume(save(tmp_path / "x.nii", draw_array().T, AFFINE, unit=unit))
    assert tuple(volume.voxel_size) == pytest.approx([30 * factor, 8.25 * factor, 8 * factor])


def test_nothing_is_known_of_a_file_that_says_nothing(tmp_path):
    volume = open_volume(save(tmp_path / "x.nii", draw_array().T, None))
    np.testing.assert_array_equal(volume.read(), draw_array())
    assert (volume.voxel_size, volume.offset) == (None, None)


def test_sizes_without_an_affine_are_known(tmp_path):
    image = nibabel.Nifti1Image(draw_array().T, None)
    image.header.set_zooms((8.0, 8.25, 30.0))
    nibabel.save(image, tmp_path / "x.nii")
    volume = open_volume(tmp_path / "x.nii")
    assert (volume.voxel_size, volume.offset) == (VoxelSize(30e6, 8.25e6, 8e6), None)


def test_a_fourth_axis_holds_channels_or_times(tmp_path):
    stored = np.stack([draw_array().T, draw_array().T + 1], axis=-1)
    path = save(tmp_path / "x.nii.gz", stored, AFFINE)
    np.testing.assert_array_equal(open_volume(path).read(), np.stack([draw_array(), draw_array() + 1]))
    np.testing.assert_array_equal(open_volume(f"{path}?channel=1").read(), draw_array() + 1)
    np.testing.assert_array_equal(open_volume(f"{path}?time=1").read(), draw_array() + 1)


def test_axes_of_one_voxel_at_the_end_are_left_out(tmp_path):
    assert open_volume(save(tmp_path / "x.nii", draw_array().T[..., None, None], AFFINE)).channels is None
    vectors = np.stack([draw_array().T] * 3, axis=-1)[..., None, :]
    assert open_volume(save(tmp_path / "v.nii", vectors, AFFINE)).channels == 3
    both = np.zeros((2, 3, 4, 5, 6), np.uint8)
    with pytest.raises(ShapeError, match="has 5 time points"):
        open_volume(save(tmp_path / "b.nii", both, AFFINE))
    assert open_volume(f"{tmp_path}/b.nii?time=4").channels == 6


def test_a_2d_file_opens_with_one_slice(tmp_path):
    np.testing.assert_array_equal(
        open_volume(save(tmp_path / "x.nii", draw_array()[0].T, AFFINE)).read(), draw_array()[:1]
    )


def test_scaled_voxels_are_floats(tmp_path):
    path = save(tmp_path / "x.nii", draw_array("int16").T, AFFINE)
    with path.open("r+b") as file:  # nibabel writes no slope for ints
        file.seek(112)
        file.write(np.array([0.5, -3], "<f4").tobytes())
    volume = open_volume(path)
    assert volume.dtype == np.float32
    np.testing.assert_allclose(volume.read(), draw_array() * 0.5 - 3)
    np.testing.assert_allclose(nibabel.load(path).get_fdata().T, volume.read())


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint32", "int64", "uint64", "float32", "float64"])
def test_every_type_reads_back(dtype, tmp_path):
    array = draw_array(dtype)
    kind = nibabel.Nifti2Image if dtype.endswith("64") else nibabel.Nifti1Image
    volume = open_volume(save(tmp_path / "x.nii.gz", array.T, AFFINE, kind=kind))
    assert volume.dtype == dtype
    np.testing.assert_array_equal(volume.read(), array)


def test_big_endian_voxels_are_native(tmp_path):
    header = nibabel.Nifti1Header(endianness=">")
    header.set_data_dtype(">i2")
    image = nibabel.Nifti1Image(draw_array("int16").T, AFFINE, header)
    nibabel.save(image, tmp_path / "x.nii")
    volume = open_volume(tmp_path / "x.nii")
    assert volume.dtype.isnative
    np.testing.assert_array_equal(volume.read(), draw_array())


def test_complex_and_colour_voxels_are_refused(tmp_path):
    with pytest.raises(DataError, match="complex64"):
        open_volume(save(tmp_path / "x.nii", np.zeros((2, 3, 4), np.complex64), AFFINE))
    colours = np.zeros((2, 3, 4), [("R", "u1"), ("G", "u1"), ("B", "u1")])
    with pytest.raises(DataError, match="ints or floats"):
        open_volume(save(tmp_path / "y.nii", colours, AFFINE))


def test_a_packed_file_too_large_for_the_cache_is_streamed(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv(CACHE_VARIABLE, "0")
    limit_cache(1000)
    volume = open_volume(save(tmp_path / "x.nii.gz", draw_array().T, AFFINE))
    assert "every box is unpacked from the start" in caplog.text
    np.testing.assert_array_equal(volume.read(Box((3, 2, 1), (8, 9, 11))), draw_array()[3:8, 2:9, 1:11])
    assert volume.chunks == (9, 11, 13)


def test_a_packed_file_is_kept_for_boxes_and_not_for_the_whole(tmp_path):
    path = save(tmp_path / "x.nii.gz", draw_array().T, AFFINE)
    before = PIECES.nbytes
    open_volume(path).read()
    assert PIECES.nbytes == before
    for _ in range(2):
        np.testing.assert_array_equal(open_volume(path).read(Box.whole((2, 3, 4))), draw_array()[:2, :3, :4])
    assert PIECES.nbytes == before + draw_array().nbytes


@pytest.mark.parametrize("content", [b"", b"no NIfTI", b"\x1f\x8b\x08", bytes(400)])
@pytest.mark.parametrize("name", ["x.nii", "x.nii.gz"])
def test_what_is_no_nifti_is_told_in_one_line(content, name, tmp_path, capfd):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FormatError, match=name) as caught:
        open_volume(tmp_path / name)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["x.nii", "x.nii.gz"])
def test_a_cut_file_is_refused_at_the_latest_when_it_is_read(name, tmp_path):
    path = save(tmp_path / name, draw_array().T, AFFINE)
    content = path.read_bytes()
    for length in range(0, len(content) - 1, 97):
        path.write_bytes(content[:length])
        with pytest.raises(FormatError):
            open_volume(path).read()


def test_a_flipped_bit_in_packed_voxels_is_noticed(tmp_path):
    path = save(tmp_path / "x.nii.gz", draw_array().T, AFFINE)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)
    with pytest.raises(FormatError):
        open_volume(path).read()


def test_a_package_that_is_missing_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("volumen.volumes.extras.find_spec", lambda name: None)
    (tmp_path / "x.nii").touch()
    with pytest.raises(FormatError, match=r"needs nibabel, which is not installed: pip install 'volumen\[formats\]'"):
        open_volume(tmp_path / "x.nii")
    (tmp_path / "x.nrrd").touch()
    with pytest.raises(FormatError, match="needs nrrd"):
        open_volume(tmp_path / "x.nrrd")
