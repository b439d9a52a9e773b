import numpy as np
import pytest
import torch

from volumen.data import Elastic, Flip, Rotate, Scale, SliceJitter
from volumen.data.augmentation.moving import LinearStep
from volumen.data.augmentation.warp import Moves, WarpRow, join_warps

SHAPE = (16, 24, 24)


def make_smooth_image(shape=SHAPE):
    z, y, x = torch.meshgrid(*(torch.arange(extent) for extent in shape), indexing="ij")
    return (torch.sin(z / 6) * torch.cos(y / 7) + torch.sin(x / 5 + y / 9))[None, None]


def test_warps_that_stand_side_by_side_are_joined():
    warps = Scale(), Rotate(), Elastic()
    assert join_warps([Flip(), *warps, Flip(), SliceJitter()]) == [Flip(), WarpRow(warps), Flip(), SliceJitter()]
    assert join_warps([]) == []


def test_a_row_draws_what_its_parts_draw():
    warps = Elastic(p=1.0), SliceJitter(p=1.0), Rotate(p=1.0)
    streams = [np.random.default_rng(5) for _ in range(2)]
    row = WarpRow(warps).draw(streams[0], SHAPE)
    assert row.steps == tuple(step for warp in warps for step in warp.draw(streams[1], SHAPE).steps)


def test_one_pass_shows_what_several_would():
    image = make_smooth_image()
    for warps in [(Scale(p=1.0), Rotate(p=1.0), Elastic(p=1.0)), (Elastic(p=1.0), Rotate(p=1.0))]:
        moves = WarpRow(warps).draw(np.random.default_rng(1), SHAPE)
        at_once = warps[0].apply(image, [moves], "image")
        in_turn = image
        for step in moves.steps:
            in_turn = warps[0].apply(in_turn, [Moves(SHAPE, (step,))], "image")
        known = warps[0].apply(torch.ones(1, *SHAPE, dtype=torch.int64), [moves], "labels")[:, None] == 1
        assert (at_once - in_turn)[known].abs().median() < 0.01


def test_vectors_turn_by_any_angle():
    """The gradient of a turned image is the turned gradient."""
    image = make_smooth_image((24, 24, 24))
    params = [Rotate(180.0, p=1.0).draw(np.random.default_rng(7), (24, 24, 24))]
    warp = Rotate()
    turned = warp.apply(measure_gradient(image), params, "vectors")
    expected = measure_gradient(warp.apply(image, params, "image"))
    known = warp.apply(torch.ones(1, 24, 24, 24, dtype=torch.int64), params, "labels") == 1
    assert (turned - expected).norm(dim=1)[known].median() < 0.02 < expected.norm(dim=1)[known].median()


def measure_gradient(image):
    return torch.stack(torch.gradient(image[:, 0], dim=(1, 2, 3)), 1)


def test_vectors_that_are_stretched_grow():
    doubled = Moves((4, 4, 4), (LinearStep(((0.5, 0, 0), (0, 1, 0), (0, 0, 1))),))
    vectors = torch.ones(1, 3, 4, 4, 4)
    z, y, _ = Scale().apply(vectors, [doubled], "vectors")[0]
    assert (z == 2).all()
    assert (y == 1).all()


def test_what_comes_from_outside_is_mirrored_in_the_image_and_ignored_in_labels():
    halved = [Moves((1, 1, 4), (LinearStep(((1, 0, 0), (0, 1, 0), (0, 0, 2))),))]
    image, labels = torch.tensor([0.0, 1, 2, 3]).view(1, 1, 1, 1, 4), torch.arange(4).view(1, 1, 1, 4)
    assert Scale().apply(image, halved, "image").flatten().tolist() == pytest.approx([1.5, 0.5, 2.5, 1.5])
    assert Scale().apply(labels, halved, "labels").flatten().tolist() == [-100, 1, 3, -100]
    assert Scale().apply(labels[:, None].float(), halved, "mask").flatten().tolist() == [0, 1, 3, 0]


def test_a_halo_fills_what_lies_round_the_patch_but_nothing_that_the_image_does_not_show():
    halved = [Moves((1, 1, 4), (LinearStep(((1, 0, 0), (0, 1, 0), (0, 0, 2))),))]
    labels = torch.arange(20).view(1, 1, 1, 20)  # the patch is 8 to 11
    moved = Scale().apply(labels, halved, "labels").flatten().tolist()
    assert moved[5:15] == [1, 3, 5, -100, 9, 11, -100, 15, 17, 19]
