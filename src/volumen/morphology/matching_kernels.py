"""Compiled walks that match the components and cavities of two masks as Betti matching does.

Betti matching (Stucki et al. 2023) pairs features that become one in the union of both masks. On masks of two values
its elder rule comes down to the order of voxels in memory: whatever is left apart is joined to the part that holds
the first voxel (components) or the outside (cavities), one piece at a time.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int32, Int64, UInt8
from numba import njit

from volumen.morphology.run_kernels import (
    Codes,
    Columns,
    Parents,
    Walk,
    begin_walk,
    count_cells,
    find_root,
    join_gaps,
    join_outside,
    join_runs,
    list_changes,
    number_runs,
)

ALONG_PLANES, ALONG_ROWS, IN_ROW, KINDS = 0, 1, 2, 3
NEVER = np.iinfo(np.int64).max


class Pieces(NamedTuple):
    """Components of a mask: whose voxels each holds (bits), and when it meets the part with the first voxel.

    That part takes in its neighbours in the order of voxels, then of axes. As long as it lacks a voxel, it holds all
    before it, so no two others ever meet.
    """

    holds: UInt8[np.ndarray, " pieces"]
    meets: Int64[np.ndarray, " pieces"]


@njit(cache=True, nogil=True)
def find_pieces(codes: Codes, bits: int) -> Pieces:
    """The components of the mask that has any of the bits; those that hold nothing are none."""
    walk = begin_walk(codes, bits, count_cells(codes, bits).runs)
    pieces = Pieces(np.zeros(len(walk.parents), np.uint8), np.empty(len(walk.parents), np.int64))
    pieces.meets[0] = NEVER
    changed = np.empty(codes.voxels.shape[1], np.int64)
    for plane in range(1, codes.voxels.shape[0] - 1):
        count = list_changes(walk, plane, changed)
        number_runs(walk, plane, plane - 1, changed[:count])
        join_runs(walk, plane, changed[:count])
        note_runs(walk, plane, changed[:count], pieces)
    for run in range(len(walk.parents)):
        root = find_root(walk.parents, run)
        pieces.holds[root] |= pieces.holds[run]
        pieces.meets[root] = min(pieces.meets[root], pieces.meets[run])
        if root != run:
            pieces.holds[run] = 0
    return pieces


@njit(cache=True, nogil=True)
def note_runs(walk: Walk, plane: int, changed: Columns, pieces: Pieces) -> None:
    """Note whose voxels the runs in a plane hold, and where those that begin meet voxels before them."""
    now, before = walk.codes.voxels[plane], walk.codes.voxels[plane - 1]
    for column in changed:
        if now[column] & walk.bits:
            pieces.holds[walk.runs[column]] |= now[column]
            if not before[column] & walk.bits:
                pieces.meets[walk.runs[column]] = find_meeting(walk.codes, plane, column)


@njit(cache=True, nogil=True)
def find_meeting(codes: Codes, plane: int, column: int) -> int:
    """Place in that order of the first pair of a run and a voxel before it; -1 for the run of the first voxel."""
    columns = int(codes.voxels.shape[1])
    here = plane * columns + column
    if plane > 1:
        return (here - columns) * KINDS + ALONG_PLANES
    if column >= 2 * codes.row:
        return (here - codes.row) * KINDS + ALONG_ROWS
    return (here - 1) * KINDS + IN_ROW if column > codes.row + 1 else -1


@njit(cache=True, nogil=True)
def find_last_outside(codes: Codes, bits: int, either: int) -> Bool[np.ndarray, " runs"]:
    """For each run of either mask, whether the voxel before it is the last outside both in a cavity of one mask.

    The outside takes in the cavities one by one, that with the last voxel first. A cavity of a mask is paired with the
    cavity of the union that holds its last voxel outside both.
    """
    union = begin_walk(codes, either, count_cells(codes, either).runs)
    gaps = begin_walk(codes, bits, count_cells(codes, bits).runs)
    gap_before = np.empty(len(union.parents), np.int32)
    changed = np.empty(codes.voxels.shape[1], np.int64)
    for plane in range(1, codes.voxels.shape[0] - 1):
        count = list_changes(union, plane, changed)
        number_runs(union, plane, plane - 1, changed[:count])
        for column in changed[:count]:
            if codes.voxels[plane, column] and not codes.voxels[plane - 1, column]:
                gap_before[union.runs[column]] = gaps.runs[column]
        number_runs(gaps, plane - 1, plane, changed[:count])
        join_gaps(gaps, plane, changed[:count])
    join_outside(gaps)
    return mark_last(gaps.parents, gap_before[1:])


@njit(cache=True, nogil=True)
def mark_last(parents: Parents, members: Int32[np.ndarray, " members"]) -> Bool[np.ndarray, " members"]:
    """Which members are the last of their set, those of the first set (the outside) left out."""
    last = np.full(len(parents), -1, np.int64)
    for place in range(len(members)):
        last[find_root(parents, members[place])] = place
    marked = np.zeros(len(members), np.bool_)
    for place in last[1:]:
        if place >= 0:
            marked[place] = True
    return marked
