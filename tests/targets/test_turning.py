import pytest
import torch

from volumen.errors import ShapeError
from volumen.targets import Turn, list_turns
from volumen.targets.turning import Scalars, SymmetricTensor, Vector, turn_parts


def measure_gradient(image):
    return torch.stack(torch.gradient(image, dim=(1, 2, 3)), 1)


def test_there_are_48_turns_and_16_that_keep_z():
    tensors = [turn.move(torch.arange(27).view(1, 3, 3, 3)) for turn in list_turns()]
    assert len({tuple(tensor.flatten().tolist()) for tensor in tensors}) == 48
    assert len(list(list_turns(in_plane=True))) == 16


def test_a_flip_and_a_quarter_turn_move_voxels_as_torch_does():
    tensor = torch.rand(2, 1, 3, 4, 5)
    assert torch.equal(Turn(flips=(True, False, True)).move(tensor), tensor.flip((2, 4)))
    assert torch.equal(Turn((0, 2, 1), (False, True, False)).move(tensor), tensor.rot90(1, (3, 4)))
    assert Turn((0, 2, 1)).permute("zyx") == ("z", "x", "y")


@pytest.mark.parametrize("turn", [*list_turns()])
def test_vectors_turn_as_gradients_do_and_tensors_as_their_products(turn):
    image = torch.rand(2, 5, 5, 5)
    gradient, turned = measure_gradient(image), measure_gradient(turn.move(image))
    weight = torch.ones(2, 1, 5, 5, 5)
    values, _ = turn_parts(gradient, weight, turn, [Vector()])
    torch.testing.assert_close(values, turned)
    pairs = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]
    tensor, expected = (torch.stack([g[:, i] * g[:, j] for i, j in pairs], 1) for g in (gradient, turned))
    values, _ = turn_parts(torch.cat([image[:, None], tensor], 1), weight, turn, [Scalars(), SymmetricTensor()])
    torch.testing.assert_close(values[:, 1:], expected)
    assert torch.equal(values[:, 0], turn.move(image))


def test_vectors_of_the_plane_stay_in_it():
    values = torch.rand(1, 2, 4, 4, 4)
    flipped = Turn(flips=(True, True, False))
    turned, _ = turn_parts(values, values[:, :1], flipped, [Vector(2)])
    assert torch.equal(turned[:, 0], -values[:, 0].flip((1, 2)))
    assert torch.equal(turned[:, 1], values[:, 1].flip((1, 2)))
    with pytest.raises(ShapeError, match="vectors in the plane turn within it only"):
        turn_parts(values, values[:, :1], Turn((1, 0, 2)), [Vector(2)])
