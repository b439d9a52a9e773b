from pathlib import Path

import numpy as np
import pytest
from contract import draw_array
from foreign import Layer

from volumen.errors import DataError
from volumen.geometry import Box, VoxelSize
from volumen.volumes import open_layers, open_volume, to_volume


class Points(Layer):
    """A layer without voxels."""


class Lazy:
    """An array that is read only where it is asked for."""

    def __init__(self, array):
        self.shape, self.dtype, self.ndim = array.shape, array.dtype, array.ndim
        self._array, self.asked = array, []

    def __getitem__(self, index):
        self.asked.append(index)
        return self._array[index]


class Viewer:
    def __init__(self, *layers):
        self.layers = list(layers)


def test_a_viewer_s_layers_open_by_name():
    image, labels = Layer("em", draw_array(), (1, 1, 1)), Layer("mito", draw_array() > 60, (1, 1, 1))
    points = Points("dots", np.zeros((5, 3)), (1, 1, 1))
    for source in (Viewer(image, labels, points), [image, labels, points]):
        volumes = open_layers(source)
        assert list(volumes) == ["em", "mito"]
        np.testing.assert_array_equal(volumes["em"].read(), draw_array())
        assert volumes["mito"].dtype == np.uint8


def test_a_layer_goes_where_a_volume_goes():
    np.testing.assert_array_equal(to_volume(Layer("em", draw_array(), (1, 1, 1))).read(), draw_array())
    assert list(open_layers(Layer("em", draw_array(), (1, 1, 1)))) == ["em"]


def test_a_scale_counts_only_with_a_unit():
    plain = Layer("em", draw_array(), (30, 8, 8), translate=(1, 2, 3))
    assert open_layers([plain])["em"].voxel_size is None
    volume = open_layers([plain], unit="µm")["em"]
    assert (volume.voxel_size, volume.offset) == (VoxelSize(30_000.0, 8000.0, 8000.0), (1000, 2000, 3000))
    pixels = Layer("em", draw_array(), (30, 8, 8), units=["pixel"] * 3)
    assert open_layers([pixels])["em"].voxel_size is None
    assert open_layers([pixels], unit="nm")["em"].voxel_size == VoxelSize(30.0, 8.0, 8.0)
    told = Layer("em", draw_array(), (0.03, 0.008, 0.008), units=["micrometer"] * 3)
    assert tuple(open_layers([told], unit="mm")["em"].voxel_size) == pytest.approx((30, 8, 8))


def test_only_a_box_of_lazy_data_is_read():
    data = Lazy(draw_array())
    box = Box((1, 2, 3), (4, 5, 6))
    np.testing.assert_array_equal(open_layers([Layer("em", data, (1, 1, 1))])["em"].read(box), draw_array()[box.slices])
    assert data.asked == [box.slices]


def test_the_finest_of_a_pyramid_is_read():
    pyramid = [draw_array(), draw_array()[::2, ::2, ::2]]
    assert open_layers([Layer("em", pyramid, (1, 1, 1))])["em"].shape == draw_array().shape


def test_colours_are_channels():
    colours = np.moveaxis(draw_array(channels=3), 0, -1)
    volume = open_layers([Layer("em", colours, (1, 1, 1), rgb=True)])["em"]
    np.testing.assert_array_equal(volume.read(), draw_array(channels=3))


def test_a_2d_layer_has_one_slice():
    assert open_layers([Layer("em", draw_array()[0], (1, 1), units=["nm"] * 2)])["em"].shape == (1, 11, 13)


@pytest.mark.parametrize("source", [3, [], [draw_array()], Viewer()])
def test_what_is_no_layer_is_told(source):
    with pytest.raises(DataError, match="a viewer, its layers or a layer"):
        open_layers(source)


def test_paths_are_still_paths(tmp_path):
    np.save(tmp_path / "x.npy", draw_array())
    assert to_volume(Path(tmp_path / "x.npy")).shape == open_volume(tmp_path / "x.npy").shape
