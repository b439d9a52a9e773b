import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from volumen.errors import DataError
from volumen.targets import BinaryTarget, ClassesTarget

TARGETS = {"binary": BinaryTarget(), "binary-of": BinaryTarget([1, 3]), "classes": ClassesTarget(4)}
IGNORED = -100


@pytest.fixture(params=TARGETS)
def target(request):
    return TARGETS[request.param]


@pytest.fixture
def labels():
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(4, (2, 3, 4, 5), generator=generator)
    labels[torch.rand(labels.shape, generator=generator) < 0.2] = IGNORED
    return labels


def test_values_have_the_targets_channels_and_weight_has_one(target, labels):
    values, weight = target.encode(labels)
    assert values.shape == (2, target.channels, 3, 4, 5)
    assert weight.shape == (2, 1, 3, 4, 5)
    assert values.dtype == weight.dtype == torch.float32


def test_ignored_voxels_have_no_weight_and_no_value(target, labels):
    values, weight = target.encode(labels)
    assert torch.equal(weight[:, 0] == 0, labels == IGNORED)
    assert not (values * (1 - weight)).any()


@pytest.mark.parametrize("axes", [(1,), (2,), (1, 3)])
def test_encoding_commutes_with_flips(target, labels, axes):
    flipped = target.encode(labels.flip(axes))
    for direct, after in zip(target.encode(labels), flipped, strict=True):
        assert torch.equal(direct.flip([axis + 1 for axis in axes]), after)


def test_encoding_commutes_with_quarter_turns(target, labels):
    turned = target.encode(labels.rot90(1, (1, 3)))
    for direct, after in zip(target.encode(labels), turned, strict=True):
        assert torch.equal(direct.rot90(1, (2, 4)), after)


@given(st.lists(st.integers(0, 3), min_size=8, max_size=8))
def test_classes_survive_encoding(numbers):
    labels = torch.tensor(numbers).view(1, 2, 2, 2)
    target = ClassesTarget(4)
    assert torch.equal(target.decode(target.encode(labels).values), labels)


def test_a_mask_survives_encoding():
    labels = torch.tensor([0, 1, 1, 0]).view(1, 1, 2, 2)
    assert torch.equal(BinaryTarget().decode(BinaryTarget().encode(labels).values), labels)


def test_foreground_is_what_the_recipe_says():
    labels = torch.tensor([0, 1, 2, 3]).view(1, 1, 2, 2)
    assert BinaryTarget([1, 3]).encode(labels).values.flatten().tolist() == [0, 1, 0, 1]
    assert BinaryTarget().encode(labels).values.flatten().tolist() == [0, 1, 1, 1]


def test_one_hot_stands_in_the_channel_of_its_class():
    values = ClassesTarget(3).encode(torch.tensor([2, 0]).view(1, 1, 1, 2)).values
    assert values[0, :, 0, 0].T.tolist() == [[0, 0, 1], [1, 0, 0]]


def test_a_class_never_seen_is_named_with_what_is_allowed():
    with pytest.raises(DataError, match="label 7 is not one that this target knows: 0 to 3 are allowed"):
        ClassesTarget(4).encode(torch.full((1, 1, 1, 1), 7))


@pytest.mark.parametrize("name", TARGETS)
def test_a_negative_label_is_named(name):
    with pytest.raises(DataError, match=r"label -1 is not one .* and -100 where nobody looked"):
        TARGETS[name].encode(torch.full((1, 1, 1, 1), -1))


def test_a_patch_that_nobody_looked_at_weighs_nothing(target):
    values, weight = target.encode(torch.full((1, 2, 2, 2), IGNORED))
    assert not values.any()
    assert not weight.any()
