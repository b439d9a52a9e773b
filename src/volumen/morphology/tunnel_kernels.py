"""Compiled walk over the union of two masks: the complex of its runs, and where the runs of either mask lie in it.

Vertices, edges and faces of the complex are runs of voxels, pairs and squares (see `run_kernels`). Each edge carries
the place, in the order of voxels and then of axes, of the square below its first pair: the square whose arrival makes
the edge, and a loop that it closes, vanish when the union is filled up voxel by voxel in that order. All other squares
outside the union come together with a pair or a cube of theirs, which undoes at once what they do. In the first plane
there is nothing below; there runs go on along the rows, and in the first row along the row.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int32, Int64

from volumen.compiling import kernel, kernel_part
from volumen.morphology.run_kernels import (
    DOWN,
    LEFT,
    RIGHT,
    SQUARES,
    UP,
    Cells,
    Changes,
    Codes,
    Mask,
    join,
    look_around,
)

ROWS, PLACES = 0, 1  # axes of pairs: of neighbouring rows, and of neighbours in a row
VERTICES, EDGES, FACES = 0, 1, 2
RUNS, LINKS = 0, 1
KINDS, IN_PLANE = 3, 0  # of squares below pairs, in their order; by axis those that stand upright on the plane
UPRIGHT = (2, 1)


class Trace(NamedTuple):
    """The complex of the union, what has any of the bits, as far as a walk has come.

    Vertex 0 and edge 0 stand for none. `latest` has the latest vertex of each column, `along` the latest edge between
    it and the next, by axis. `ends` has the two vertices of each edge and `places` its place, `faces` the four edges of
    each face, `next` the next vertex, edge and face.
    """

    bits: int
    latest: Int32[np.ndarray, " columns"]
    along: Int32[np.ndarray, "2 columns"]
    ends: Int32[np.ndarray, "edges 2"]
    places: Int64[np.ndarray, " edges"]
    faces: Int32[np.ndarray, "faces 4"]
    next: Int64[np.ndarray, "3"]


class Side(NamedTuple):
    """One mask as far as a walk has come: each edge as two runs and the edge of the union that it lies in.

    `latest` has the latest run of each column, `along` the edges of the union there; `next` the next run and edge.
    """

    bits: int
    latest: Int32[np.ndarray, " columns"]
    along: Int32[np.ndarray, "2 columns"]
    ends: Int32[np.ndarray, "links 2"]
    edges: Int32[np.ndarray, " links"]
    next: Int64[np.ndarray, "2"]


def begin_trace(codes: Codes, bits: int, cells: Cells) -> Trace:
    """A walk over the union that has seen nothing yet, with room for so many cells."""
    return Trace(
        bits,
        latest=np.zeros(codes.plane, np.int32),
        along=np.zeros((2, codes.plane), np.int32),
        ends=np.zeros((cells.edges + 1, 2), np.int32),
        places=np.zeros(cells.edges + 1, np.int64),
        faces=np.zeros((cells.faces, 4), np.int32),
        next=np.array([1, 1, 0]),
    )


def begin_side(codes: Codes, bits: int, trace: Trace, edges: int) -> Side:
    """One mask along such a walk, with room for so many edges."""
    latest, ends = np.zeros(codes.plane, np.int32), np.zeros((edges, 2), np.int32)
    return Side(bits, latest, trace.along, ends, edges=np.zeros(edges, np.int32), next=np.array([1, 0]))


@kernel
def trace_union(codes: Codes, trace: Trace, one: Side, other: Side) -> None:
    """Fill in the complex and the links of both masks."""
    stop = 0
    for start in range(codes.plane, len(codes.voxels), codes.plane):
        first = stop
        while stop < len(codes.changes) and codes.changes[stop] < start + codes.plane:
            stop += 1
        if start == codes.plane:
            begin_first_runs(codes, trace, codes.changes[first:stop])
        else:
            begin_runs(codes, trace, codes.changes[first:stop], start)
        link_runs(codes, one, codes.changes[first:stop], start)
        link_runs(codes, other, codes.changes[first:stop], start)


@kernel_part
def begin_first_runs(codes: Codes, trace: Trace, changes: Changes) -> None:
    """Note the runs of the union that begin in the first plane, where the one above or before does not go on in them.

    Edges are pairs in a row that no pair of the row above goes on in.
    """
    voxels, row, latest, along = codes.voxels, codes.row, trace.latest, trace.along[PLACES]
    vertex, edge = trace.next[VERTICES], trace.next[EDGES]
    for voxel in changes:
        column = voxel - codes.plane
        is_below = column >= 2 * row
        before = row if is_below else 1
        if voxels[voxel - before]:
            latest[column] = latest[column - before]
        else:
            latest[column] = vertex
            vertex += 1
        if is_below and voxels[voxel - 1]:
            if voxels[voxel - row] and voxels[voxel - row - 1]:
                along[column - 1] = along[column - row - 1]
            else:
                trace.ends[edge, 0], trace.ends[edge, 1] = latest[column - 1], latest[column]
                trace.places[edge] = (voxel - row - 1) * KINDS + IN_PLANE
                along[column - 1] = edge
                edge += 1
    trace.next[VERTICES], trace.next[EDGES] = vertex, edge


@kernel_part
def begin_runs(codes: Codes, trace: Trace, changes: Changes, start: int) -> None:
    """Note the runs of the union that begin in a plane, and the edges and faces that begin with them."""
    voxels, latest, along, faces = codes.voxels, trace.latest, trace.along, trace.faces
    mask, row = Mask(trace.bits, codes.plane, codes.row), codes.row
    vertex, edge, face = trace.next[VERTICES], trace.next[EDGES], trace.next[FACES]
    for voxel in changes:
        if voxels[voxel - mask.plane]:
            continue
        latest[voxel - start] = vertex
        vertex += 1
        ring = look_around(voxels, mask, voxel)
        for place, axis, back in ((UP, ROWS, row), (LEFT, PLACES, 1), (RIGHT, PLACES, 0), (DOWN, ROWS, 0)):
            if ring & place:
                first, step = voxel - back - start, row if axis == ROWS else 1
                trace.ends[edge, 0], trace.ends[edge, 1] = latest[first], latest[first + step]
                trace.places[edge] = (voxel - back - mask.plane) * KINDS + UPRIGHT[axis]
                along[axis, first] = edge
                edge += 1
        for square, back in ((SQUARES[0], row + 1), (SQUARES[1], row), (SQUARES[2], 1), (SQUARES[3], 0)):
            if ring & square == square:
                column = voxel - back - start
                faces[face, 0], faces[face, 1] = along[ROWS, column], along[ROWS, column + 1]
                faces[face, 2], faces[face, 3] = along[PLACES, column], along[PLACES, column + row]
                face += 1
    trace.next[VERTICES], trace.next[EDGES], trace.next[FACES] = vertex, edge, face


@kernel_part
def link_runs(codes: Codes, side: Side, changes: Changes, start: int) -> None:
    """Note the runs of a mask that begin in a plane, and the edges that begin with them."""
    voxels, latest, ends = codes.voxels, side.latest, side.ends
    mask, row = Mask(side.bits, codes.plane, codes.row), codes.row
    run, link = side.next[RUNS], side.next[LINKS]
    for voxel in changes:
        if voxels[voxel - mask.plane] & mask.bits or not voxels[voxel] & mask.bits:
            continue
        latest[voxel - start] = run
        run += 1
        ring = look_around(voxels, mask, voxel)
        for place, axis, back in ((UP, ROWS, row), (LEFT, PLACES, 1), (RIGHT, PLACES, 0), (DOWN, ROWS, 0)):
            if ring & place:
                first, step = voxel - back - start, row if axis == ROWS else 1
                ends[link, 0], ends[link, 1] = latest[first], latest[first + step]
                side.edges[link] = side.along[axis, first]
                link += 1
    side.next[RUNS], side.next[LINKS] = run, link


@kernel
def rank_loops(
    ends: Int32[np.ndarray, "edges 2"],
    order: Int64[np.ndarray, " ordered"],
    parents: Int32[np.ndarray, " vertices"],
    ranks: Int32[np.ndarray, " edges"],
) -> int:
    """Number the edges that close a loop of edges before them, in the order; how many there are comes back."""
    count = 0
    for edge in order:
        if not join(parents, np.int64(ends[edge, 0]), np.int64(ends[edge, 1])):
            ranks[edge] = count
            count += 1
    return count
