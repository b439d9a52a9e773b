"""Embeddings, synapses and images as targets."""

import pytest
import torch

from volumen.errors import DataError
from volumen.targets import EmbeddingTarget, PolarityTarget, ReconstructionTarget, Turn


def test_an_embedding_learns_from_numbers_of_its_patch():
    target = EmbeddingTarget(channels=16)
    values, weight, _ = target.encode(torch.tensor([2**62, 0, 2**62, 5, -100]).view(1, 1, 1, 5))
    assert values.flatten().tolist() == [1, 0, 1, 2, 0]
    assert weight.flatten().tolist() == [1, 1, 1, 1, 0]
    assert target.channels == 16


def test_sides_of_synapses_are_told_by_odd_and_even_labels():
    values = PolarityTarget().encode(torch.tensor([0, 1, 2, 7, 8, -100]).view(1, 1, 1, 6)).values[0, :, 0, 0]
    assert values.int().tolist() == [[0, 1, 0, 1, 0, 0], [0, 0, 1, 0, 1, 0], [0, 1, 1, 1, 1, 0]]


def test_a_reconstruction_is_the_image_itself_and_turns_with_it():
    image = torch.rand(2, 3, 4, 4, 4)
    target = ReconstructionTarget(image_channels=3)
    encoded = target.encode(image)
    assert torch.equal(encoded.values, image)
    assert encoded.weight.all()
    turn = Turn((2, 1, 0), (True, False, True))
    assert torch.equal(target.turn(encoded, turn).values, target.encode(turn.move(image)).values)


def test_an_image_of_other_channels_is_refused():
    with pytest.raises(DataError, match="the image has 3 channels and the target reconstruction 1; set image_channels"):
        ReconstructionTarget().encode(torch.rand(1, 3, 2, 2, 2))
