"""Coarser levels of a volume: how large they are, and their voxels made from the level below."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NoReturn

import numpy as np

from volumen.errors import ConfigError, OutputError
from volumen.geometry import Box, Shape, VoxelSize, to_shape
from volumen.volumes.store import StoreVolume, explain_store, open_store
from volumen.volumes.volume import Layout, Offset, Volume, Voxels

Method = Literal["mean", "mode"]

_OVERVIEW = 256  # voxels: a level this small is seen at a glance


@dataclass(frozen=True)
class Level:
    """One level of a pyramid.

    Args:
        layout: its voxels; the offset is that of the first voxel's middle, half a step further on in each level.
        factors: how many voxels of the level below one of its own covers, along z, y and x; 1 for the finest.
        steps: how many of the finest.
    """

    layout: Layout
    factors: Shape = (1, 1, 1)
    steps: Shape = (1, 1, 1)


def plan_levels(finest: Layout, count: int | None) -> list[Level]:
    """A pyramid of as many levels as asked for, or until the coarsest is an overview.

    An axis is halved while its voxels are less than twice as long as the shortest edge: 30 nm slices of 4 nm pixels
    keep their number until pixels are 16 nm wide. An axis of one voxel stays.
    """
    if count is not None and count < 1:
        raise ConfigError(f"a pyramid has at least one level; got {count}")
    levels = [Level(finest)]
    while len(levels) < count if count is not None else max(levels[-1].layout.shape) > _OVERVIEW:
        below = levels[-1].layout
        factors = _choose_factors(below)
        if factors == (1, 1, 1):
            raise ConfigError(f"a volume of shape {finest.shape} has {len(levels)} levels at most; got {count}")
        steps = to_shape([step * factor for step, factor in zip(levels[-1].steps, factors, strict=True)])
        levels.append(Level(_coarsen(below, factors), factors, steps))
    return levels


class CoarseVolume(Volume):
    """A volume of which every voxel stands for several of another; computed as it is read.

    Args:
        finer: an array that is whole.
        level: what is made of it.
        method: the mean of intensities, or the most frequent of labels (the smallest of several).
    """

    def __init__(self, finer: StoreVolume, level: Level, method: Method) -> None:
        super().__init__(finer.spec, level.layout)
        self._store = finer.store
        self._factors = level.factors
        self._method = method
        self._handle: Any = None

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_handle": None}

    def _read(self, box: Box) -> Voxels:
        with explain_store(self._store, self.spec):
            if self._handle is None:
                self._handle = self._open()
            return np.asarray(self._handle[(..., *box.slices)].read().result())

    def _open(self) -> Any:
        import tensorstore

        handle = open_store(self._store, cached=False)
        factors = [*[1] * (handle.ndim - len(self._factors)), *self._factors]
        return tensorstore.downsample(handle, factors, self._method)

    def _write(self, box: Box, array: Voxels) -> NoReturn:  # noqa: ARG002 - of the interface
        raise OutputError(f"{self.spec}: a coarser level is computed, and cannot be written")


def _choose_factors(below: Layout) -> Shape:
    edges = tuple(below.voxel_size) if below.voxel_size is not None else (1.0, 1.0, 1.0)
    shortest = min(edge for edge, extent in zip(edges, below.shape, strict=True) if extent > 1 or max(below.shape) == 1)
    return to_shape(
        [2 if extent > 1 and edge < 2 * shortest else 1 for edge, extent in zip(edges, below.shape, strict=True)]
    )


def _coarsen(below: Layout, factors: Shape) -> Layout:
    shape = to_shape([-(-extent // factor) for extent, factor in zip(below.shape, factors, strict=True)])
    return replace(
        below,
        shape=shape,
        voxel_size=_grow_voxels(below.voxel_size, factors),
        offset=_shift_middle(below, factors),
    )


def _grow_voxels(voxel_size: VoxelSize | None, factors: Sequence[int]) -> VoxelSize | None:
    if voxel_size is None:
        return None
    return VoxelSize(*(edge * factor for edge, factor in zip(voxel_size, factors, strict=True)))


def _shift_middle(below: Layout, factors: Sequence[int]) -> Offset | None:
    """The middle of a coarse voxel lies between those it covers."""
    if below.voxel_size is None:
        return None
    origin = below.offset or (0.0, 0.0, 0.0)
    z, y, x = (
        low + (factor - 1) / 2 * edge for low, factor, edge in zip(origin, factors, below.voxel_size, strict=True)
    )
    return z, y, x
