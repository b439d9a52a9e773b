"""Volumes cut along an axis: some slabs to learn from, one to judge by, a gap between them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from volumen.data.cases import Case
from volumen.data.folds import Fold
from volumen.data.splits import Division, Split
from volumen.errors import ConfigError
from volumen.geometry import Box, to_shape
from volumen.volumes import open_volume

Axis = Literal["z", "y", "x"]
Interval = tuple[int, int]  # first voxel, and the one after the last


@dataclass(frozen=True)
class SlabSplit(Split):
    """Every volume cut in slabs along an axis, of which each is held out once.

    Args:
        folds: how many slabs; fold N holds out slab N.
        axis: across which the slabs lie.
        gap: voxels of the file between what is learned from and what judges, on either side.
        validation: the one slab to hold out instead, from its first voxel to the one after its last.
    """

    folds: int
    axis: Axis = "z"
    gap: int = 0
    validation: Sequence[int] | None = None

    def __post_init__(self) -> None:
        if self.gap < 0:
            raise ConfigError(f"data.split.gap is a number of voxels from 0; got {self.gap}")
        if self.validation is not None and len(self.validation) != 2:  # noqa: PLR2004 - two ends
            raise ConfigError(f"data.split.validation is a first voxel and an end; got {list(self.validation)}")

    def divide(self, cases: Sequence[Case]) -> Division:
        """The slabs as cases of their own, called after their places, and the folds of them."""
        pieces: dict[str, Case] = {}
        parts: dict[int, tuple[list[str], list[str]]] = {}
        for case in cases:
            whole = find_crop(case)
            for number, held in enumerate(self._list_held(case, whole)):
                slabs = [cut_slab(case, whole, slab, self.axis) for slab in (*self._list_learned(whole, held), held)]
                pieces |= {slab.name: slab for slab in slabs}
                learned, judging = parts.setdefault(number, ([], []))
                learned += [slab.name for slab in slabs[:-1]]
                judging.append(slabs[-1].name)
        folds = [Fold(number, tuple(learned), tuple(judging)) for number, (learned, judging) in parts.items()]
        empty = [fold.number for fold in folds if not fold.training]
        if empty:
            raise ConfigError(
                f"data.split leaves nothing to learn from in fold {empty[0]}; lower its gap of {self.gap}"
            )
        return Division(tuple(pieces.values()), tuple(folds))

    def _list_held(self, case: Case, whole: Box) -> list[Interval]:
        """First voxel and end of each slab that is held out, as the file counts."""
        place = "zyx".index(self.axis)
        start, extent = whole.start[place], whole.shape[place]
        if self.validation is not None:
            low, high = self.validation
            if not 0 <= low < high <= extent:
                raise ConfigError(
                    f"data.split.validation {list(self.validation)} lies outside case {case.name}, "
                    f"which has {extent} voxels along {self.axis}"
                )
            return [(start + low, start + high)]
        if extent < self.folds:
            raise ConfigError(
                f"case {case.name} has {extent} voxels along {self.axis}, too few for {self.folds} slabs; "
                f"lower data.folds, or choose another data.split.axis"
            )
        edges = [start + extent * number // self.folds for number in range(self.folds + 1)]
        return list(pairwise(edges))

    def _list_learned(self, whole: Box, held: Interval) -> Iterator[Interval]:
        """What is left before and after a slab that is held out."""
        place = "zyx".index(self.axis)
        for low, high in ((whole.start[place], held[0] - self.gap), (held[1] + self.gap, whole.stop[place])):
            if low < high:
                yield low, high


def cut_slab(case: Case, whole: Box, slab: Interval, axis: Axis) -> Case:
    """A slab of a case as a case of its own; its intensities are measured over all of the case."""
    place = "zyx".index(axis)
    start, stop = list(whole.start), list(whole.stop)
    start[place], stop[place] = slab
    frame = replace(case.frame, crop=Box(to_shape(start), to_shape(stop)), measured=case.frame.measured or whole)
    return replace(case, name=f"{case.name}@{axis}{slab[0]}:{slab[1]}", frame=frame)


def find_crop(case: Case) -> Box:
    """The box of its image that a case is made of."""
    return case.frame.crop or Box.whole(open_volume(case.image).shape)
