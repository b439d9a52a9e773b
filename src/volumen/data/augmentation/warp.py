"""What moves voxels freely: steps that say where each voxel comes from, and one pass that fetches them all."""

import abc
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, final

import numpy as np
import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from volumen.data.augmentation.resampling import Places, lay_grid, lie_outside, sample_linear, sample_nearest
from volumen.data.augmentation.transform import Kind, Transform, change_each
from volumen.data.values import IGNORE
from volumen.geometry import Shape, to_shape

Matrix = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]
# Voxels of a slab: a coordinate of so many takes 512 KiB.
SLAB = 1 << 17
UNTURNED: Matrix = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


class Step(abc.ABC):
    """One movement, drawn: frozen, and it compares with others."""

    @abc.abstractmethod
    def find_matrix(self) -> Matrix:
        """How directions before follow from those after; what bends space a little leaves them as they are."""

    @abc.abstractmethod
    def trace(self, places: Places) -> Places:
        """Where what lies at these places was before."""


@dataclass(frozen=True)
class Moves:
    """All that happens to one sample, first things first.

    Args:
        patch: voxels of the image; what comes from outside of it is unknown.
        steps: what moves; none leaves everything as it is.
    """

    patch: Shape
    steps: tuple[Step, ...] = ()

    def trace(self, places: Places) -> Places:
        """Where what lies at these places in the end was in the beginning."""
        for step in reversed(self.steps):
            places = step.trace(places)
        return places

    def measure_turn(self) -> Float[np.ndarray, "3 3"]:
        """How directions in the end follow from those in the beginning."""
        turn = np.eye(3)
        for step in self.steps:
            turn = turn @ np.array(step.find_matrix())
        return np.linalg.inv(turn)


class Warp(Transform[Moves]):
    """An augmentation that moves voxels off their grid.

    Images are fetched linearly and mirrored past the patch's faces; labels and masks take the nearest voxel, and what
    comes from outside the patch is ignored (−100) or weighs nothing. Vectors turn with what is turned or stretched.
    """

    @abc.abstractmethod
    def draw(self, rng: np.random.Generator, shape: Shape) -> Moves:
        """The steps for one sample."""

    @final
    def apply(
        self, tensor: Shaped[Tensor, "b *c z y x"], params: Sequence[Moves], kind: Kind
    ) -> Shaped[Tensor, "b *c z y x"]:
        """The moved batch."""
        return change_each(tensor, params, lambda sample, moves: _move(sample, moves, kind))


@final
@dataclass(frozen=True)
class WarpRow(Warp):
    """Several warps, one after the other, in one pass: what is fetched once is blurred once."""

    warps: tuple[Warp, ...]

    def draw(self, rng: np.random.Generator, shape: Shape) -> Moves:
        """The steps of all, in order."""
        return Moves(shape, tuple(step for warp in self.warps for step in warp.draw(rng, shape).steps))


def join_warps(transforms: Iterable[Transform[Any]]) -> list[Transform[Any]]:
    """The same transforms, those that stand side by side and move voxels as one."""
    joined: list[Transform[Any]] = []
    for _, row in groupby(transforms, key=lambda transform: isinstance(transform, Warp)):
        several = list(row)
        warps = tuple(transform for transform in several if isinstance(transform, Warp))
        joined += [WarpRow(warps)] if len(warps) > 1 else several
    return joined


def _move(sample: Shaped[Tensor, "1 *c z y x"], moves: Moves, kind: Kind) -> Shaped[Tensor, "1 *c z y x"]:
    if not moves.steps:
        return sample
    shape = to_shape(sample.shape[-3:])
    values = sample.reshape(-1, *shape)
    fetch = _fetch_between if kind in ("image", "vectors") else _fetch_nearest
    moved = torch.cat([fetch(values, places, moves, kind) for places in _list_slabs(shape, values.device)], 1)
    return moved.view(sample.shape)


def _list_slabs(shape: Shape, device: torch.device) -> Iterator[Places]:
    """The places of a few sections at a time, so that on a processor all that is made of them stays in its cache."""
    z, y, x = lay_grid(shape, device)
    sections = max(SLAB // (shape[1] * shape[2]), 1) if device.type == "cpu" else shape[0]
    return ((z[start : start + sections], y, x) for start in range(0, shape[0], sections))


def _fetch_between(
    values: Float[Tensor, "c z y x"], places: Places, moves: Moves, kind: Kind
) -> Float[Tensor, "c pz py px"]:
    fetched = sample_linear(values, moves.trace(places))
    if kind == "image":
        return fetched
    turn = torch.from_numpy(moves.measure_turn()).to(fetched)
    return torch.einsum("ij,jzyx->izyx", turn, fetched)


def _fetch_nearest(
    values: Shaped[Tensor, "c z y x"], places: Places, moves: Moves, kind: Kind
) -> Shaped[Tensor, "c pz py px"]:
    before = moves.trace(places)
    lost = lie_outside(before, to_shape(values.shape[1:]))
    if values.shape[1:] != moves.patch:  # round the patch only what the tensor itself lacks is unknown
        lost = lost | (lie_outside(before, moves.patch) & ~lie_outside(places, moves.patch))
    return sample_nearest(values, before).masked_fill_(lost, IGNORE if kind == "labels" else 0)
