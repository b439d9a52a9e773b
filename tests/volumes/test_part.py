import numpy as np
import pytest

from volumen.errors import DataError, OutputError
from volumen.geometry import Box, VoxelSize
from volumen.volumes import ArrayVolume
from volumen.volumes.casting import KeptValues, MappedRange
from volumen.volumes.part import PartVolume

BOX = Box((1, 2, 3), (4, 6, 5))
KEPT = KeptValues(np.dtype(np.uint16))


@pytest.fixture
def array(rng):
    return rng.integers(0, 9, (6, 7, 8)).astype(np.uint8)


def test_a_part_is_a_box_of_the_whole_in_another_type(array):
    part = PartVolume(ArrayVolume(array), BOX, KEPT)
    assert (part.shape, part.dtype) == (BOX.shape, np.uint16)
    np.testing.assert_array_equal(part.read(), array[BOX.slices])
    np.testing.assert_array_equal(part.read(Box((1, 1, 1), (2, 3, 2))), array[2:3, 3:5, 4:5])


@pytest.mark.parametrize(
    ("size", "offset", "expected"),
    [
        (VoxelSize(10, 2, 1), (100.0, 0.0, 0.0), (110.0, 4.0, 3.0)),
        (VoxelSize(10, 2, 1), None, (10.0, 4.0, 3.0)),
        (None, None, None),
    ],
)
def test_a_part_lies_where_its_first_voxel_was(array, size, offset, expected):
    assert PartVolume(ArrayVolume(array, size, offset=offset), BOX, KEPT).offset == expected


def test_a_part_of_everything_makes_no_offset_up(array):
    whole = Box.whole(array.shape)
    assert PartVolume(ArrayVolume(array, VoxelSize(1, 1, 1)), whole, KEPT).offset is None


def test_a_voxel_without_a_place_is_found_by_its_box(array):
    part = PartVolume(ArrayVolume(array * np.float32(np.nan)), BOX, MappedRange(np.dtype(np.uint8), 0, 1))
    with pytest.raises(DataError, match=r"array, box 1:4,2:6,3:5: a voxel is NaN"):
        part.read()


def test_a_part_is_only_read(array):
    part = PartVolume(ArrayVolume(array), BOX, KEPT)
    with pytest.raises(OutputError, match="opened to be read"):
        part.write(Box.whole(BOX.shape), part.read())
