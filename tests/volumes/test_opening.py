import numpy as np
import pytest

from volumen.errors import DataError, FormatError, MissingError, OutputError
from volumen.volumes import ArrayVolume, Volume, export_volume, list_volumes, open_volume


class BrokenVolume(Volume):
    """Fails when its second half is read."""

    def __init__(self) -> None:
        self.spec, self.shape, self.channels = "broken", (80, 4, 4), None
        self.dtype, self.voxel_size, self.offset, self.chunks = np.dtype(np.uint8), None, None, (64, 4, 4)

    def _read(self, box):
        if box.start[0]:
            raise DataError("half of it is missing")
        return np.zeros(box.shape, np.uint8)


@pytest.mark.parametrize(("name", "match"), [("a.tif", "no file"), ("a.zarr", "there is no"), ("a.bin", "there is no")])
def test_what_is_not_there_is_said(tmp_path, name, match):
    with pytest.raises(MissingError, match=match):
        open_volume(tmp_path / name)


def test_an_unknown_format_is_told_what_is_allowed(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"x")
    with pytest.raises(FormatError, match=r"give a TIFF .* or a Zarr store"):
        open_volume(tmp_path / "a.bin")
    with pytest.raises(OutputError, match=r"must end in \.tif, \.tiff or \.zarr"):
        export_volume(np.zeros((2, 2, 2), np.uint8), tmp_path / "b.bin")


@pytest.mark.parametrize("suffix", [".tif", ".zarr"])
def test_a_failed_export_leaves_nothing_behind(tmp_path, suffix):
    with pytest.raises(DataError, match="half of it"):
        export_volume(BrokenVolume(), tmp_path / f"out{suffix}")
    assert list(tmp_path.iterdir()) == []


def test_an_export_replaces_only_when_it_is_whole(tmp_path):
    export_volume(np.ones((8, 4, 4), np.uint8), tmp_path / "out.tif")
    with pytest.raises(DataError):
        export_volume(BrokenVolume(), tmp_path / "out.tif")
    assert open_volume(tmp_path / "out.tif").read().all()


def test_volumes_of_a_folder_come_in_the_order_of_their_numbers(tmp_path):
    for name in ("case_10.tif", "case_2.tif", ".hidden.tif", "notes.txt", "case_1.tiff"):
        (tmp_path / name).touch()
    assert [path.name for path in list_volumes(tmp_path)] == ["case_1.tiff", "case_2.tif", "case_10.tif"]
    with pytest.raises(MissingError, match="there is no folder"):
        list_volumes(tmp_path / "none")


def test_an_array_is_a_volume_that_hands_out_copies():
    array = np.zeros((2, 3, 4), np.uint8)
    ArrayVolume(array).read()[:] = 9
    assert not array.any()
