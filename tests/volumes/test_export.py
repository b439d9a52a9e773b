import h5py
import nibabel
import numpy as np
import pytest
import tifffile
from contract import OFFSET, VOXEL_SIZE, draw_array

from volumen.errors import FormatError, OutputError, ShapeError
from volumen.geometry import Box, VoxelSize
from volumen.volumes import ArrayVolume, Layout, Volume, create_volume, export_volume, open_volume


class BreakingVolume(Volume):
    """Its second half cannot be read."""

    def __init__(self):
        super().__init__("breaking", Layout((8, 4, 4), np.dtype("uint8"), (2, 4, 4)))

    def _read(self, box):
        if box.stop[0] > 4:
            raise FormatError("the second half is gone")
        return np.zeros(box.shape, np.uint8)

    def _write(self, box, array):
        raise OutputError("no")


@pytest.fixture(params=["x.tif", "x.zarr", "x.zarr/name", "x.h5:labels", "x.nii", "x.nii.gz", "x.npy"])
def target(request, tmp_path):
    return tmp_path / request.param


def test_an_export_is_equal_and_keeps_its_place_in_the_world(target):
    export_volume(ArrayVolume(draw_array(), VOXEL_SIZE, offset=OFFSET), target)
    volume = open_volume(target)
    np.testing.assert_array_equal(volume.read(), draw_array())
    keeps = target.suffix != ".npy"
    assert (volume.voxel_size, volume.offset) == ((VOXEL_SIZE, OFFSET) if keeps else (None, None))


def test_a_voxel_size_can_be_said(target):
    export_volume(draw_array(), target, voxel_size=VoxelSize(1.0, 2.0, 3.0))
    assert open_volume(target).voxel_size == (VoxelSize(1.0, 2.0, 3.0) if target.suffix != ".npy" else None)
    assert open_volume(target).offset is None


def test_what_is_not_known_stays_unknown(target):
    export_volume(draw_array(), target)
    assert (open_volume(target).voxel_size, open_volume(target).offset) == (None, None)


def test_any_source_goes_to_any_target(tmp_path, target):
    source = create_volume(tmp_path / "source.zarr", shape=(9, 11, 13), dtype="uint16", chunks=(4, 4, 4))
    source.write(Box.whole(source.shape), draw_array())
    export_volume(source, target)
    np.testing.assert_array_equal(open_volume(target).read(), draw_array())


def test_a_small_budget_gives_the_same_bytes(target, monkeypatch):
    monkeypatch.setattr("volumen.volumes.export._SLAB_BYTES", 1)
    monkeypatch.setattr("volumen.volumes.export.CHUNK", (2, 4, 64))
    export_volume(draw_array(), target)
    np.testing.assert_array_equal(open_volume(target).read(), draw_array())


def test_a_tiff_is_compressed_pages_that_others_read(tmp_path):
    export_volume(np.zeros((5, 64, 64), np.uint8), tmp_path / "x.tif")
    assert (tmp_path / "x.tif").stat().st_size < 5000
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "x.tif"), np.zeros((5, 64, 64), np.uint8))


def test_bool_becomes_0_and_1(target):
    export_volume(draw_array() > 60, target)
    np.testing.assert_array_equal(open_volume(target).read(), (draw_array() > 60).astype(np.uint8))


def test_channels_go_everywhere_but_to_tiff(tmp_path):
    for name in ("x.zarr", "x.h5", "x.nii.gz", "x.npy"):
        export_volume(draw_array(channels=2), tmp_path / name)
        np.testing.assert_array_equal(open_volume(tmp_path / name).read(), draw_array(channels=2))
    with pytest.raises(ShapeError, match=r"x\.tif: a TIFF holds one channel.*write a \.zarr"):
        export_volume(draw_array(channels=2), tmp_path / "x.tif")
    assert not (tmp_path / "x.tif").exists()


NAMES = ("x.tif", "x.zarr", "x.h5", "x.nii", "x.nii.gz", "x.npy")


def test_a_failure_leaves_nothing_behind(tmp_path):
    for name in NAMES:
        with pytest.raises(FormatError, match="second half"):
            export_volume(BreakingVolume(), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_failure_leaves_the_old_file(tmp_path):
    for name in NAMES:
        export_volume(draw_array(), tmp_path / name)
        with pytest.raises(FormatError):
            export_volume(BreakingVolume(), tmp_path / name)
        np.testing.assert_array_equal(open_volume(tmp_path / name).read(), draw_array())


def test_an_export_takes_the_place_of_an_earlier_one(target):
    export_volume(draw_array(), target)
    export_volume(draw_array()[:3], target)
    np.testing.assert_array_equal(open_volume(target).read(), draw_array()[:3])


def test_a_full_disk_is_our_error_and_leaves_nothing(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tifffile.imwrite", refuse)
    with pytest.raises(OutputError, match=r"x\.tif cannot be written: No space left"):
        export_volume(draw_array(), tmp_path / "x.tif")
    assert not list(tmp_path.iterdir())


def test_progress_ends_at_the_last_slice(target):
    told = []
    export_volume(draw_array(), target, progress=lambda done, total: told.append((done, total)))
    assert told
    assert told[-1] == (9, 9)


def test_other_libraries_read_what_is_written(tmp_path):
    source = ArrayVolume(draw_array(), VOXEL_SIZE, offset=OFFSET)
    for name in ("x.h5:volumes/raw", "x.nii.gz", "x.npy"):
        export_volume(source, f"{tmp_path}/{name}")
    with h5py.File(tmp_path / "x.h5") as file:
        np.testing.assert_array_equal(file["volumes/raw"][()], draw_array())
        assert list(file["volumes/raw"].attrs["resolution"]) == list(VOXEL_SIZE)
    image = nibabel.load(tmp_path / "x.nii.gz")
    np.testing.assert_array_equal(np.asarray(image.dataobj).T, draw_array())
    assert image.header.get_xyzt_units()[0] == "micron"
    np.testing.assert_allclose(image.affine[:3, 3], np.array(OFFSET[::-1]) / 1000, rtol=1e-6)
    np.testing.assert_array_equal(np.load(tmp_path / "x.npy"), draw_array())


def test_other_datasets_of_a_file_stay_and_the_same_is_replaced(tmp_path):
    for key, array in (("raw", draw_array()), ("labels", draw_array() + 1), ("raw", draw_array()[:3])):
        export_volume(array, f"{tmp_path}/x.h5:{key}")
    np.testing.assert_array_equal(open_volume(f"{tmp_path}/x.h5:labels").read(), draw_array() + 1)
    np.testing.assert_array_equal(open_volume(f"{tmp_path}/x.h5:raw").read(), draw_array()[:3])


def test_ids_of_64_bits_survive(tmp_path):
    ids = draw_array("uint64")
    ids[0, 0, 0] = 2**64 - 1
    for name in ("x.zarr", "x.tif", "x.h5", "x.nii", "x.npy"):
        export_volume(ids, tmp_path / name)
        np.testing.assert_array_equal(open_volume(tmp_path / name).read(), ids)


def test_a_type_that_nifti_has_not_is_refused(tmp_path):
    with pytest.raises(OutputError, match="NIfTI holds no float16"):
        export_volume(draw_array("float16"), tmp_path / "x.nii")
    assert not list(tmp_path.iterdir())


def test_a_format_that_is_only_read_is_refused(tmp_path):
    for name in ("x.png", "x.nrrd", "x.n5", "x"):
        with pytest.raises(FormatError, match=r"must be one of \.tif, \.tiff, \.zarr, \.h5"):
            export_volume(draw_array(), tmp_path / name)
