"""Compiled loops that thin a mask voxel by voxel without ever changing its topology."""

import itertools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Int64, UInt8, UInt32

from volumen.compiling import kernel, kernel_part

Step = tuple[int, ...]
Border = Int64[np.ndarray, " most"]

# The 26 neighbours in the order of memory; each is one bit of a voxel's neighbourhood code.
STEPS = np.array([step for step in itertools.product((-1, 0, 1), repeat=3) if any(step)])
INSIDE, LISTED = np.uint8(1), np.uint8(2)


class Grid(NamedTuple):
    """A flat mask, not 0 inside, with a layer of 0 all round it, and the steps in memory to the 26 neighbours."""

    states: UInt8[np.ndarray, " voxels"]
    offsets: Int64[np.ndarray, "26"]


def list_touching(touches: Callable[[Step, Step], bool]) -> UInt32[np.ndarray, " neighbours"]:
    """For each neighbour the bits of those that it touches."""
    steps = [tuple(step) for step in STEPS.tolist()]
    return np.array([sum(1 << place for place, b in enumerate(steps) if touches(a, b)) for a in steps], np.uint32)


def touch_anyhow(a: Step, b: Step) -> bool:
    """Whether two neighbours share at least a corner."""
    return max(abs(p - q) for p, q in zip(a, b, strict=True)) == 1


def touch_at_faces(a: Step, b: Step) -> bool:
    """Whether two neighbours share a face and neither is one of the eight at the corners."""
    return sum(abs(p - q) for p, q in zip(a, b, strict=True)) == 1 and 0 in a and 0 in b


TOUCH_26, TOUCH_6 = list_touching(touch_anyhow), list_touching(touch_at_faces)
AT_FACE, AT_CORNER = np.abs(STEPS).sum(1) == 1, np.abs(STEPS).all(1)
FACES = np.flatnonzero(AT_FACE)
FACE_BITS, NEAREST_18 = (
    np.uint32(sum(1 << place for place in np.flatnonzero(at).tolist())) for at in (AT_FACE, ~AT_CORNER)
)
ONE = np.uint32(1)


@kernel
def thin_to_curves(grid: Grid) -> None:
    """Delete voxels from the outside in, from one side at a time, while they are simple and no ends of curves.

    A voxel is simple when its removal changes no component, tunnel or cavity (26-connected inside, 6-connected
    outside).
    """
    border = np.empty(np.count_nonzero(grid.states), np.int64)
    chosen = np.empty(len(border), np.int64)
    listed = list_border(grid, border)
    deleted = 1
    while deleted:
        deleted, end = 0, listed
        for face in FACES:
            count = choose_simple(grid, border[:listed], grid.offsets[face], chosen)
            for voxel in chosen[:count]:
                if may_go(read_neighbours(grid, voxel)):
                    grid.states[voxel] = 0
                    deleted += 1
                    end = list_uncovered(grid, voxel, border, end)
        listed = keep_inside(grid, border[:end])


@kernel_part
def list_border(grid: Grid, border: Border) -> int:
    """Mark and list the voxels inside that have a face on the outside; how many there are comes back."""
    end = 0
    for voxel in range(len(grid.states)):
        if grid.states[voxel]:
            for face in FACES:
                if not grid.states[voxel + grid.offsets[face]]:
                    grid.states[voxel] = LISTED
                    border[end] = voxel
                    end += 1
                    break
    return end


@kernel_part
def choose_simple(grid: Grid, border: Border, side: int, chosen: Border) -> int:
    """Gather the voxels of the border that are open to one side and may go; how many there are comes back."""
    count = 0
    for voxel in border:
        if grid.states[voxel] and not grid.states[voxel + side] and may_go(read_neighbours(grid, voxel)):
            chosen[count] = voxel
            count += 1
    return count


@kernel_part
def list_uncovered(grid: Grid, voxel: int, border: Border, end: int) -> int:
    """Append the voxels that came to the border when this one went; the new end of the list comes back."""
    for face in FACES:
        beside = voxel + grid.offsets[face]
        if grid.states[beside] == INSIDE:
            grid.states[beside] = LISTED
            border[end] = beside
            end += 1
    return end


@kernel_part
def keep_inside(grid: Grid, border: Border) -> int:
    """Move the voxels that are still inside to the front of the list; how many there are comes back."""
    count = 0
    for voxel in border:
        if grid.states[voxel]:
            border[count] = voxel
            count += 1
    return count


@kernel_part
def read_neighbours(grid: Grid, voxel: int) -> np.uint32:
    """Which of the 26 neighbours are inside, a bit each."""
    code = np.uint32(0)
    for place in range(26):
        code |= np.uint32(grid.states[voxel + grid.offsets[place]] != 0) << np.uint32(place)
    return code


@kernel_part
def may_go(code: np.uint32) -> bool:
    """Whether a voxel with these neighbours is neither the end of a curve nor needed to keep the topology."""
    if code & (code - ONE) == 0 or flood(code, code & (~code + ONE), TOUCH_26) != code:
        return False
    outside = ~code & NEAREST_18
    faces = outside & FACE_BITS
    return bool(faces != 0 and flood(outside, faces & (~faces + ONE), TOUCH_6) & faces == faces)


@kernel_part
def flood(code: np.uint32, seed: np.uint32, touching: UInt32[np.ndarray, "26"]) -> np.uint32:
    """The bits of the code that hang together with the seed."""
    reached, front = seed, seed
    while front:
        near = np.uint32(0)
        for place in range(26):
            if front >> np.uint32(place) & ONE:
                near |= touching[place]
        front = near & code & ~reached
        reached |= front
    return reached
