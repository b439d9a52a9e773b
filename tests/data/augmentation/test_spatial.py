import numpy as np
import pytest
import torch

from volumen.data import Flip, Rotate90
from volumen.data.augmentation.spatial import FlipParams, Rotate90Params
from volumen.errors import ConfigError


def test_a_flip_mirrors_the_axis_it_drew():
    image = torch.arange(3.0).reshape(1, 1, 3, 1, 1)
    assert Flip().apply(image, [FlipParams(0)], "image").flatten().tolist() == [2, 1, 0]
    assert torch.equal(Flip().apply(image, [FlipParams(2)], "image"), image)


def test_flips_stay_within_the_axes_that_are_named(rng):
    axes = {Flip(p=1, axes="yx").draw(rng, (4, 4, 4)).axis for _ in range(50)}
    assert axes == {1, 2}


def test_an_axis_that_is_none_is_refused():
    with pytest.raises(ConfigError, match="got 'w'"):
        Flip(axes="w")


def test_flips_reach_every_axis():
    rng = np.random.default_rng(0)
    assert {Flip(p=1.0).draw(rng, (4, 4, 4)).axis for _ in range(50)} == {0, 1, 2}


def test_a_single_slice_is_never_mirrored_across_itself():
    rng = np.random.default_rng(0)
    assert {Flip(p=1.0).draw(rng, (1, 4, 4)).axis for _ in range(50)} == {1, 2}
    assert Flip(p=1.0).draw(rng, (1, 1, 1)) == FlipParams(None)


def test_a_quarter_turn_carries_the_first_axis_to_the_second():
    labels = torch.zeros(1, 1, 2, 2, dtype=torch.int64)
    labels[0, 0, 0, 1] = 7
    turned = Rotate90().apply(labels, [Rotate90Params((1, 2), 1)], "labels")
    assert torch.equal(turned, torch.rot90(labels, 1, (2, 3)))
    assert turned[0, 0, 0, 0] == 7


def test_a_cube_turns_in_every_plane_by_every_quarter():
    rng = np.random.default_rng(0)
    drawn = {Rotate90(p=1.0).draw(rng, (4, 4, 4)) for _ in range(200)}
    assert drawn == {Rotate90Params(plane, turns) for plane in ((0, 1), (0, 2), (1, 2)) for turns in (1, 2, 3)}


def test_a_patch_of_thick_slices_turns_only_within_the_slice():
    rng = np.random.default_rng(0)
    assert {Rotate90(p=1.0).draw(rng, (3, 4, 4)).plane for _ in range(50)} == {(1, 2)}


def test_a_patch_of_three_different_sides_does_not_turn():
    assert Rotate90(p=1.0).draw(np.random.default_rng(0), (3, 4, 5)) == Rotate90Params(None)
