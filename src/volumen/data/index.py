"""Where a case's labels lie, counted in the cells of a coarse grid: what samplings choose places by."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Int64

from volumen.geometry import Box, Shape

Counts = Int64[np.ndarray, " rows"]
Grid = Int64[np.ndarray, "cz cy cx"]
Places = Int64[np.ndarray, "..."]


@dataclass(frozen=True, eq=False)
class PatchIndex:
    """Voxels of each label in each cell of a grid.

    Args:
        shape: voxels of the case.
        edge: voxels of a cell; those at the far faces may be cut short.
        known: voxels of each cell that somebody looked at.
        foreground: those of them that are above 0.
        values: labels above 0 in rising order, each once for every cell that it lies in.
        cells: the number of that cell, x fastest.
        voxels: how many of its voxels have the label.
        thinned: one in so many labels is listed; 1 for all.
        merged: whether instances are all 1, because only a patch tells them apart.
    """

    shape: Shape
    edge: Shape
    known: Grid
    foreground: Grid
    values: Counts
    cells: Counts
    voxels: Counts
    thinned: int = 1
    merged: bool = False

    @cached_property
    def labels(self) -> Int64[np.ndarray, " labels"]:
        """Every label that is listed, once."""
        return np.unique(self.values)

    def find_cells(self, label: int | None) -> tuple[Counts, Counts]:
        """Numbers of the cells that hold a label, and how many of its voxels; None stands for all foreground."""
        if label is None or label == 0:
            counts = (self.foreground if label is None else self.known - self.foreground).ravel()
            cells = np.flatnonzero(counts)
            return cells, counts[cells]
        low, high = np.searchsorted(self.values, [label, label + 1])
        return self.cells[low:high], self.voxels[low:high]

    def holds(self, label: int) -> bool:
        """Whether a label is listed in any cell."""
        return len(self.find_cells(label)[0]) > 0

    def cut_cell(self, number: int) -> Box:
        """The voxels of a cell."""
        place = np.unravel_index(number, self.known.shape)
        start = [int(step) * edge for step, edge in zip(place, self.edge, strict=True)]
        return Box.at(start, self.edge).clip(Box.whole(self.shape))

    def bound_known(self, box: Box) -> tuple[int, int]:
        """The fewest and the most voxels of a box that somebody may have looked at."""
        axes = list(zip(box.start, box.stop, self.edge, self.shape, self.known.shape, strict=True))
        inside = [
            (-(-start // edge), cells if stop >= extent else stop // edge) for start, stop, edge, extent, cells in axes
        ]
        touched = [(start // edge, min(-(-stop // edge), cells)) for start, stop, edge, _, cells in axes]
        return self._sum_box(inside), min(self._sum_box(touched), box.clip(Box.whole(self.shape)).size)

    def count_starts(self, patch: Shape, needed: float) -> Grid:
        """Places where a patch may start in each cell; 0 where no such patch can hold so many voxels anybody looked at.

        Args:
            patch: voxels of the patch.
            needed: voxels that somebody looked at.
        """
        starts, ends = [], []
        for edge, extent, cells, length in zip(self.edge, self.shape, self.known.shape, patch, strict=True):
            first = np.arange(cells) * edge
            stop = np.minimum(first + edge, max(extent - length, 0) + 1)
            starts.append(np.maximum(stop - first, 0))
            ends.append(np.minimum(-(-(stop - 1 + length) // edge), cells))
        counts: Grid = starts[0][:, None, None] * starts[1][:, None] * starts[2]
        first_cells = np.ix_(*map(np.arange, self.known.shape))
        most = self._sum_known(first_cells, np.ix_(*ends))
        counts[most < needed] = 0
        return counts

    def measure_patch(self, patch: Shape) -> int:
        """Voxels of a patch that lie in the case, wherever it is cut."""
        return math.prod(map(min, patch, self.shape))

    @cached_property
    def _sums(self) -> Int64[np.ndarray, "sz sy sx"]:
        """Known voxels of all cells before each one along every axis."""
        sums = np.zeros([cells + 1 for cells in self.known.shape], np.int64)
        sums[1:, 1:, 1:] = self.known.cumsum(0).cumsum(1).cumsum(2)
        return sums

    def _sum_box(self, spans: Sequence[tuple[int, int]]) -> int:
        """Known voxels of a box of cells; 0 for one that is turned inside out."""
        low, high = np.array(spans).T[:, :, None]
        return int(self._sum_known([*low], [*np.maximum(low, high)])[0])

    def _sum_known(self, low: Sequence[Places], high: Sequence[Places]) -> Int64[np.ndarray, "..."]:
        """Known voxels of the cells from `low` to `high`, given along each axis."""
        (z0, y0, x0), (z1, y1, x1) = low, high
        sums = self._sums
        upper = sums[z1, y1, x1] - sums[z0, y1, x1] - sums[z1, y0, x1] + sums[z0, y0, x1]
        lower = sums[z1, y1, x0] - sums[z0, y1, x0] - sums[z1, y0, x0] + sums[z0, y0, x0]
        found: Int64[np.ndarray, ...] = upper - lower
        return found
