"""Neuron phantoms: exact instances, coarse sections, dark membranes."""

import numpy as np
import pytest
from scipy.ndimage import find_objects, label

from volumen.data.phantoms.neurons import VOXEL_SIZE, NeuronsPhantom, make_neurons, measure_wall
from volumen.errors import ShapeError


@pytest.fixture(scope="module")
def phantom() -> NeuronsPhantom:
    return make_neurons((24, 72, 64), 2)


def test_the_same_seed_gives_the_same_bytes(phantom):
    again = make_neurons((24, 72, 64), 2)
    assert again.image.tobytes() == phantom.image.tobytes()
    assert {k: v.tobytes() for k, v in again.labels.items()} == {k: v.tobytes() for k, v in phantom.labels.items()}


def test_image_and_labels_have_the_shape_asked_for(phantom):
    assert phantom.image.shape == (24, 72, 64)
    assert phantom.image.dtype == np.uint8
    assert sorted(phantom.labels) == ["mitochondria", "neurons", "vesicles"]
    assert all(labels.shape == (24, 72, 64) for labels in phantom.labels.values())
    assert phantom.voxel_size == VOXEL_SIZE


def test_the_smallest_phantom_can_be_made():
    assert make_neurons(16, 0).labels["neurons"].min() == 1


def test_a_size_too_small_for_a_neurite_is_refused():
    with pytest.raises(ShapeError, match="at least 16 voxels"):
        make_neurons((64, 64, 4), 0)


def test_labels_are_numbered_without_gaps(phantom):
    for labels in phantom.labels.values():
        present = np.unique(labels)
        assert present.tolist() == list(range(int(present[0]), int(present[-1]) + 1))


def test_neurons_fill_the_volume_and_each_is_one_piece(phantom):
    neurons = phantom.labels["neurons"]
    assert neurons.min() == 1
    assert neurons.max() > 3
    for number, box in enumerate(find_objects(neurons), start=1):
        assert label(neurons[box] == number)[1] == 1


def test_an_organelle_lies_in_one_neuron(phantom):
    for kind in ("mitochondria", "vesicles"):
        organelles = phantom.labels[kind]
        assert organelles.max() > 0
        for number in range(1, int(organelles.max()) + 1):
            assert len(np.unique(phantom.labels["neurons"][organelles == number])) == 1


def test_membranes_and_mitochondria_are_darker_than_cytoplasm(phantom):
    neurons, image = phantom.labels["neurons"], phantom.image
    membrane = np.zeros(image.shape, bool)
    membrane[:, :, 1:] = neurons[:, :, 1:] != neurons[:, :, :-1]
    cytoplasm = ~membrane & (phantom.labels["mitochondria"] == 0)
    assert image[membrane].mean() < image[cytoplasm].mean() - 50
    assert image[phantom.labels["mitochondria"] > 0].mean() < image[cytoplasm].mean() - 25


def test_the_wall_is_nearest_at_the_border_of_two_neurites():
    neurites = np.ones((6, 8, 8), np.int64)
    neurites[:, 4:] = 2
    wall = measure_wall(neurites)
    assert wall[0, :, 0].tolist() == [24, 16, 8, 0, 0, 8, 16, 24]
    assert (measure_wall(np.ones((6, 8, 8), np.int64)) > 1000).all()
