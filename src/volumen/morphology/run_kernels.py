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
Columns = Int64[np.ndarray, " columns"]

ONES = np.uint64(0x0101010101010101)
ONE, BYTE, TOP_BYTE = np.uint64(1), np.uint64(8), np.uint64(56)
WORD_BYTES = 8


class Codes(NamedTuple):
    """Two masks in one: bit 0 and bit 1 of each voxel, with a layer of 0 all round.

    `voxels` has a plane a row, flat: `row` columns make one row of voxels, a multiple of 8. `words` are the same bytes.
    """

    voxels: UInt8[np.ndarray, "planes columns"]
    words: UInt64[np.ndarray, "planes words"]
    row: int


class Walk(NamedTuple):
    """A mask in the course of a walk, plane by plane: what has any of the bits.

    Its runs, or those of its background, are numbered from 1 in the order in which they begin; of the background run 0
    is the outside. `runs` holds the latest of each column, `parents` which runs are known to be one, `next` the number
    of the next.
    """

    codes: Codes
    bits: int
    runs: Int32[np.ndarray, " columns"]
    parents: Parents
    next: Int64[np.ndarray, "1"]


class Cells(NamedTuple):
    """How many runs there are of voxels, of pairs and of squares."""

    runs: int
    edges: int
    faces: int


class Survey(NamedTuple):
    """What a mask consists of."""

    cells: Cells
    components: int
    cavities: int


@njit(cache=True, nogil=True)
def survey(codes: Codes, bits: int) -> Survey:
    """Count the cells, components and cavities of the mask that has any of these bits."""
    cells = count_cells(codes, bits)
    walk, gaps = begin_walk(codes, bits, cells.runs), begin_walk(codes, bits, cells.runs)
    changed = np.empty(codes.voxels.shape[1], np.int64)
    joins, gap_joins = 0, 0
    for plane in range(1, codes.voxels.shape[0] - 1):
        count = list_changes(walk, plane, changed)
        number_runs(walk, plane, plane - 1, changed[:count])
        number_runs(gaps, plane - 1, plane, changed[:count])
        joins += join_runs(walk, plane, changed[:count])
        gap_joins += join_gaps(gaps, plane, changed[:count])
    gap_joins += join_outside(gaps)
    return Survey(cells, cells.runs - joins, gaps.next[0] - 1 - gap_joins)


@njit(cache=True, nogil=True)
def count_cells(codes: Codes, bits: int) -> Cells:
    """Count the runs of the mask that has any of the bits, and those of its pairs and squares, eight at a time."""
    runs, edges, faces, stride = 0, 0, 0, codes.row // WORD_BYTES
    for plane in range(1, codes.words.shape[0]):
        now, before = codes.words[plane], codes.words[plane - 1]
        for word in range(stride, len(now) - stride):
            if now[word]:
                here, beside, below, square = read_cells(now, word, stride, bits)
                here_before, beside_before, below_before, square_before = read_cells(before, word, stride, bits)
                runs += count_bytes(here & ~here_before)
                edges += count_bytes(beside & ~beside_before) + count_bytes(below & ~below_before)
                faces += count_bytes(square & ~square_before)
    return Cells(runs, edges, faces)


@njit(cache=True, nogil=True)
def read_cells(
    words: UInt64[np.ndarray, " words"], word: int, stride: int, bits: int
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    """For eight voxels whether each is in the mask, with its neighbour in the row, in the next row, and with all."""
    here, below = fold(words[word], bits), fold(words[word + stride], bits)
    after = min(word + stride + 1, len(words) - 1)  # beyond the end all is 0, as the end is
    beside = here & (here >> BYTE | fold(words[word + 1], bits) << TOP_BYTE)
    return here, beside, here & below, beside & below & (below >> BYTE | fold(words[after], bits) << TOP_BYTE)


@njit(cache=True, nogil=True)
def fold(word: np.uint64, bits: int) -> np.uint64:
    """Eight voxels as 0 or 1: whether each has any of the bits."""
    kept = word & (np.uint64(bits) * ONES)
    return (kept | (kept >> ONE)) & ONES


@njit(cache=True, nogil=True)
def count_bytes(word: np.uint64) -> int:
    """How many of eight bytes are 1, the others being 0."""
    return int(np.int64((word * ONES) >> TOP_BYTE))


@njit(cache=True, nogil=True)
def begin_walk(codes: Codes, bits: int, runs: int) -> Walk:
    """A walk that has seen nothing yet, with room for so many runs or gaps between them."""
    parents = np.empty(runs + 1, np.int32)
    for run in range(runs + 1):
        parents[run] = run
    return Walk(codes, bits, np.zeros(codes.voxels.shape[1], np.int32), parents, np.ones(1, np.int64))


@njit(cache=True, nogil=True)
def list_changes(walk: Walk, plane: int, changed: Columns) -> int:
    """Gather the columns where one of the bits differs from the plane before; how many there are comes back."""
    words, words_before = walk.codes.words[plane], walk.codes.words[plane - 1]
    now, before = walk.codes.voxels[plane], walk.codes.voxels[plane - 1]
    count = 0
    for word in range(len(words)):
        if (words[word] ^ words_before[word]) & (np.uint64(walk.bits) * ONES):
            for column in range(WORD_BYTES * word, WORD_BYTES * (word + 1)):
                if (now[column] ^ before[column]) & walk.bits:
                    changed[count] = column
                    count += 1
    return count


@njit(cache=True, nogil=True)
def number_runs(walk: Walk, plane: int, before: int, changed: Columns) -> None:
    """Number the runs that begin in a plane; those of background when the plane and the one before change places."""
    inside, outside, number = walk.codes.voxels[plane], walk.codes.voxels[before], walk.next[0]
    for column in changed:
        if inside[column] & walk.bits and not outside[column] & walk.bits:
            walk.runs[column] = number
            number += 1
    walk.next[0] = number


@njit(cache=True, nogil=True)
def join_runs(walk: Walk, plane: int, changed: Columns) -> int:
    """Make one of each run that begins in a plane and its four neighbours; how many became one comes back."""
    now, before, row, joins = walk.codes.voxels[plane], walk.codes.voxels[plane - 1], walk.codes.row, 0
    for column in changed:
        if now[column] & walk.bits and not before[column] & walk.bits:
            for beside in (column - row, column - 1, column + 1, column + row):
                if now[beside] & walk.bits:
                    joins += join(walk.parents, walk.runs[column], walk.runs[beside])
    return joins


@njit(cache=True, nogil=True)
def join_gaps(gaps: Walk, plane: int, changed: Columns) -> int:
    """Make one of each run of background that begins and all that touch it; how many became one comes back."""
    now, before, row, joins = gaps.codes.voxels[plane], gaps.codes.voxels[plane - 1], gaps.codes.row, 0
    steps = (-row - 1, -row, -row + 1, -1, 0, 1, row - 1, row, row + 1)
    for column in changed:
        if before[column] & gaps.bits and not now[column] & gaps.bits:
            for step in steps:
                beside = column + step
                if not (now[beside] & gaps.bits and (before[beside] & gaps.bits or not step)):
                    joins += join(gaps.parents, gaps.runs[column], gaps.runs[beside])
    return joins


@njit(cache=True, nogil=True)
def join_outside(gaps: Walk) -> int:
    """Make one of the outside and the background of the last plane; how many became one comes back."""
    joins, last = 0, gaps.codes.voxels[gaps.codes.voxels.shape[0] - 2]
    for column in range(len(last)):
        if not last[column] & gaps.bits:
            joins += join(gaps.parents, gaps.runs[column], gaps.runs[0])
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
