import pytest
import torch

from volumen.errors import DataError
from volumen.targets import BinaryTarget, ClassesTarget


def test_foreground_is_what_the_recipe_says():
    labels = torch.tensor([0, 1, 2, 3]).view(1, 1, 2, 2)
    assert BinaryTarget([1, 3]).encode(labels).values.flatten().tolist() == [0, 1, 0, 1]
    assert BinaryTarget().encode(labels).values.flatten().tolist() == [0, 1, 1, 1]


def test_one_hot_stands_in_the_channel_of_its_class():
    values = ClassesTarget(3).encode(torch.tensor([2, 0]).view(1, 1, 1, 2)).values
    assert values[0, :, 0, 0].T.tolist() == [[0, 0, 1], [1, 0, 0]]


def test_ignored_voxels_have_no_value():
    labels = torch.tensor([2, -100]).view(1, 1, 1, 2)
    assert ClassesTarget(3).encode(labels).values[0, :, 0, 0, 1].tolist() == [0, 0, 0]
    assert BinaryTarget().encode(labels).values.flatten().tolist() == [1, 0]


def test_a_class_never_seen_is_named_with_what_is_allowed():
    with pytest.raises(DataError, match="label 7 is not one that this target knows: 0 to 3 are allowed"):
        ClassesTarget(4).encode(torch.full((1, 1, 1, 1), 7))
