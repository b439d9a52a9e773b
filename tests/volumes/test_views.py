import pickle

import numpy as np
import pytest

from volumen.errors import OutputError, ShapeError
from volumen.geometry import Box, VoxelSize
from volumen.volumes import (
    ArrayVolume,
    CroppedVolume,
    LayeredVolume,
    ResampledVolume,
    StackedVolume,
    read_linear,
)


@pytest.fixture
def volume(rng) -> ArrayVolume:
    array = rng.integers(0, 255, (6, 7, 8), np.uint8)
    return ArrayVolume(array, VoxelSize(30, 4, 4), offset=(100.0, 0.0, 8.0))


def test_a_crop_reads_that_box_of_the_volume(volume):
    crop = CroppedVolume(volume, Box((1, 2, 3), (5, 6, 7)))
    assert crop.shape == (4, 4, 4)
    assert np.array_equal(crop.read(), volume.read()[1:5, 2:6, 3:7])
    assert np.array_equal(crop.read(Box((1, 0, 0), (2, 1, 4))), volume.read()[2:3, 2:3, 3:7])
    assert crop.offset == (130.0, 8.0, 20.0)


def test_a_crop_of_unknown_place_has_none():
    assert CroppedVolume(ArrayVolume(np.zeros((2, 2, 2), np.uint8)), Box((1, 0, 0), (2, 2, 2))).offset is None


def test_a_crop_outside_is_refused(volume):
    with pytest.raises(ShapeError, match="leaves the volume"):
        CroppedVolume(volume, Box((0, 0, 0), (7, 7, 8)))


def test_a_crop_writes_through(volume):
    CroppedVolume(volume, Box((1, 1, 1), (3, 3, 3))).write(Box.whole((2, 2, 2)), np.full((2, 2, 2), 9, np.uint8))
    assert (volume.read()[1:3, 1:3, 1:3] == 9).all()


def test_a_volume_at_another_voxel_size_reads_the_same_in_any_box(volume):
    coarse = ResampledVolume(volume, (1.0, 2.0, 4.0))
    assert coarse.shape == (6, 4, 2)
    assert coarse.voxel_size == VoxelSize(30, 8, 16)
    box = Box((2, 1, 0), (4, 4, 2))
    assert np.array_equal(coarse.read(box), coarse.read()[box.slices])
    assert np.array_equal(coarse.read(), read_linear(volume.read, volume.shape, Box.whole(coarse.shape), (1, 2, 4)))


def test_a_volume_at_another_voxel_size_is_only_read(volume):
    with pytest.raises(OutputError, match="opened to be read"):
        ResampledVolume(volume, (2.0, 2.0, 2.0)).write(Box((0, 0, 0), (1, 1, 1)), np.zeros((1, 1, 1), np.float32))


def test_volumes_stack_as_channels(volume):
    floats = ArrayVolume(np.ones((2, 6, 7, 8), np.float32))
    stack = StackedVolume([volume, floats])
    assert (stack.channels, stack.dtype, stack.voxel_size) == (3, np.float32, VoxelSize(30, 4, 4))
    box = Box((1, 1, 1), (3, 3, 3))
    assert np.array_equal(stack.read(box)[0], volume.read(box))
    assert (stack.read()[1:] == 1).all()


def test_channels_of_other_shapes_are_refused(volume):
    with pytest.raises(ShapeError, match="channels are alike"):
        StackedVolume([volume, ArrayVolume(np.zeros((6, 7, 9), np.uint8))])


def test_stacked_channels_are_not_written(volume):
    with pytest.raises(OutputError, match="only read"):
        StackedVolume([volume, volume]).write(Box.whole((1, 1, 1)), np.zeros((2, 1, 1, 1), np.uint8))


def test_views_pickle_and_can_do_without_a_cache(volume):
    view = StackedVolume([CroppedVolume(volume, Box((0, 0, 0), (2, 2, 2)))])
    assert np.array_equal(pickle.loads(pickle.dumps(view.uncached())).read(), view.read())


def test_layers_of_a_window_are_the_channels_of_one_slice(volume):
    window = LayeredVolume(volume, 2, 3)
    assert (window.shape, window.channels) == ((1, 7, 8), 3)
    assert np.array_equal(window.read()[:, 0], volume.read()[2:5])
    assert np.array_equal(window.read(Box((0, 1, 2), (1, 5, 8)))[:, 0], volume.read()[2:5, 1:5, 2:8])
    assert window.offset == (160.0, 0.0, 8.0)


def test_every_channel_brings_all_its_layers(volume):
    both = StackedVolume([volume, ArrayVolume(volume.read()[::-1].copy())])
    window = LayeredVolume(both, 0, 2).read()
    assert np.array_equal(window[:2, 0], volume.read()[:2])
    assert np.array_equal(window[2:, 0], volume.read()[::-1][:2])


def test_a_window_outside_is_refused_and_a_window_is_not_written_to(volume):
    with pytest.raises(ShapeError, match="layers 4 to 7 leave its 6"):
        LayeredVolume(volume, 4, 3)
    with pytest.raises(OutputError, match="only read"):
        LayeredVolume(volume, 0, 2).write(Box.whole((1, 7, 8)), np.zeros((2, 1, 7, 8), np.uint8))
