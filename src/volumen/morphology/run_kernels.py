"""Compiled walks over the runs of masks: their components, their cavities, and the number of pieces they consist of.

A run is a longest row of foreground along the first axis. Foreground is 6-connected here, background 26-connected.
Taken as a union of points, edges, squares and cubes between the centres of its voxels, a mask has the topology of the
smaller complex whose vertices are its runs, whose edges are the runs of pairs of neighbouring voxels, and whose faces
are the runs of squares of four: all cells of a run shrink onto its first. Only where runs begin or end is there
anything to do, so a walk goes from one such voxel to the next, in the order of memory. It meets a pair or square that
begins in a plane at the last of its voxels whose run begins there: then all its runs have a number.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int32, Int64, UInt8

from volumen.compiling import kernel, kernel_part

Voxels = UInt8[np.ndarray, " voxels"]
Changes = Int64[np.ndarray, " changes"]
Parents = Int32[np.ndarray, " most"]

# Places around a voxel in its plane, clockwise, a bit each; a square takes in three of them.
UP_LEFT, UP, UP_RIGHT, RIGHT, DOWN_RIGHT, DOWN, DOWN_LEFT, LEFT = (1 << place for place in reversed(range(8)))
SQUARES = (LEFT + UP_LEFT + UP, UP + UP_RIGHT + RIGHT, DOWN + DOWN_LEFT + LEFT, RIGHT + DOWN_RIGHT + DOWN)
FACES = np.array([sum(ring & square == square for square in SQUARES) for ring in range(256)])


class Codes(NamedTuple):
    """Two masks in one: bit 0 and bit 1 of each voxel, flat, with a layer of 0 all round.

    `plane` and `row` are the steps from a voxel to the next along the first two axes; `changes` has the voxels that
    differ from the one before along the first.
    """

    voxels: Voxels
    changes: Changes
    plane: int
    row: int


class Mask(NamedTuple):
    """What has any of the bits, and the steps to the next plane and row."""

    bits: int
    plane: int
    row: int


class Runs(NamedTuple):
    """Runs of the mask that has any of the bits, numbered from 1 in the order in which they begin.

    `latest` has the last run of each column. Each run has in `parents` one that it is joined to, in `holds` the bits of
    its voxels.
    """

    bits: int
    latest: Int32[np.ndarray, " columns"]
    parents: Parents
    holds: UInt8[np.ndarray, " most"]


class Gaps(NamedTuple):
    """Runs of the background of a mask, numbered likewise; 0 is the outside.

    `before` has for each run of both masks in one the gap before it.
    """

    bits: int
    latest: Int32[np.ndarray, " columns"]
    parents: Parents
    before: Int32[np.ndarray, " most"]


class Cells(NamedTuple):
    """How many runs there are of voxels, of pairs and of squares, and how many components they make up."""

    runs: int
    edges: int
    faces: int
    components: int


@kernel
def join_runs(codes: Codes, runs: Runs) -> Cells:
    """Number the runs, and make one of those that touch."""
    count, edges, faces, joins, start = 0, 0, 0, 0, 0
    voxels, latest, mask = codes.voxels, runs.latest, Mask(runs.bits, codes.plane, codes.row)
    for voxel in codes.changes:
        while voxel >= start + mask.plane:
            start += mask.plane
        if not voxels[voxel] & mask.bits:
            continue
        if not voxels[voxel - mask.plane] & mask.bits:
            count += 1
            latest[voxel - start] = count
            ring = look_around(voxels, mask, voxel)
            faces += FACES[ring]
            for place, step in ((UP, -mask.row), (LEFT, -1), (RIGHT, 1), (DOWN, mask.row)):
                if ring & place:
                    edges += 1
                    joins += join(runs.parents, count, np.int64(latest[voxel + step - start]))
        runs.holds[latest[voxel - start]] |= voxels[voxel]
    return Cells(count, edges, faces, count - joins)


@kernel_part
def look_around(voxels: Voxels, mask: Mask, voxel: int) -> int:
    """Which of the places around a voxel are in a mask, and in runs that have a number when it is the voxel's turn."""
    ring, row = 0, mask.row
    for step in (-row - 1, -row, -row + 1, 1, row + 1, row, row - 1, -1):
        has_number = step < 0 or voxels[voxel + step - mask.plane] & mask.bits != 0
        ring = 2 * ring + (has_number and voxels[voxel + step] & mask.bits != 0)
    return ring


@kernel
def join_gaps(codes: Codes, gaps: Gaps) -> int:
    """Number the gaps, and make one of those that touch; how many cavities they make up comes back."""
    count, runs, joins, start = 0, 0, 0, 0
    voxels, plane, row, bits, latest = codes.voxels, codes.plane, codes.row, gaps.bits, gaps.latest
    for voxel in codes.changes:
        while voxel >= start + plane:
            start += plane
        if not voxels[voxel - plane]:
            runs += 1
            gaps.before[runs] = latest[voxel - start]
        if voxels[voxel - plane] & bits and not voxels[voxel] & bits:
            count += 1
            latest[voxel - start] = count
            for step in (-row - 1, -row, -row + 1, -1, 1, row - 1, row, row + 1):
                if not voxels[voxel + step - plane] & bits or (step < 0 and not voxels[voxel + step] & bits):
                    joins += join(gaps.parents, count, np.int64(latest[voxel + step - start]))
    return count - joins


@kernel_part
def join(parents: Parents, one: int | np.int64, other: int | np.int64) -> bool:
    """Make one set of two; whether they were two comes back. The smaller number stands for both."""
    low, high = find_root(parents, one), find_root(parents, other)
    if low > high:
        low, high = high, low
    parents[high] = low
    return low != high


@kernel_part
def find_root(parents: Parents, member: int | np.int64) -> int | np.int64:
    """The number that stands for the set of a member."""
    while parents[member] != member:
        parents[member] = parents[parents[member]]
        member = parents[member]
    return member
