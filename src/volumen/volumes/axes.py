"""How the axes of a stored array become z y x, or c z y x."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from volumen.errors import ShapeError
from volumen.geometry import Box, Shape, to_shape
from volumen.volumes.spec import Options
from volumen.volumes.volume import Voxels

_BY_COUNT = {2: "yx", 3: "zyx", 4: "czyx"}


@dataclass(frozen=True)
class AxisPlan:
    """Which stored axis is which.

    Args:
        names: a letter of t c z y x for each stored axis; `-` for one that is left out.
        shape: extents of the stored axes.
        fixed: the index taken of a stored axis that is left out.
        flipped: letters of axes that are stored backwards.
        origin: the first index of each stored axis.
    """

    names: str
    shape: tuple[int, ...]
    fixed: tuple[int, ...]
    flipped: str = ""
    origin: tuple[int, ...] = ()

    @property
    def volume_shape(self) -> Shape:
        """Voxels along z, y and x; an axis that is not stored has one."""
        return self.order(self.shape, absent=1)

    @property
    def channels(self) -> int | None:
        """Channels, or None when there is no channel axis."""
        return self.shape[self.names.index("c")] if "c" in self.names else None

    def order(self, values: Sequence[int], *, absent: int) -> Shape:
        """What stored axes have, as z y x."""
        return to_shape([values[self.names.index(axis)] if axis in self.names else absent for axis in "zyx"])

    def index(self, box: Box) -> tuple[slice | int, ...]:
        """What cuts a box out of the stored array."""
        spans = dict(zip("zyx", zip(box.start, box.stop, strict=True), strict=True))
        taken: list[slice | int] = []
        for number, (name, extent) in enumerate(zip(self.names, self.shape, strict=True)):
            start = self.origin[number] if self.origin else 0
            low, high = spans.get(name, (0, extent))
            if name in self.flipped:
                low, high = extent - high, extent - low
            taken.append(self.fixed[number] + start if name == "-" else slice(low + start, high + start))
        return tuple(taken)

    @property
    def permutation(self) -> tuple[int, ...]:
        """Where c, z, y and x are among the axes that are not left out."""
        kept = self.names.replace("-", "")
        return tuple(kept.index(axis) for axis in "czyx" if axis in kept)

    def arrange(self, array: np.ndarray) -> Voxels:
        """What was cut out of the stored array, as (c) z y x."""
        return self.finish(array.transpose(self.permutation))

    def finish(self, array: np.ndarray) -> Voxels:
        """What is in order already, with axes turned about and those that are not stored put in."""
        turned = self._turn(array)
        for place, axis in enumerate("zyx"):
            if axis not in self.names:
                turned = np.expand_dims(turned, place + ("c" in self.names))
        return turned

    def store(self, array: Voxels) -> np.ndarray:
        """A box as (c) z y x, as it is stored."""
        squeezed = array[tuple(slice(None) if axis in self.names else 0 for axis in "czyx"[-array.ndim :])]
        return self._turn(squeezed).transpose(np.argsort(self.permutation))

    def _turn(self, array: np.ndarray) -> np.ndarray:
        """Axes that are there, in the order c z y x, with those turned about that run backwards."""
        return array[
            tuple(slice(None, None, -1 if axis in self.flipped else 1) for axis in "czyx" if axis in self.names)
        ]


def plan_axes(
    names: str | None, shape: Sequence[int], spec: str, options: Options, *, keep_one_channel: bool = True
) -> AxisPlan:
    """The plan for an array whose axes are called `names`, or y x, z y x, c z y x when nobody says.

    Args:
        names: letters of t c z y x, in stored order; other axes may have one voxel only.
        shape: extents of the stored axes.
        spec: what errors call the volume.
        options: which axes, time and channel the user wants.
        keep_one_channel: whether a channel axis of one stays.
    """
    told = options.axes or names or _BY_COUNT.get(len(shape))
    if told is None or len(told) != len(shape):
        raise ShapeError(_refuse_count(tuple(shape), spec, options.axes))
    _check_choices(told, spec, options)
    kept, fixed = "", []
    for axis, extent in zip(told, shape, strict=True):
        index = _fix_axis(axis, extent, spec, options, keep_one_channel=keep_one_channel)
        kept += axis if index is None else "-"
        fixed.append(index or 0)
    if not {"y", "x"} <= set(kept) or len(set(kept) - {"-"}) != len(kept.replace("-", "")):
        raise ShapeError(f"{spec}: axes {told} of shape {tuple(shape)} are no volume; say which they are, as ?axes=zyx")
    return AxisPlan(kept, tuple(map(int, shape)), tuple(fixed))


def _check_choices(names: str, spec: str, options: Options) -> None:
    """Refuse a choice among what is not there."""
    for axis, choice, what in (("t", options.time, "time"), ("c", options.channel, "channel")):
        if choice is not None and axis not in names:
            raise ShapeError(f"{spec}: its axes are {names.replace('-', '')}; leave out ?{what}={choice}")


def _fix_axis(axis: str, extent: int, spec: str, options: Options, *, keep_one_channel: bool) -> int | None:
    """The index taken of an axis that is left out; None for one that stays."""
    if axis in "zyx":
        return None
    if axis == "c" and options.channel is None and (extent > 1 or keep_one_channel):
        return None
    wanted = {"t": options.time, "c": options.channel}.get(axis)
    if wanted is None and extent == 1:
        return 0
    named = {"t": ("time", "time points"), "c": ("channel", "channels")}.get(axis)
    if named is None:
        raise ShapeError(f"{spec}: a volume has the axes z y x and channels; its axis {axis!r} has {extent} voxels")
    if wanted is None or wanted >= extent:
        raise ShapeError(f"{spec} has {extent} {named[1]}; choose one from 0 to {extent - 1}, as ?{named[0]}=0")
    return wanted


def _refuse_count(shape: tuple[int, ...], spec: str, axes: str | None) -> str:
    if axes is not None:
        return f"{spec}: ?axes={axes} names {len(axes)} axes; the array of shape {shape} has {len(shape)}"
    return (
        f"{spec}: an array of shape {shape} is no volume: 2 to 4 axes are (y x, z y x or c z y x); "
        "say other orders as ?axes=tczyx"
    )
