"""Compiled walks over the runs of masks: their components, their cavities, and the number of pieces they consist of.

A run is a longest row of foreground along the first axis. Foreground is 6-connected here, background 26-connected.
Taken as a union of points, edges, squares and cubes between the centres of its voxels, a mask has the topology of the
smaller complex whose vertices are its runs, whose edges are the runs of pairs of neighbouring voxels, and whose faces
are the runs of squares of four: all cells of a run shrink onto its first. Only where runs begin or end is there
anything to do, so a plane of voxels costs a glance at eight at a time.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int32, Int64, UInt8, UInt64
from numba import njit

Parents = Int32[np.ndarray, " most"]

ONES = np.uint64(0x0101010101010101)
ONE, TOP_BYTE = np.uint64(1), np.uint64(56)
EITHER = 3  # both bits: the union


class Codes(NamedTuple):
    """Two masks in one: bit 0 and bit 1 of each voxel, with a layer of 0 all round.

    `voxels` has a plane a row, flat: `row` columns make one row of voxels, a multiple of 8. `words` are the same bytes.
    """

    voxels: UInt8[np.ndarray, "planes columns"]
    words: UInt64[np.ndarray, "planes words"]
    row: int


class Walk(NamedTuple):
    """A mask in the course of a walk: which bits make it, the run that each column is in, and which runs are one."""

    codes: Codes
    bits: int
    runs: Int32[np.ndarray, " columns"]
    parents: Parents


class Survey(NamedTuple):
    """What a mask consists of."""

    runs: int
    edges: int
    faces: int
    components: int
    cavities: int


@njit(cache=True, nogil=True)
def survey(codes: Codes, bits: int) -> Survey:
    """Count runs, their edges and faces, components and cavities of the mask that has any of these bits."""
    most = count_starts(codes, bits)
    columns = codes.voxels.shape[1]
    walk = Walk(codes, bits, np.zeros(columns, np.int32), np.arange(most).astype(np.int32))
    gaps = Walk(codes, bits, np.zeros(columns, np.int32), np.arange(most + 1).astype(np.int32))
    changed = np.empty(columns, np.int64)
    runs, gap_count, edges, faces, joins, gap_joins = 0, 1, 0, 0, 0, 0
    for plane in range(1, codes.voxels.shape[0] - 1):
        count = list_changes(codes, plane, bits, changed)
        runs = open_runs(walk, plane, changed[:count], runs)
        gap_count = open_gaps(gaps, plane, changed[:count], gap_count)
        for column in changed[:count]:
            if starts(codes, plane, column, bits):
                joins += join_runs(walk, plane, column)
                edges += count_edges(walk, plane, column)
                faces += count_faces(walk, plane, column)
            elif stops(codes, plane, column, bits):
                gap_joins += join_gaps(gaps, plane, column)
    gap_joins += join_outside(gaps)
    return Survey(runs, edges, faces, runs - joins, gap_count - gap_joins - 1)


@njit(cache=True, nogil=True)
def count_starts(codes: Codes, bits: int) -> int:
    """Number of runs: voxels of the mask that follow one that is not."""
    total = 0
    for plane in range(1, codes.words.shape[0]):
        for word in range(codes.words.shape[1]):
            begun = fold(codes.words[plane, word], bits) & ~fold(codes.words[plane - 1, word], bits)
            total += int(np.int64((begun * ONES) >> TOP_BYTE))
    return total


@njit(cache=True, nogil=True)
def fold(word: np.uint64, bits: int) -> np.uint64:
    """Eight voxels as 0 or 1: whether each has any of the bits."""
    kept = word & (np.uint64(bits) * ONES)
    return (kept | (kept >> ONE)) & ONES


@njit(cache=True, nogil=True)
def list_changes(codes: Codes, plane: int, bits: int, changed: Int64[np.ndarray, " columns"]) -> int:
    """Gather the columns where one of the bits differs from the plane before; how many there are comes back."""
    count = 0
    for word in range(codes.words.shape[1]):
        if (codes.words[plane, word] ^ codes.words[plane - 1, word]) & (np.uint64(bits) * ONES):
            for column in range(8 * word, 8 * word + 8):
                if (codes.voxels[plane, column] ^ codes.voxels[plane - 1, column]) & bits:
                    changed[count] = column
                    count += 1
    return count


@njit(cache=True, nogil=True)
def starts(codes: Codes, plane: int, column: int, bits: int) -> bool:
    """Whether a run begins at a voxel."""
    return bool(codes.voxels[plane, column] & bits) and not codes.voxels[plane - 1, column] & bits


@njit(cache=True, nogil=True)
def stops(codes: Codes, plane: int, column: int, bits: int) -> bool:
    """Whether a run ended at the voxel before: a run of background begins here."""
    return not codes.voxels[plane, column] & bits and bool(codes.voxels[plane - 1, column] & bits)


@njit(cache=True, nogil=True)
def open_runs(walk: Walk, plane: int, changed: Int64[np.ndarray, " changes"], number: int) -> int:
    """Number the runs that begin in a plane; the next number comes back."""
    for column in changed:
        if starts(walk.codes, plane, column, walk.bits):
            walk.runs[column] = number
            number += 1
    return number


@njit(cache=True, nogil=True)
def open_gaps(gaps: Walk, plane: int, changed: Int64[np.ndarray, " changes"], number: int) -> int:
    """Number the runs of background that begin in a plane; the next number comes back."""
    for column in changed:
        if stops(gaps.codes, plane, column, gaps.bits):
            gaps.runs[column] = number
            number += 1
    return number


@njit(cache=True, nogil=True)
def join_runs(walk: Walk, plane: int, column: int) -> int:
    """Make one of a run that begins and its four neighbours in the plane; how many became one comes back."""
    row, joins = walk.codes.row, 0
    for beside in (column - row, column - 1, column + 1, column + row):
        if walk.codes.voxels[plane, beside] & walk.bits:
            joins += join(walk.parents, walk.runs[column], walk.runs[beside])
    return joins


@njit(cache=True, nogil=True)
def count_edges(walk: Walk, plane: int, column: int) -> int:
    """Runs of pairs that begin where this run does; those that begin with an earlier column's run too are its."""
    row, edges = walk.codes.row, 0
    for beside in (column - row, column - 1, column + 1, column + row):
        if walk.codes.voxels[plane, beside] & walk.bits:
            edges += beside > column or not starts(walk.codes, plane, beside, walk.bits)
    return edges


@njit(cache=True, nogil=True)
def count_faces(walk: Walk, plane: int, column: int) -> int:
    """Runs of squares that begin where this run does; those that begin with an earlier column's run too are its."""
    squares, faces = find_squares(walk.codes, plane, column, walk.bits), 0
    for place in range(4):
        faces += squares >> place & 1
    return faces


@njit(cache=True, nogil=True)
def find_squares(codes: Codes, plane: int, column: int, bits: int) -> int:
    """Which of the four squares about a column begin with its run and no earlier column's, the first one bit 0."""
    row, found = codes.row, 0
    for place, corner in enumerate((column - row - 1, column - row, column - 1, column)):
        begins = 1
        for member in (corner, corner + 1, corner + row, corner + row + 1):
            if not codes.voxels[plane, member] & bits or (member < column and starts(codes, plane, member, bits)):
                begins = 0
        found |= begins << place
    return found


@njit(cache=True, nogil=True)
def join_gaps(gaps: Walk, plane: int, column: int) -> int:
    """Make one of a run of background that begins and all that touch it; how many became one comes back."""
    voxels, row, joins = gaps.codes.voxels, gaps.codes.row, 0
    for above in (column - row, column, column + row):
        for beside in (above - 1, above, above + 1):
            if not voxels[plane, beside] & gaps.bits or (
                beside != column and not voxels[plane - 1, beside] & gaps.bits
            ):
                joins += join(gaps.parents, gaps.runs[column], gaps.runs[beside])
    return joins


@njit(cache=True, nogil=True)
def join_outside(gaps: Walk) -> int:
    """Make one of the outside, run 0, and the background of the last plane; how many became one comes back."""
    joins, last = 0, gaps.codes.voxels.shape[0] - 2
    for column in range(gaps.codes.voxels.shape[1]):
        if not gaps.codes.voxels[last, column] & gaps.bits:
            joins += join(gaps.parents, gaps.runs[column], 0)
    return joins


@njit(cache=True, nogil=True)
def join(parents: Parents, one: int, other: int) -> bool:
    """Make one set of two; whether they were two comes back. The smaller number stands for both."""
    low, high = find_root(parents, one), find_root(parents, other)
    if low > high:
        low, high = high, low
    parents[high] = low
    return low != high


@njit(cache=True, nogil=True)
def find_root(parents: Parents, member: int) -> int:
    """The number that stands for the set of a member."""
    while parents[member] != member:
        parents[member] = parents[parents[member]]
        member = parents[member]
    return member
