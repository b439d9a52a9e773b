import numpy as np
import pytest

from volumen.geometry import Box
from volumen.losses.crops import draw_crop


def test_what_is_small_is_looked_at_whole():
    assert draw_crop(np.zeros((4, 6, 5), bool), 6, step=3, sample=0) == Box.whole((4, 6, 5))


def test_a_crop_lies_inside_and_holds_something_wanted(rng):
    wanted = np.zeros((20, 30, 9), bool)
    wanted[tuple(rng.integers(0, extent, 5) for extent in wanted.shape)] = True
    for step in range(20):
        box = draw_crop(wanted, 12, step=step, sample=0)
        assert box.shape == (12, 12, 9)
        assert Box.whole(wanted.shape).contains(box)
        assert wanted[box.slices].any()


def test_step_and_sample_alone_decide():
    wanted = np.ones((30, 30, 30), bool)
    draws = {(step, sample): draw_crop(wanted, 8, step=step, sample=sample) for step in range(4) for sample in range(4)}
    assert len(set(draws.values())) > 12
    assert draw_crop(wanted, 8, step=2, sample=3) == draws[2, 3]


@pytest.mark.parametrize("shape", [(1, 30, 30), (30, 1, 1)])
def test_where_nothing_is_wanted_it_lies_anywhere(shape):
    boxes = {draw_crop(np.zeros(shape, bool), 8, step=step, sample=0) for step in range(10)}
    assert len(boxes) > 5
