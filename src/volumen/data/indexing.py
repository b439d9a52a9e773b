"""The index of a case's labels, counted block by block: never the whole in memory."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Int32, Int64

from volumen.data.cases import Case
from volumen.data.index import Counts, Grid, PatchIndex
from volumen.data.labels import find_extent, read_seen
from volumen.data.patches import PatchReader
from volumen.data.values import check_range
from volumen.geometry import Box, Shape, plan_boxes, to_shape
from volumen.metrics import add_rows, build_table

# Voxels along an edge of a cell where the case is not too large for it: a patch is some cells wide, and to find a
# voxel of a label one cell is read.
EDGE = 32
# The widest that cells become before labels are thinned: one of 64-bit labels has 128 MB, read in parts.
WIDEST_EDGE = 256
# Cells of a case: 2 MB for each of two grids; 2048³ voxels at the finest.
MOST_CELLS = 2**18
# Rows of label, cell and voxels of a case: 12 MB. A million voxels of densely packed neurons have some 300.
MOST_ROWS = 2**19
# Voxels counted at once: 110 MB while they are, in labels where every voxel differs; some 10 MB in others.
BLOCK_VOXELS = 2**20

_MIX = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio: spreads ids that follow each other
_HALF = np.uint64(32)

Progress = Callable[[int, int], None]


def build_index(
    case: Case, label: str, *, reader: PatchReader, ignore: int | None, progress: Progress | None = None
) -> PatchIndex:
    """Where one label of a case lies.

    Memory: a block of a million voxels, and the index, which is at most 30 MB. Where labels are too many for it, cells
    become wider; where that is not enough, only a fair part of the labels is listed.

    Args:
        case: what is looked at.
        label: the label's name.
        reader: reads it.
        ignore: the files' value for "nobody looked".
        progress: told blocks done and in all.
    """
    values = case.find_values(label)
    tally = CellTally(find_extent(case, label, reader))
    boxes = plan_blocks(case, label, reader)
    for done, box in enumerate(boxes, 1):
        seen = read_seen(case, label, box, reader=reader, ignore=ignore)
        check_range(seen.labels, seen.known)
        table = build_table(tally.number_cells(box), seen.labels, ignore=~seen.known)
        tally.add(table.predicted.astype(np.int64), table.true.astype(np.int64), table.voxels)
        if progress is not None:
            progress(done, len(boxes))
    return tally.close(merged=values.components is not None)


def plan_blocks(case: Case, label: str, reader: PatchReader) -> list[Box]:
    """The boxes in which one label of a case is counted, one after the other."""
    chunks = reader.find_chunks(case.locate_labels(label))
    return plan_boxes(find_extent(case, label, reader), [chunks], most=BLOCK_VOXELS)


class CellTally:
    """Voxels of each label in each cell, while they are counted; bounded by widening cells and thinning labels."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._edge = choose_edge(shape)
        self._known = np.zeros(self._count_cells(), np.int64)
        self._foreground = self._known.copy()
        self._rows = [np.zeros((3, 0), np.int64)]  # value, cell, voxels
        self._held = 0
        self._thinned = 1

    def number_cells(self, box: Box) -> Int32[np.ndarray, "z y x"]:
        """The number of the cell that each voxel of a box lies in."""
        cells = self._known.shape
        z, y, x = (
            np.arange(start, stop, dtype=np.int32) // np.int32(edge)
            for start, stop, edge in zip(box.start, box.stop, self._edge, strict=True)
        )
        rows = z[:, None] * np.int32(cells[1]) + y
        return rows[:, :, None] * np.int32(cells[2]) + x

    def add(self, cells: Counts, values: Counts, voxels: Counts) -> None:
        """Count voxels of labels in cells; 0 is background."""
        np.add.at(self._known.reshape(-1), cells, voxels)
        above = values > 0
        np.add.at(self._foreground.reshape(-1), cells[above], voxels[above])
        self._rows.append(self._thin(np.stack([values[above], cells[above], voxels[above]])))
        self._held += self._rows[-1].shape[1]
        if self._held > 2 * MOST_ROWS:
            self._shrink()

    def close(self, *, merged: bool) -> PatchIndex:
        """The index of what was counted."""
        self._shrink()
        (values, cells, voxels), *_ = self._rows
        grids = self._known, self._foreground
        return PatchIndex(self._shape, self._edge, *grids, values, cells, voxels, thinned=self._thinned, merged=merged)

    def _shrink(self) -> None:
        """Adds up rows of one label and cell; widens cells, then thins labels, until few enough are left."""
        self._join(np.concatenate(self._rows, axis=1))
        while self._held > MOST_ROWS and any(
            edge < min(extent, WIDEST_EDGE) for edge, extent in zip(self._edge, self._shape, strict=True)
        ):
            self._widen()
        while self._held > MOST_ROWS:
            self._thinned *= 2
            self._join(self._thin(self._rows[0]))

    def _join(self, rows: Int64[np.ndarray, "3 rows"]) -> None:
        values, cells, voxels = rows
        table = add_rows(values, cells, voxels)
        self._rows = [np.stack([table.predicted, table.true, table.voxels])]
        self._held = self._rows[0].shape[1]

    def _widen(self) -> None:
        """Makes one cell of two along each axis."""
        values, cells, voxels = self._rows[0]
        z, y, x = np.unravel_index(cells, self._known.shape)
        self._known, self._foreground = _halve(self._known), _halve(self._foreground)
        self._edge = to_shape([2 * edge for edge in self._edge])
        cells = np.ravel_multi_index((z // 2, y // 2, x // 2), self._known.shape)
        self._join(np.stack([values, cells, voxels]))

    def _thin(self, rows: Int64[np.ndarray, "3 rows"]) -> Int64[np.ndarray, "3 kept"]:
        """Rows of the labels that are listed, chosen by their ids alone."""
        if self._thinned == 1:
            return rows
        mixed = (rows[0].astype(np.uint64) * _MIX) >> _HALF
        return rows[:, mixed % np.uint64(self._thinned) == 0]

    def _count_cells(self) -> Shape:
        return to_shape([-(-extent // edge) for extent, edge in zip(self._shape, self._edge, strict=True)])


def choose_edge(shape: Shape) -> Shape:
    """Voxels of a cell: 32 along each axis, or as many times twice that as it takes to have few cells."""
    edge = EDGE
    while np.prod([-(-extent // edge) for extent in shape], dtype=object) > MOST_CELLS:
        edge *= 2
    return edge, edge, edge


def _halve(grid: Grid) -> Int64[np.ndarray, "hz hy hx"]:
    """Sums of two cells along each axis; the last is alone where their number is odd."""
    for axis, cells in enumerate(grid.shape):
        grid = np.add.reduceat(grid, np.arange(0, cells, 2), axis=axis)
    return grid
