"""Places chosen by what lies there: foreground, classes, instances, or enough labels of any kind."""

import abc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Int64

from volumen.data.index import PatchIndex
from volumen.data.sampling import Drawn, Sampling, draw_box
from volumen.data.views import CaseView
from volumen.errors import ConfigError
from volumen.geometry import Box, Shape, to_shape

# A case with more labels than this has instances, not classes; all of them are then one foreground.
MOST_CLASSES = 64


class IndexedSampling(Sampling):
    """A way to choose patches by an index of where labels lie; anywhere in cases that lack what it looks for."""

    @property
    @abc.abstractmethod
    def named(self) -> tuple[int, ...]:
        """Labels that the recipe names."""

    @abc.abstractmethod
    def find_lack(self, index: PatchIndex, patch: Shape) -> str | None:
        """What a case lacks, as in "no foreground"; None for one that patches can be chosen in."""

    @final
    def draw(self, view: CaseView, rng: np.random.Generator) -> Drawn:
        """A box as the strategy promises, or anywhere."""
        chosen = None if view.index is None else self._choose(view, view.index, rng)
        return chosen or Drawn(draw_box(view.shape, view.patch, rng))

    @abc.abstractmethod
    def _choose(self, view: CaseView, index: PatchIndex, rng: np.random.Generator) -> Drawn | None:
        """A box; None when this patch lies anywhere."""


@dataclass(frozen=True)
class ForegroundSampling(IndexedSampling):
    """A share of the patches holds foreground, of a class drawn evenly among those of the case; the rest lies anywhere.

    Args:
        share: of the patches.
        classes: the labels that are drawn among; all above 0 when None, and where those are more than 64 they are
            instances, any voxel of which may be drawn.
        centred: whether a voxel of the class is in the middle of the patch, as far as the case's faces let it, and not
            anywhere in it.
    """

    share: float = 0.33
    classes: tuple[int, ...] | None = None
    centred: bool = False

    def __post_init__(self) -> None:
        check_share(self.share, "foreground")
        if self.classes is not None:
            check_classes(self.classes, "foreground")

    @property
    def named(self) -> tuple[int, ...]:
        """Labels that the recipe names."""
        return self.classes or ()

    def find_lack(self, index: PatchIndex, patch: Shape) -> str | None:  # noqa: ARG002 - any patch may hold a voxel
        """Whether there is no voxel to draw."""
        if self.classes is None:
            return None if index.foreground.any() else "no foreground"
        return None if any(map(index.holds, self.classes)) else f"none of the classes {list(self.classes)}"

    def _choose(self, view: CaseView, index: PatchIndex, rng: np.random.Generator) -> Drawn | None:
        if rng.random() >= self.share or self.find_lack(index, view.patch):
            return None
        return draw_around(view, index, self._draw_class(index, rng), rng, centred=self.centred)

    def _draw_class(self, index: PatchIndex, rng: np.random.Generator) -> int | None:
        """One of the classes; None for any foreground."""
        if self.classes is not None:
            return int(rng.choice([label for label in self.classes if index.holds(label)]))
        if len(index.labels) > MOST_CLASSES or index.thinned > 1:
            return None
        return int(rng.choice(index.labels))


@dataclass(frozen=True)
class InstanceSampling(IndexedSampling):
    """Patches that hold a voxel of an instance drawn evenly, so that small ones come as often as large ones.

    Args:
        share: of the patches that are so chosen; the rest lies anywhere.
        centred: whether the voxel is in the middle of the patch, as far as the case's faces let it.
    """

    share: float = 1.0
    centred: bool = False

    def __post_init__(self) -> None:
        check_share(self.share, "instance")

    @property
    def named(self) -> tuple[int, ...]:
        """Labels that the recipe names."""
        return ()

    def find_lack(self, index: PatchIndex, patch: Shape) -> str | None:  # noqa: ARG002 - any patch may hold a voxel
        """Whether there is no instance, or none has a number in the whole case."""
        if index.merged:
            return "no numbered instances (its file only draws them apart: sample foreground)"
        return None if len(index.labels) else "no instance"

    def _choose(self, view: CaseView, index: PatchIndex, rng: np.random.Generator) -> Drawn | None:
        if rng.random() >= self.share or self.find_lack(index, view.patch):
            return None
        return draw_around(view, index, int(rng.choice(index.labels)), rng, centred=self.centred)


@dataclass(frozen=True)
class ClassSampling(IndexedSampling):
    """Patches that hold a voxel of a class drawn evenly or by weight, among the classes of the case.

    Args:
        weights: how often each class is drawn, 0 for background too; every class above 0 alike when None.
        share: of the patches that are so chosen; the rest lies anywhere.
        centred: whether the voxel is in the middle of the patch, as far as the case's faces let it.
    """

    weights: Mapping[int | str, float] | None = None  # a run's recipe is kept as JSON would, whose keys are words
    share: float = 1.0
    centred: bool = False

    def __post_init__(self) -> None:
        check_share(self.share, "class")
        if self.weights is not None:
            try:
                weights = self._read_weights()
            except ValueError:
                raise ConfigError(f"weights are given for labels, as in {{1: 1, 2: 4}}; got {self.weights}") from None
            check_classes([label for label, weight in weights.items() if weight > 0], "class", least=0)
            if any(weight < 0 for weight in weights.values()):
                raise ConfigError(f"weights of classes are 0 or more; got {weights}")

    @property
    def named(self) -> tuple[int, ...]:
        """Labels that the recipe names."""
        return tuple(self._read_weights())

    def find_lack(self, index: PatchIndex, patch: Shape) -> str | None:  # noqa: ARG002 - any patch may hold a voxel
        """Whether the case has none of the classes."""
        if self._list_classes(index):
            return None
        return "no class" if self.weights is None else f"none of the classes {list(self.named)}"

    def _choose(self, view: CaseView, index: PatchIndex, rng: np.random.Generator) -> Drawn | None:
        if rng.random() >= self.share or self.find_lack(index, view.patch):
            return None
        weights = self._list_classes(index)
        shares = np.array(list(weights.values()))
        label = int(rng.choice(list(weights), p=shares / shares.sum()))
        return draw_around(view, index, label, rng, centred=self.centred)

    def _list_classes(self, index: PatchIndex) -> dict[int, float]:
        """Weights of the classes that a case has."""
        if self.weights is None:
            return dict.fromkeys(index.labels.tolist(), 1.0)
        return {label: weight for label, weight in self._read_weights().items() if weight > 0 and index.holds(label)}

    def _read_weights(self) -> dict[int, float]:
        """Weights by label; none where none are given."""
        return {int(label): weight for label, weight in (self.weights or {}).items()}


@dataclass(frozen=True)
class LabelledSampling(IndexedSampling):
    """Only patches in which somebody looked at enough voxels, each such place equally likely.

    Args:
        min_labelled_ratio: voxels that somebody looked at over those of the patch that lie in the case.
        tries: places looked at before the nearest is taken.
    """

    min_labelled_ratio: float = 0.1
    tries: int = 50

    def __post_init__(self) -> None:
        if not 0 < self.min_labelled_ratio <= 1:
            raise ConfigError(f"min_labelled_ratio is above 0 and at most 1; got {self.min_labelled_ratio}")
        if self.tries < 1:
            raise ConfigError(f"labelled sampling needs at least one try; got {self.tries}")

    @property
    def named(self) -> tuple[int, ...]:
        """Labels that the recipe names."""
        return ()

    def find_lack(self, index: PatchIndex, patch: Shape) -> str | None:
        """Whether no patch can hold enough."""
        if self._count_starts(index, patch).any():
            return None
        return f"no patch of which {self.min_labelled_ratio:.0%} is labelled"

    def _choose(self, view: CaseView, index: PatchIndex, rng: np.random.Generator) -> Drawn | None:
        needed = self._count_needed(index, view.patch)
        ends = np.cumsum(self._count_starts(index, view.patch))
        if not ends[-1]:
            return None
        best, most = Box.at((0, 0, 0), view.patch), -1
        for _ in range(self.tries):
            cell = index.cut_cell(int(np.searchsorted(ends, rng.integers(ends[-1]), side="right")))
            box = _draw_start(cell, view, rng)
            low, high = index.bound_known(box)
            known = low if low >= needed else high if high < needed else view.count_known(box)
            if known >= needed:
                return Drawn(box)
            if known > most:
                best, most = box, known
        return Drawn(best, self._say_unreached(view.count_known(best) / index.measure_patch(view.patch)))

    def _count_needed(self, index: PatchIndex, patch: Shape) -> float:
        return self.min_labelled_ratio * index.measure_patch(patch)

    def _count_starts(self, index: PatchIndex, patch: Shape) -> Int64[np.ndarray, "cz cy cx"]:
        return index.count_starts(patch, self._count_needed(index, patch))

    def _say_unreached(self, share: float) -> str:
        return (
            f"no patch of {self.tries} tries was labelled to {self.min_labelled_ratio:.0%}; the nearest ({share:.1%}) "
            "was taken, and so it goes on: lower data.sampling.min_labelled_ratio, or allow more tries"
        )


def draw_around(
    view: CaseView, index: PatchIndex, label: int | None, rng: np.random.Generator, *, centred: bool
) -> Drawn:
    """A patch that holds a voxel of a label, or of any foreground for None; every such voxel is equally likely."""
    cells, voxels = index.find_cells(label)
    ends = np.cumsum(voxels)
    rank = int(rng.integers(ends[-1]))
    row = int(np.searchsorted(ends, rank, side="right"))
    voxel = view.find_voxel(index.cut_cell(int(cells[row])), label, rank - int(ends[row] - voxels[row]))
    starts = []
    for place, extent, edge in zip(voxel, view.shape, view.patch, strict=True):
        last = max(extent - edge, 0)
        low, high = max(place - edge + 1, 0), min(place, last)
        starts.append(
            min(max(place - edge // 2, low), high) if centred else int(rng.integers(low, high, endpoint=True))
        )
    return Drawn(Box.at(starts, view.patch))


def check_share(share: float, kind: str) -> None:
    """Raises for a share that is none."""
    if not 0 <= share <= 1:
        raise ConfigError(f"{kind} sampling has a share from 0 to 1; got {share}")


def check_classes(classes: Sequence[int], kind: str, *, least: int = 1) -> None:
    """Raises unless there is a class, and none below the least."""
    if not classes or min(classes) < least:
        raise ConfigError(f"{kind} sampling needs one class or more, each at least {least}; got {list(classes)}")


def _draw_start(cell: Box, view: CaseView, rng: np.random.Generator) -> Box:
    """A patch that starts in a cell, and passes the case's end only where it is longer than the case."""
    lasts = [max(extent - edge, 0) for extent, edge in zip(view.shape, view.patch, strict=True)]
    axes = zip(cell.start, cell.stop, lasts, strict=True)
    return Box.at(to_shape([int(rng.integers(low, min(high, last + 1))) for low, high, last in axes]), view.patch)
