import numpy as np
import pytest
import torch

from volumen.data import Rotate, Rotate90, Scale, SliceJitter
from volumen.data.augmentation.moving import LinearStep, SlipStep
from volumen.data.augmentation.spatial import Rotate90Params
from volumen.data.augmentation.warp import Moves
from volumen.errors import ConfigError

CUBE = (5, 5, 5)


def test_a_factor_of_two_shows_the_middle_twice_as_large():
    ramp = torch.arange(9.0).expand(1, 1, 1, 9, 9)
    moves = [Scale(2.0, 2.0, p=1.0).draw(np.random.default_rng(0), (1, 9, 9))]
    assert Scale().apply(ramp, moves, "image")[0, 0, 0, 0].tolist() == [2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6]


def test_every_axis_has_its_own_range():
    rng = np.random.default_rng(0)
    scale = Scale([1.0, 0.5, 2.0], [1.0, 0.6, 3.0], p=1.0)
    for _ in range(50):
        z, y, x = (1 / row[axis] for axis, row in enumerate(scale.draw(rng, CUBE).steps[0].rows))
        assert z == 1
        assert 0.5 <= y <= 0.6
        assert 2 <= x <= 3


def test_axes_scale_together_when_asked():
    rows = Scale(0.5, 2.0, together=True, p=1.0).draw(np.random.default_rng(0), CUBE).steps[0].rows
    assert rows[0][0] == rows[1][1] == rows[2][2] != 1


def test_a_quarter_turn_about_z_is_that_of_rotate90():
    image = torch.rand(1, 1, *CUBE)
    quarter = [Moves(CUBE, (LinearStep(((1, 0, 0), (0, 0, 1), (0, -1, 0))),))]
    turned = Rotate90().apply(image, [Rotate90Params((1, 2), 1)], "image")
    torch.testing.assert_close(Rotate().apply(image, quarter, "image"), turned)


def test_angles_about_an_axis_that_is_given_none_stay_0():
    rng = np.random.default_rng(0)
    for _ in range(10):
        rows = Rotate([90.0, 0.0, 0.0], p=1.0).draw(rng, CUBE).steps[0].rows
        assert rows[0] == (1, 0, 0)
        assert rows[1][0] == rows[2][0] == 0


def test_nothing_turns_out_of_a_single_section():
    assert Rotate([0.0, 90.0, 90.0], p=1.0).draw(np.random.default_rng(0), (1, 8, 8)) == Moves((1, 8, 8))


def test_a_section_slips_and_its_neighbours_stay():
    labels = torch.arange(27).view(1, 3, 3, 3)
    slipped = SliceJitter().apply(labels, [Moves((3, 3, 3), (SlipStep(((0, 0), (1, -1), (0, 0))),))], "labels")
    assert torch.equal(slipped[0, ::2], labels[0, ::2])
    assert slipped[0, 1].tolist() == [[-100, -100, -100], [10, 11, -100], [13, 14, -100]]


def test_sections_of_a_halo_stay_where_they_are():
    labels = torch.arange(45).view(1, 5, 3, 3)
    slipped = SliceJitter().apply(labels, [Moves((3, 3, 3), (SlipStep(((1, 1),) * 3),))], "labels")
    assert torch.equal(slipped[0, ::4], labels[0, ::4])
    assert slipped[0, 1, 1, 1] == labels[0, 1, 0, 0]


def test_about_the_share_of_sections_slips_by_no_more_than_asked():
    moves = SliceJitter(most=3, share=0.3, p=1.0).draw(np.random.default_rng(0), (400, 8, 8))
    shifts = np.array(moves.steps[0].shifts)
    assert 0.2 < shifts.any(1).mean() < 0.35
    assert set(shifts.flatten()) == {-3, -2, -1, 0, 1, 2, 3}


def test_impossible_ranges_are_refused():
    with pytest.raises(ConfigError, match="0 < low ≤ high"):
        Scale(low=0.0)
    with pytest.raises(ConfigError, match="0 < low ≤ high"):
        Scale(low=[1.0, 1.0, 1.3], high=1.2)
    with pytest.raises(ConfigError, match="degrees from 0 to 180; got 270"):
        Rotate(degrees=270.0)
    with pytest.raises(ConfigError, match="most ≥ 0"):
        SliceJitter(most=-1)
    with pytest.raises(ConfigError, match="share of 0 to 1"):
        SliceJitter(share=20.0)
