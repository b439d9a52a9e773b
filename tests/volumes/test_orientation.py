import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nibabel.orientations import io_orientation

from volumen.errors import FormatError
from volumen.geometry import VoxelSize
from volumen.volumes.orientation import orient_axes

SHAPE = (4, 5, 6)


def turn(order, signs, steps=(1.0, 2.0, 3.0)):
    """Directions whose stored axis n runs along world axis order[n]."""
    directions = np.zeros((3, 3))
    for column, (row, sign, step) in enumerate(zip(order, signs, steps, strict=True)):
        directions[row, column] = sign * step
    return directions


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("signs", list(itertools.product([1, -1], repeat=3)))
def test_a_corner_of_the_grid_lies_where_the_affine_puts_it(order, signs):
    directions, origin = turn(order, signs), np.array([10.0, 20.0, 30.0])
    found = orient_axes(directions, origin, SHAPE, "x")
    assert found.letters == "".join("xyz"[row] for row in order)
    assert set(found.flipped) == {"xyz"[row] for row, sign in zip(order, signs, strict=True) if sign < 0}
    corners = [origin + directions @ index for index in itertools.product(*[(0, extent - 1) for extent in SHAPE])]
    np.testing.assert_allclose(found.first, np.min(corners, axis=0))
    sizes = dict(zip(found.letters, (1.0, 2.0, 3.0), strict=True))
    assert found.place(10.0)[0] == VoxelSize(*(sizes[axis] * 10 for axis in "zyx"))
    assert found.tilt == 0


@given(values=st.lists(st.floats(-2, 2), min_size=9, max_size=9))
@settings(deadline=None, max_examples=200)
def test_a_tilted_grid_is_given_axes_as_nibabel_gives_them(values):
    directions = np.eye(3)[:, [2, 0, 1]] * [3, -4, 5] + np.array(values).reshape(3, 3) / 4
    found = orient_axes(directions, np.zeros(3), SHAPE, "x")
    nearest = io_orientation(np.block([[directions, np.zeros((3, 1))], [np.zeros((1, 3)), np.ones((1, 1))]]))
    assert found.letters == "".join("xyz"[int(row)] for row in nearest[:, 0])
    assert set(found.flipped) == {"xyz"[int(row)] for row, sign in nearest if sign < 0}


def test_a_tilt_is_told():
    turned = np.deg2rad(30)
    directions = np.array([[np.cos(turned), -np.sin(turned), 0], [np.sin(turned), np.cos(turned), 0], [0, 0, 1]])
    assert "tilted by 30°" in " ".join(orient_axes(directions, np.zeros(3), SHAPE, "x").describe())


def test_nothing_is_told_of_axes_in_order():
    assert orient_axes(np.eye(3), np.zeros(3), SHAPE, "x").describe() == ()


@pytest.mark.parametrize("directions", [np.zeros((3, 3)), np.full((3, 3), np.nan), np.diag([1.0, 0.0, 1.0])])
def test_damaged_directions_are_told(directions):
    with pytest.raises(FormatError, match=r"directions of its axes are damaged; \?axes=xyz"):
        orient_axes(directions, np.zeros(3), SHAPE, "x")


def test_without_a_unit_nothing_is_known():
    assert orient_axes(np.eye(3), np.zeros(3), SHAPE, "x").place(None) == (None, None)
