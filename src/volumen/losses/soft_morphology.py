"""Erosion, dilation and skeletons of probabilities, with gradients; the world ends where nobody looked.

The extreme of neighbours passes its gradient on to the neighbours that have it, in equal shares. Gradients are found
by comparing once more, so that nothing is kept but what goes in and comes out: pooling layers keep an index of eight
bytes for every voxel and take ten times as long on a processor.
"""

from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd import Function

Maps = Float[Tensor, "b c z y x"]
Seen = Float[Tensor, "b 1 z y x"]
Neighbours = Literal["cross", "box"]
SPACE = (2, 3, 4)


def skeletonise(values: Maps, seen: Seen | None, *, iterations: int, neighbours: Neighbours = "cross") -> Maps:
    """The soft skeleton: whatever openings of ever more eroded values take away (Shit et al. 2021, clDice).

        x_{i+1} = erode(x_i),  δ_i = max(0, x_i − open(x_i)),  S_0 = δ_0,  S_{i+1} = S_i + max(0, δ_{i+1} − S_i δ_{i+1})

    Of a sheet it is the medial surface, as far as `iterations` erosions reach. Nobody looked where `seen` is 0; None
    stands for 1 everywhere. Holds five maps an iteration for the gradient.
    """
    skeleton = torch.zeros_like(values)
    for step in range(iterations + 1):
        eroded = erode(values, seen, neighbours)
        ridge = torch.relu(values - dilate(eroded, seen))
        skeleton = skeleton + torch.relu(ridge - skeleton * ridge) if step else ridge
        values = eroded
    return skeleton


def erode(values: Maps, seen: Seen | None, neighbours: Neighbours = "cross") -> Maps:
    """The least value of each voxel and its 6 neighbours, or 26 in a box; those that nobody looked at do not count."""
    filled = values if seen is None else values * seen + (1 - seen)
    return _apply(_Erosion, filled) if neighbours == "cross" else -_apply(_Dilation, -filled)


def dilate(values: Maps, seen: Seen | None) -> Maps:
    """The largest value of each voxel and its 26 neighbours; those that nobody looked at do not count."""
    return _apply(_Dilation, values if seen is None else values * seen)


def _apply(function: type[Function], values: Tensor) -> Tensor:
    result: Tensor = function.apply(values)  # type: ignore[no-untyped-call]
    return result


class _Erosion(Function):
    """The minimum over a voxel and its neighbours at faces."""

    @staticmethod
    def forward(context: Any, values: Tensor) -> Tensor:
        """The minimum."""
        least = values.clone()
        for axis in SPACE:
            for here, there in _pair_neighbours(axis, values.shape[axis]):
                torch.minimum(least[here], values[there], out=least[here])
        context.save_for_backward(values, least)
        return least

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> Tensor:
        """The gradient in equal shares to every voxel that was least."""
        values, least = context.saved_tensors
        count = _mark_equal(values, least)
        pairs = [pair for axis in SPACE for pair in _pair_neighbours(axis, values.shape[axis])]
        for here, there in pairs:
            count[here] += _mark_equal(values[there], least[here])
        share = gradients[0] / count
        result = share * _mark_equal(values, least)
        for here, there in pairs:
            result[there] += share[here] * _mark_equal(values[there], least[here])
        return result


class _Dilation(Function):
    """The maximum over a voxel and its 26 neighbours, one axis after the other."""

    @staticmethod
    def forward(context: Any, values: Tensor) -> Tensor:
        """The maximum."""
        context.save_for_backward(values)
        for axis in SPACE:
            values = _dilate_line(values, axis)
        return values

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> Tensor:
        """The gradient in equal shares to every voxel that was largest, axis by axis."""
        (values,) = context.saved_tensors
        stages = [values]
        for axis in SPACE:
            stages.append(_dilate_line(stages[-1], axis))
        gradient = gradients[0]
        for axis in reversed(SPACE):
            largest = stages.pop()
            gradient = _share_line(gradient, stages[-1], largest, axis)
        return gradient


def _dilate_line(values: Tensor, axis: int) -> Tensor:
    """The maximum over a voxel and the two beside it along an axis."""
    largest = values.clone()
    for here, there in _pair_neighbours(axis, values.shape[axis]):
        torch.maximum(largest[here], values[there], out=largest[here])
    return largest


def _share_line(gradient: Tensor, values: Tensor, largest: Tensor, axis: int) -> Tensor:
    """The gradient of `_dilate_line`."""
    pairs = _pair_neighbours(axis, values.shape[axis])
    own = _mark_equal(values, largest)
    marks = [_mark_equal(values[there], largest[here]) for here, there in pairs]
    count = own.clone()
    for (here, _), mark in zip(pairs, marks, strict=True):
        count[here] += mark
    share = gradient / count
    result = own.mul_(share)
    for (here, there), mark in zip(pairs, marks, strict=True):
        result[there] += mark.mul_(share[here])
    return result


def _mark_equal(one: Tensor, other: Tensor) -> Tensor:
    """1 where both are equal, else 0, as numbers: products with truth values are slow."""
    return torch.eq(one, other, out=torch.empty_like(one, memory_format=torch.contiguous_format))


def _pair_neighbours(axis: int, extent: int) -> list[tuple[tuple[slice, ...], tuple[slice, ...]]]:
    """Voxels that have a neighbour along an axis, and that neighbour: one step back, and one step on."""
    front = (slice(None),) * axis
    low, high = (*front, slice(None, extent - 1)), (*front, slice(1, None))
    return [(high, low), (low, high)] if extent > 1 else []
