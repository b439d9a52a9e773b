"""Compiled walk over the union of two masks: the complex of its runs, and where the runs of either mask lie in it.

Vertices, edges and faces of the complex are runs of voxels, pairs and squares (see `run_kernels`). Each edge carries
the place, in the order of voxels and then of axes, of the square below its first pair: the square whose arrival makes
the edge, and a loop that it closes, vanish when the union is filled up voxel by voxel in that order. All other squares
outside the union come together with a pair or a cube of theirs, which undoes at once what they do. In the first plane
there is nothing below; there runs go on along the rows, and in the first row along the row.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int32, Int64, UInt8
from numba import njit

from volumen.morphology.run_kernels import Columns, Walk, join, list_changes, number_runs

Plane = UInt8[np.ndarray, " columns"]

ROWS, PLACES = 0, 1  # axes of pairs: of neighbouring rows, and of neighbours in a row
EDGES, FACES = 0, 1
KINDS, IN_PLANE = 3, 0  # of squares below pairs, in their order; by axis those that stand upright on the plane
UPRIGHT = (2, 1)


class Trace(NamedTuple):
    """The complex of the union as far as a walk has come.

    Edge 0 stands for none. `ends` has the two vertices of each edge and `places` its place, `faces` the four edges of
    each face; `along` the latest edge between each column and the next, by axis; `next` the next edge and face.
    """

    union: Walk
    along: Int32[np.ndarray, "2 columns"]
    ends: Int32[np.ndarray, "edges 2"]
    places: Int64[np.ndarray, " edges"]
    faces: Int32[np.ndarray, "faces 4"]
    next: Int64[np.ndarray, "2"]


class Side(NamedTuple):
    """One mask as far as a walk has come: its runs, and its edges as two runs and the edge of the union they lie in."""

    walk: Walk
    links: Int32[np.ndarray, "links 3"]
    next: Int64[np.ndarray, "1"]


@njit(cache=True, nogil=True)
def trace_union(trace: Trace, one: Side, other: Side) -> None:
    """Fill in the complex and the links of both masks."""
    voxels = trace.union.codes.voxels
    changed, pairs = np.empty(voxels.shape[1], np.int64), np.empty(4 * voxels.shape[1], np.int64)
    for plane in range(1, voxels.shape[0] - 1):
        count = list_changes(trace.union, plane, changed)
        number_vertices(trace.union, plane, changed[:count])
        number_runs(one.walk, plane, plane - 1, changed[:count])
        number_runs(other.walk, plane, plane - 1, changed[:count])
        pair_count = list_pairs(trace.union, plane, changed[:count], pairs)
        begin_edges(trace, plane, pairs[:pair_count])
        link_runs(one, plane, trace.along, pairs[:pair_count])
        link_runs(other, plane, trace.along, pairs[:pair_count])
        if plane > 1:
            begin_faces(trace, plane, changed[:count])


@njit(cache=True, nogil=True)
def number_vertices(walk: Walk, plane: int, changed: Columns) -> None:
    """Number the runs that begin in a plane; in the first plane those that no run before goes on in."""
    if plane > 1:
        number_runs(walk, plane, plane - 1, changed)
        return
    now, row = walk.codes.voxels[1], walk.codes.row
    for column in changed:
        before = column - (row if column >= 2 * row else 1)
        if now[before]:
            walk.runs[column] = walk.runs[before]
        else:
            walk.runs[column] = walk.next[0]
            walk.next[0] += 1


@njit(cache=True, nogil=True)
def list_pairs(walk: Walk, plane: int, changed: Columns, pairs: Columns) -> int:
    """Gather the pairs of neighbours in a plane of which one has changed; how many there are comes back.

    A pair is twice its first column, plus the axis it lies along.
    """
    now, before, row, count = walk.codes.voxels[plane], walk.codes.voxels[plane - 1], walk.codes.row, 0
    for column in changed:
        for first, axis in ((column - row, ROWS), (column - 1, PLACES), (column, PLACES), (column, ROWS)):
            if first == column or now[first] == before[first]:  # else it is in the list already
                pairs[count] = 2 * first + axis
                count += 1
    return count


@njit(cache=True, nogil=True)
def begin_edges(trace: Trace, plane: int, pairs: Columns) -> None:
    """Note the edges of the union that begin in a plane."""
    if plane == 1:
        begin_first_edges(trace, pairs)
        return
    row, below = trace.union.codes.row, (plane - 1) * trace.union.codes.voxels.shape[1]
    now, before = trace.union.codes.voxels[plane], trace.union.codes.voxels[plane - 1]
    for pair in pairs:
        first, axis = pair >> 1, pair & 1
        second = first + (row if axis == ROWS else 1)
        if now[first] and now[second] and not (before[first] and before[second]):
            trace.along[axis, first] = add_edge(trace, first, second, (below + first) * KINDS + UPRIGHT[axis])


@njit(cache=True, nogil=True)
def begin_first_edges(trace: Trace, pairs: Columns) -> None:
    """Note the edges of the union in the first plane: pairs in a row that no pair of the row before goes on in."""
    row, now = trace.union.codes.row, trace.union.codes.voxels[1]
    for pair in pairs:
        first, above = pair >> 1, (pair >> 1) - row
        if pair & 1 == PLACES and above >= row and now[first] and now[first + 1]:
            if now[above] and now[above + 1]:
                trace.along[PLACES, first] = trace.along[PLACES, above]
            else:
                place = (trace.union.codes.voxels.shape[1] + above) * KINDS + IN_PLANE
                trace.along[PLACES, first] = add_edge(trace, first, first + 1, place)


@njit(cache=True, nogil=True)
def add_edge(trace: Trace, first: int, second: int, place: int) -> int:
    """The number of a new edge of the union between the runs of two columns."""
    edge = int(trace.next[EDGES])
    trace.next[EDGES] += 1
    trace.ends[edge, 0], trace.ends[edge, 1] = trace.union.runs[first], trace.union.runs[second]
    trace.places[edge] = place
    return edge


@njit(cache=True, nogil=True)
def link_runs(side: Side, plane: int, along: Int32[np.ndarray, "2 columns"], pairs: Columns) -> None:
    """Note the edges of a mask that begin in a plane."""
    now, before, bits = side.walk.codes.voxels[plane], side.walk.codes.voxels[plane - 1], side.walk.bits
    link = side.next[0]
    for pair in pairs:
        first, axis = pair >> 1, pair & 1
        second = first + (side.walk.codes.row if axis == ROWS else 1)
        if now[first] & now[second] & bits and not before[first] & before[second] & bits:
            side.links[link, 0], side.links[link, 1] = side.walk.runs[first], side.walk.runs[second]
            side.links[link, 2] = along[axis, first]
            link += 1
    side.next[0] = link


@njit(cache=True, nogil=True)
def begin_faces(trace: Trace, plane: int, changed: Columns) -> None:
    """Note the faces that begin in a plane: squares of which no earlier column has changed too."""
    now, before, row = trace.union.codes.voxels[plane], trace.union.codes.voxels[plane - 1], trace.union.codes.row
    face = trace.next[FACES]
    for column in changed:
        for corner in (column - row - 1, column - row, column - 1, column):
            if begins_square(now, before, row, corner) == column:
                trace.faces[face, 0], trace.faces[face, 1] = trace.along[ROWS, corner], trace.along[ROWS, corner + 1]
                trace.faces[face, 2], trace.faces[face, 3] = (
                    trace.along[PLACES, corner],
                    trace.along[PLACES, corner + row],
                )
                face += 1
    trace.next[FACES] = face


@njit(cache=True, nogil=True)
def begins_square(now: Plane, before: Plane, row: int, corner: int) -> int:
    """The first column of a square that begins a run in it, when all four are foreground; else -1."""
    for column in (corner, corner + 1, corner + row, corner + row + 1):
        if not now[column]:
            return -1
    for column in (corner, corner + 1, corner + row, corner + row + 1):
        if not before[column]:
            return column
    return -1


@njit(cache=True, nogil=True)
def rank_loops(
    ends: Int32[np.ndarray, "edges 2"], order: Int64[np.ndarray, " ordered"], parents: Int32[np.ndarray, " vertices"]
) -> Int32[np.ndarray, " edges"]:
    """For each edge that closes a loop of edges before it, which loop that is in the order; -1 for the others."""
    ranks, count = np.full(len(ends), -1, np.int32), 0
    for edge in order:
        if not join(parents, ends[edge, 0], ends[edge, 1]):
            ranks[edge] = count
            count += 1
    return ranks
