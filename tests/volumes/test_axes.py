import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from volumen.errors import ShapeError
from volumen.geometry import Box
from volumen.volumes.axes import AxisPlan, plan_axes
from volumen.volumes.spec import Options

SIZES = {"t": 1, "c": 2, "z": 3, "y": 4, "x": 5}
ORDERS = ["".join(order) for count in (2, 3, 4, 5) for kept in itertools.combinations("tczyx", count)
          if {"y", "x"} <= set(kept) for order in itertools.permutations(kept)]  # fmt: skip


def store(names):
    """Voxels 0 … n - 1 in the order c z y x, and the same as an array with the axes `names`."""
    kept = [axis for axis in "tczyx" if axis in names]
    array = np.arange(np.prod([SIZES[axis] for axis in kept])).reshape([SIZES[axis] for axis in kept])
    volume = array.reshape([SIZES["c"]] * ("c" in names) + [SIZES["z"] if "z" in names else 1, 4, 5])
    return volume, array.transpose([kept.index(axis) for axis in names])


@given(names=st.sampled_from(ORDERS), data=st.data())
@settings(deadline=None)
def test_any_order_of_axes_reads_and_writes_as_z_y_x(names, data):
    volume, stored = store(names)
    plan = plan_axes(names, stored.shape, "x", Options())
    assert (plan.volume_shape, plan.channels) == (volume.shape[-3:], 2 if "c" in names else None)
    start = tuple(data.draw(st.integers(0, extent - 1)) for extent in plan.volume_shape)
    stop = tuple(data.draw(st.integers(low + 1, n)) for low, n in zip(start, plan.volume_shape, strict=True))
    box = Box(start, stop)
    np.testing.assert_array_equal(plan.arrange(stored[plan.index(box)]), volume[(..., *box.slices)])
    copy = np.zeros_like(stored)
    copy[plan.index(box)] = plan.store(volume[(..., *box.slices)])
    np.testing.assert_array_equal(plan.arrange(copy[plan.index(box)]), volume[(..., *box.slices)])


@pytest.mark.parametrize("flipped", ["", "z", "yx", "zyx"])
def test_axes_that_run_backwards_are_turned_about(flipped):
    volume, stored = store("xyz")
    stored = stored[tuple(slice(None, None, -1 if axis in flipped else 1) for axis in "xyz")]
    plan = AxisPlan("xyz", stored.shape, (0, 0, 0), flipped)
    box = Box((1, 0, 2), (3, 3, 4))
    np.testing.assert_array_equal(plan.arrange(stored[plan.index(box)]), volume[box.slices])
    np.testing.assert_array_equal(plan.store(volume), stored)


def test_an_origin_shifts_the_index():
    plan = AxisPlan("xyz-", (5, 4, 3, 1), (0, 0, 0, 0), origin=(10, -20, 30, 0))
    assert plan.index(Box((0, 1, 2), (3, 4, 5))) == (slice(12, 15), slice(-19, -16), slice(30, 33), 0)


def test_time_and_channel_are_chosen():
    plan = plan_axes("tczyx", (4, 2, 3, 4, 5), "x", Options(time=3, channel=1))
    assert (plan.names, plan.fixed, plan.channels) == ("--zyx", (3, 1, 0, 0, 0), None)


@pytest.mark.parametrize(
    ("names", "shape", "options", "told"),
    [
        ("tzyx", (4, 3, 4, 5), Options(), r"has 4 time points; choose one from 0 to 3, as \?time=0"),
        ("tzyx", (4, 3, 4, 5), Options(time=4), "from 0 to 3"),
        ("czyx", (2, 3, 4, 5), Options(channel=2), r"has 2 channels; choose one from 0 to 1, as \?channel=0"),
        (None, (1, 1, 3, 4, 5), Options(), r"shape \(1, 1, 3, 4, 5\) is no volume.*\?axes=tczyx"),
        (None, (5,), Options(), "is no volume"),
        ("?zyx", (4, 3, 4, 5), Options(), r"axis '\?' has 4 voxels"),
        ("zyx", (3, 4, 5), Options(axes="yx"), "names 2 axes"),
        ("zyy", (3, 4, 5), Options(), "are no volume"),
        ("zyx", (3, 4, 5), Options(time=0), r"axes are zyx; leave out \?time=0"),
        ("-zyx", (1, 3, 4, 5), Options(channel=1), r"axes are zyx; leave out \?channel=1"),
    ],
)
def test_what_makes_no_volume_is_refused(names, shape, options, told):
    with pytest.raises(ShapeError, match=told):
        plan_axes(names, shape, "x", options)


def test_the_user_s_axes_win():
    assert plan_axes("zyx", (3, 4, 5), "x", Options(axes="xyz")).volume_shape == (5, 4, 3)


def test_one_channel_stays_or_goes():
    assert plan_axes("czyx", (1, 3, 4, 5), "x", Options()).channels == 1
    assert plan_axes("czyx", (1, 3, 4, 5), "x", Options(), keep_one_channel=False).channels is None
