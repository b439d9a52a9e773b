import numpy as np
import pytest
import zarr
from contract import draw_array
from foreign import save_npy, save_sharded, save_zarr

from volumen.geometry import Box
from volumen.volumes import ArrayVolume, count_missing, create_volume, open_volume


def test_nothing_is_missing_from_a_whole_array(tmp_path):
    missing = count_missing(open_volume(save_zarr(tmp_path, draw_array())))
    assert (missing.count, missing.total, missing.fill) == (0, 27, 0)


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("separator", [".", "/"])
def test_chunks_that_were_never_written_are_counted_and_read_as_the_fill_value(version, separator, tmp_path):
    name = "v2" if version == 2 or separator == "." else "default"
    encoding = {"name": name, "separator": separator}
    array = zarr.create_array(
        tmp_path / "x.zarr", shape=(9, 11, 13), chunks=(4, 5, 6), dtype="u2", zarr_format=version, fill_value=7,
        chunk_key_encoding=encoding,
    )  # fmt: skip
    array[:4, :5, :6] = draw_array()[:4, :5, :6]
    volume = open_volume(tmp_path / "x.zarr")
    missing = count_missing(volume)
    assert (missing.count, missing.total, missing.fill) == (26, 27, 7)
    assert (volume.read()[4:] == 7).all()
    np.testing.assert_array_equal(volume.read()[:4, :5, :6], draw_array()[:4, :5, :6])


def test_shards_are_counted_and_not_the_chunks_inside(tmp_path):
    volume = open_volume(save_sharded(tmp_path, draw_array()))
    assert volume.describe().shards == (8, 10, 12)
    (tmp_path / "x.zarr" / "c" / "1" / "0" / "1").unlink()
    missing = count_missing(volume)
    assert (missing.count, missing.total) == (1, 8)


def test_zeros_of_ours_are_never_written(tmp_path):
    volume = create_volume(tmp_path / "x.zarr", shape=(9, 9, 9), dtype="uint8", channels=2, chunks=(4, 4, 4))
    assert count_missing(volume).count == count_missing(volume).total == 54
    volume.write(Box.whole((4, 4, 4)), np.ones((2, 4, 4, 4), np.uint8))
    assert count_missing(volume).count == 52


def test_files_that_are_no_chunks_do_not_count(tmp_path):
    volume = open_volume(save_zarr(tmp_path, draw_array(), version=2))
    for name in ("9.9.9", "0.0", "0.0.0.partial", "notes.txt", ".0.0.0"):
        (tmp_path / "x.zarr" / name).touch()
    assert count_missing(volume).count == 0


def test_other_formats_cannot_tell(tmp_path):
    assert count_missing(ArrayVolume(draw_array())) is None
    assert count_missing(open_volume(save_npy(tmp_path, draw_array()))) is None


def test_arrays_of_very_many_chunks_are_not_counted(tmp_path):
    volume = create_volume(tmp_path / "x.zarr", shape=(1000, 1000, 1000), dtype="uint8", chunks=(1, 1, 1000))
    assert count_missing(volume) is None
