"""Compiled walk over the union of two masks: the complex of its runs, and where the runs of either mask lie in it.

Vertices, edges and faces of the complex are runs of voxels, pairs and squares (see `run_kernels`). Each edge carries
the place, in the order of voxels and then of axes, of the square below its first pair: the square whose arrival makes
the edge, and a loop that it closes, vanish when the union is filled up voxel by voxel in that order. In the first plane
there is nothing below; there runs go on along the rows, and in the first row along the row.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int32, Int64
from numba import njit

from volumen.morphology.run_kernels import EITHER, Codes, find_squares, join, list_changes, starts

ROWS, PLACES = 0, 1  # axes of pairs: of neighbouring rows, and of neighbours in a row
VERTICES, EDGES, FACES = 0, 1, 2
SQUARE_IN_PLANE, SQUARE_ALONG_ROW, KINDS = 0, 1, 3


Links = Int32[np.ndarray, "links 3"]  # two runs of a mask and an edge of the complex


class Trace(NamedTuple):
    """What a walk has found: the complex of the union and the edges of each mask, and where it is.

    Edge 0 of the complex stands for none. An edge of a mask joins two of its runs, and lies in an edge of the complex.
    `counts` has a row for the union and for each mask: vertices, edges, faces so far. `runs` holds the run that each
    column is in, of the union and of each mask; `along` the edge of the complex that begins at each column, by axis.
    """

    codes: Codes
    counts: Int64[np.ndarray, "3 3"]
    runs: Int32[np.ndarray, "3 columns"]
    along: Int32[np.ndarray, "2 columns"]
    ends: Int32[np.ndarray, "edges 2"]
    places: Int64[np.ndarray, " edges"]
    faces: Int32[np.ndarray, "faces 4"]
    links: tuple[Links, Links]


@njit(cache=True, nogil=True)
def trace_union(trace: Trace) -> None:
    """Fill in the complex and the edges of both masks."""
    voxels, row = trace.codes.voxels, trace.codes.row
    changed = np.empty(voxels.shape[1], np.int64)
    trace.counts[0, EDGES] = 1
    for plane in range(1, voxels.shape[0] - 1):
        count = list_changes(trace.codes, plane, EITHER, changed)
        for column in changed[:count]:
            trace_vertices(trace, plane, column)
        for column in changed[:count]:
            for axis, beside in ((ROWS, column - row), (PLACES, column - 1)):
                if voxels[plane, beside] == voxels[plane - 1, beside]:  # else it was or will be its turn
                    trace_pair(trace, plane, beside, axis)
            trace_pair(trace, plane, column, PLACES)
            trace_pair(trace, plane, column, ROWS)
        for column in changed[:count]:
            if plane > 1 and starts(trace.codes, plane, column, EITHER):
                trace_faces(trace, plane, column)


@njit(cache=True, nogil=True)
def trace_vertices(trace: Trace, plane: int, column: int) -> None:
    """Number the runs that begin at a voxel."""
    now, before = trace.codes.voxels[plane, column], trace.codes.voxels[plane - 1, column]
    if now and not before:
        continued = find_continued(trace.codes, plane, column)
        if continued >= 0:
            trace.runs[0, column] = trace.runs[0, continued]
        else:
            trace.runs[0, column] = trace.counts[0, VERTICES]
            trace.counts[0, VERTICES] += 1
    for side in range(2):
        if (now & ~before) >> side & 1:
            trace.runs[side + 1, column] = trace.counts[side + 1, VERTICES]
            trace.counts[side + 1, VERTICES] += 1


@njit(cache=True, nogil=True)
def find_continued(codes: Codes, plane: int, column: int) -> int:
    """The column whose run of the union goes on at a voxel of the first plane; -1 when a new one begins."""
    before = column - (codes.row if column >= 2 * codes.row else 1)
    return before if plane == 1 and codes.voxels[1, before] else -1


@njit(cache=True, nogil=True)
def trace_pair(trace: Trace, plane: int, column: int, axis: int) -> None:
    """Note the edges that begin between a column and the next along an axis."""
    voxels, other = trace.codes.voxels, column + (trace.codes.row if axis == ROWS else 1)
    both = voxels[plane, column] & voxels[plane, other]
    both_before = voxels[plane - 1, column] & voxels[plane - 1, other]
    if not voxels[plane, column] or not voxels[plane, other]:
        return
    if not voxels[plane - 1, column] or not voxels[plane - 1, other]:
        trace.along[axis, column] = begin_edge(trace, plane, column, axis)
    for side in range(2):
        if (both & ~both_before) >> side & 1:
            place = trace.counts[side + 1, EDGES]
            trace.counts[side + 1, EDGES] += 1
            trace.links[side][place, 0] = trace.runs[side + 1, column]
            trace.links[side][place, 1] = trace.runs[side + 1, other]
            trace.links[side][place, 2] = trace.along[axis, column]


@njit(cache=True, nogil=True)
def begin_edge(trace: Trace, plane: int, column: int, axis: int) -> int:
    """Number of the edge of the complex for a pair that no pair goes before along the planes."""
    voxels, row, columns = trace.codes.voxels, trace.codes.row, trace.codes.voxels.shape[1]
    other = column + (row if axis == ROWS else 1)
    place = ((plane - 1) * columns + column) * KINDS + SQUARE_ALONG_ROW + (axis == ROWS)
    if plane == 1:
        if axis == ROWS or column < 2 * row:
            return 0
        if voxels[1, column - row] and voxels[1, other - row]:
            return int(trace.along[axis, column - row])
        place = (columns + column - row) * KINDS + SQUARE_IN_PLANE
    edge = int(trace.counts[0, EDGES])
    trace.counts[0, EDGES] += 1
    trace.ends[edge, 0], trace.ends[edge, 1] = trace.runs[0, column], trace.runs[0, other]
    trace.places[edge] = place
    return edge


@njit(cache=True, nogil=True)
def trace_faces(trace: Trace, plane: int, column: int) -> None:
    """Note the faces that begin where a run does."""
    row, squares = trace.codes.row, find_squares(trace.codes, plane, column, EITHER)
    for place, corner in enumerate((column - row - 1, column - row, column - 1, column)):
        if squares >> place & 1:
            face = trace.faces[trace.counts[0, FACES]]
            face[0], face[1] = trace.along[ROWS, corner], trace.along[ROWS, corner + 1]
            face[2], face[3] = trace.along[PLACES, corner], trace.along[PLACES, corner + row]
            trace.counts[0, FACES] += 1


@njit(cache=True, nogil=True)
def rank_loops(ends: Int32[np.ndarray, "edges 2"], order: Int64[np.ndarray, " ordered"]) -> Int32[np.ndarray, " edges"]:
    """For each edge that closes a loop of edges before it, which loop that is in the order; -1 for the others."""
    parents, ranks = np.arange(ends.max() + 1).astype(np.int32), np.full(len(ends), -1, np.int32)
    count = 0
    for edge in order:
        if not join(parents, ends[edge, 0], ends[edge, 1]):
            ranks[edge] = count
            count += 1
    return ranks
