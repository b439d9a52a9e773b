import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from volumen.errors import DataError, ShapeError
from volumen.inference import predict_array


def identity(image):
    return image


def constant(image):
    return torch.full_like(image, 0.3)


@given(
    shape=st.tuples(*[st.integers(1, 12)] * 3),
    tile=st.tuples(*[st.integers(2, 9)] * 3),
    overlap=st.floats(0, 0.9),
    batch=st.integers(1, 3),
)
@settings(deadline=None, max_examples=30)
def test_a_constant_network_gives_a_constant_up_to_every_border(shape, tile, overlap, batch):
    result = predict_array(constant, np.zeros(shape, np.uint8), tile=tile, overlap=overlap, batch=batch)

    assert result.shape == shape
    assert np.abs(result / np.float32(0.3) - 1).max() <= 1e-6


@given(tile=st.integers(3, 12), data=st.data())
@settings(deadline=None, max_examples=15)
def test_a_network_that_copies_gives_the_array_back_for_any_overlap_in_voxels(tile, data):
    overlap = data.draw(st.integers(0, tile - 1))
    array = np.random.default_rng(0).random((7, 3, 15)).astype(np.float32) + 1

    result = predict_array(identity, array, tile=tile, overlap=overlap)

    np.testing.assert_array_equal(result, array)


def test_512_cubed_at_tile_128_and_overlap_32_has_125_tiles():
    calls = []

    def count(image):
        calls.append(image.shape[0])
        return image[:, :, :1, :1, :1].expand(-1, 1, 128, 128, 128)

    predict_array(count, np.zeros((512, 1, 1), np.uint8), tile=128, overlap=32)
    assert len(calls) == 5

    from volumen.geometry import TileGrid

    assert len(TileGrid.plan((512, 512, 512), (128, 128, 128), 32)) == 125


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int16", ">u2", "uint64", "float16", "float64"])
def test_arrays_of_any_real_type_are_taken(dtype, rng):
    array = rng.integers(0, 2, (5, 6, 7)).astype(dtype)

    result = predict_array(identity, array, tile=4, overlap=2)

    assert result.dtype == np.float32
    np.testing.assert_array_equal(result, array.astype(np.float32))


def test_the_input_is_not_changed_by_a_network_that_returns_it(rng):
    array = rng.random((6, 6, 6)).astype(np.float32)
    before = array.copy()

    predict_array(identity, array, tile=6, overlap=0)

    np.testing.assert_array_equal(array, before)


def test_channels_come_first_and_one_channel_has_no_axis(rng):
    array = rng.random((2, 5, 6, 7)).astype(np.float32)

    assert predict_array(identity, array, tile=4, overlap=1).shape == (2, 5, 6, 7)
    assert predict_array(lambda image: image[:, :1], array, tile=4, overlap=1).shape == (5, 6, 7)


def test_heads_come_back_by_name_with_their_finest_scale(rng):
    array = rng.random((5, 6, 7)).astype(np.float32)

    result = predict_array(lambda image: {"a": [image, image[..., ::2]], "b": image * 2}, array, tile=4, overlap=1)

    assert sorted(result) == ["a", "b"]
    np.testing.assert_allclose(result["b"], 2 * result["a"], rtol=1e-6)


def test_the_last_batch_is_filled_up_so_that_every_call_has_one_shape():
    shapes = set()

    def note(image):
        shapes.add(tuple(image.shape))
        return image

    predict_array(note, np.zeros((9, 4, 4), np.uint8), tile=4, overlap=0, batch=2)

    assert shapes == {(2, 1, 4, 4, 4)}


def test_half_precision_networks_are_summed_in_float32(rng):
    array = rng.random((9, 9, 9)).astype(np.float32)

    result = predict_array(lambda image: image.bfloat16(), array, tile=4, overlap=2)

    expected = torch.from_numpy(array).bfloat16().float().numpy()
    np.testing.assert_array_equal(result, expected)


def test_a_module_is_called_where_its_parameters_are(rng):
    network = torch.nn.Conv3d(1, 2, 3, padding=1)

    result = predict_array(network, rng.random((8, 8, 8)), tile=8, overlap=0)

    assert result.shape == (2, 8, 8, 8)
    assert not network.weight.is_inference()


@pytest.mark.parametrize(
    ("array", "options", "message"),
    [
        (np.zeros((4, 4)), {}, "2 axes"),
        (np.zeros((0, 4, 4)), {}, "without voxels"),
        (np.zeros((4, 4, 4)), {"overlap": 8}, "below the tile"),
        (np.zeros((4, 4, 4)), {"tile": 0}, "at least one voxel"),
    ],
)
def test_what_does_not_fit_is_said(array, options, message):
    with pytest.raises(ShapeError, match=message):
        predict_array(identity, array, **({"tile": 8, "overlap": 2} | options))


def test_complex_voxels_are_refused():
    with pytest.raises(DataError, match="complex"):
        predict_array(identity, np.zeros((4, 4, 4), complex), tile=4, overlap=0)


def test_a_network_that_shrinks_its_tile_is_refused():
    with pytest.raises(ShapeError, match="one value a voxel"):
        predict_array(lambda image: image[..., 1:-1], np.zeros((8, 8, 8)), tile=4, overlap=0)
