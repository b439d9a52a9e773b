import numpy as np
import pytest

from volumen.errors import DataError, OutputError, ShapeError
from volumen.geometry import Box
from volumen.volumes import ArrayVolume, to_volume


def test_a_volume_stays_itself():
    volume = ArrayVolume(np.zeros((2, 3, 4)))
    assert to_volume(volume) is volume


def test_an_image_has_one_slice_and_four_axes_are_channels_first():
    assert to_volume(np.zeros((3, 4))).shape == (1, 3, 4)
    assert (to_volume(np.zeros((5, 2, 3, 4))).shape, to_volume(np.zeros((5, 2, 3, 4))).channels) == ((2, 3, 4), 5)


@pytest.mark.parametrize("shape", [(3,), (1, 1, 2, 3, 4), ()])
def test_other_axes_are_refused(shape):
    with pytest.raises(ShapeError, match="is no volume"):
        to_volume(np.zeros(shape))


def test_writing_goes_to_the_array_itself():
    array = np.zeros((2, 3, 4), np.uint8)
    to_volume(array).write(Box((0, 0, 0), (1, 1, 1)), np.ones((1, 1, 1), np.uint8))
    assert array[0, 0, 0] == 1


def test_a_read_only_array_is_not_written():
    array = np.broadcast_to(np.uint8(0), (2, 3, 4))
    with pytest.raises(OutputError, match="read-only"):
        to_volume(array).write(Box((0, 0, 0), (1, 1, 1)), np.ones((1, 1, 1), np.uint8))


def test_foreign_byte_order_reads_as_native():
    read = to_volume(np.arange(24, dtype=">u2").reshape(2, 3, 4)).read()
    assert read.dtype == np.uint16
    assert read[1, 2, 3] == 23


def test_complex_arrays_are_refused():
    with pytest.raises(DataError, match="complex"):
        to_volume(np.zeros((2, 2, 2), complex))
