"""Compiled walks that match the components and cavities of two masks as Betti matching does.

Betti matching (Stucki et al. 2023) pairs features that become one in the union of both masks. On masks of two values
its elder rule comes down to the order of voxels in memory: whatever is left apart is joined to the part that holds
the first voxel (components) or the outside (cavities), one piece at a time.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int64, UInt8
from numba import njit

from volumen.morphology.run_kernels import (
    EITHER,
    Codes,
    Parents,
    Walk,
    count_starts,
    find_root,
    join_gaps,
    join_outside,
    join_runs,
    list_changes,
    open_gaps,
    open_runs,
    starts,
    stops,
)

ALONG_PLANES, ALONG_ROWS, IN_ROW, KINDS = 0, 1, 2, 3
BOTH = np.uint8(3)


class Pieces(NamedTuple):
    """Components of the union: whose voxels each holds (bits), and when it meets the part with the first voxel."""

    holds: UInt8[np.ndarray, " pieces"]
    meets: Int64[np.ndarray, " pieces"]


@njit(cache=True, nogil=True)
def match_components(codes: Codes) -> int:
    """Number of matched components.

    Neighbours are joined in the order of the first voxel, then of the axis. So the part that holds the volume's first
    voxel takes in the pieces of the union one by one. A class of both masks dies where both sides hold both masks.
    """
    pieces = find_pieces(codes)
    held, matches = np.uint8(0), 0
    for piece in np.argsort(pieces.meets):
        matches += held == BOTH and pieces.holds[piece] == BOTH
        held |= pieces.holds[piece]
    return matches


@njit(cache=True, nogil=True)
def find_pieces(codes: Codes) -> Pieces:
    """The components of the union."""
    most = count_starts(codes, EITHER)
    walk = Walk(codes, EITHER, np.zeros(codes.voxels.shape[1], np.int32), np.arange(most).astype(np.int32))
    holds, meets = np.zeros(most, np.uint8), np.empty(most, np.int64)
    changed, runs = np.empty(codes.voxels.shape[1], np.int64), 0
    for plane in range(1, codes.voxels.shape[0] - 1):
        count = list_changes(codes, plane, EITHER, changed)
        runs = open_runs(walk, plane, changed[:count], runs)
        for column in changed[:count]:
            if codes.voxels[plane, column]:
                holds[walk.runs[column]] |= codes.voxels[plane, column]
            if starts(codes, plane, column, EITHER):
                meets[walk.runs[column]] = find_meeting(codes, plane, column)
                join_runs(walk, plane, column)
    return gather_pieces(walk.parents, Pieces(holds, meets))


@njit(cache=True, nogil=True)
def find_meeting(codes: Codes, plane: int, column: int) -> int:
    """Place in the order of neighbours of the first that a run shares with voxels before it; −1 for the first run."""
    columns = int(codes.voxels.shape[1])
    here = plane * columns + column
    if plane > 1:
        return (here - columns) * KINDS + ALONG_PLANES
    if column >= 2 * codes.row:
        return (here - codes.row) * KINDS + ALONG_ROWS
    return (here - 1) * KINDS + IN_ROW if column > codes.row + 1 else -1


@njit(cache=True, nogil=True)
def gather_pieces(parents: Parents, runs: Pieces) -> Pieces:
    """What is known of runs put together for the components that they make."""
    count = 0
    for run in range(len(parents)):
        root = find_root(parents, run)
        if root == run:
            count += 1
        runs.holds[root] |= runs.holds[run]
        runs.meets[root] = min(runs.meets[root], runs.meets[run])
    pieces = Pieces(np.empty(count, np.uint8), np.empty(count, np.int64))
    count = 0
    for run in range(len(parents)):
        if parents[run] == run:
            pieces.holds[count], pieces.meets[count] = runs.holds[run], runs.meets[run]
            count += 1
    return pieces


@njit(cache=True, nogil=True)
def match_cavities(codes: Codes) -> int:
    """Number of matched cavities.

    The outside takes in the cavities one by one, that with the last voxel first. A cavity of a mask is paired with the
    cavity of the union that holds its last voxel outside both; two match that are paired with the same one.
    """
    return int(np.count_nonzero(find_last_outside(codes, 1) & find_last_outside(codes, 2)))


@njit(cache=True, nogil=True)
def find_last_outside(codes: Codes, bits: int) -> Bool[np.ndarray, " starts"]:
    """For each run of the union, whether the voxel before it is the last one outside both in a cavity of this mask."""
    columns, most = codes.voxels.shape[1], count_starts(codes, bits) + 1
    gaps = Walk(codes, bits, np.zeros(columns, np.int32), np.arange(most).astype(np.int32))
    before, changed = np.empty(count_starts(codes, EITHER), np.int64), np.empty(columns, np.int64)
    found, number = 0, 1
    for plane in range(1, codes.voxels.shape[0] - 1):
        count = list_changes(codes, plane, EITHER, changed)
        for column in changed[:count]:
            if starts(codes, plane, column, EITHER):
                before[found] = gaps.runs[column]
                found += 1
        number = open_gaps(gaps, plane, changed[:count], number)
        for column in changed[:count]:
            if stops(codes, plane, column, bits):
                join_gaps(gaps, plane, column)
    join_outside(gaps)
    return mark_last(gaps.parents, before)


@njit(cache=True, nogil=True)
def mark_last(parents: Parents, members: Int64[np.ndarray, " members"]) -> Bool[np.ndarray, " members"]:
    """Which members are the last of their set, those of the first set (the outside) left out."""
    last = np.full(len(parents), -1)
    for place in range(len(members)):
        last[find_root(parents, members[place])] = place
    marked = np.zeros(len(members), np.bool_)
    for place in last[1:]:
        if place >= 0:
            marked[place] = True
    return marked
