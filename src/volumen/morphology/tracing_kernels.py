"""Compiled loops that trace centrelines, one connected component after the other.

All arrays are flat views of one volume with a rim of background around it, so that no neighbour lies outside.
"""

from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np

from volumen.compiling import kernel, kernel_part

UNSEEN, START = 255, 254


class Ground(NamedTuple):
    """Where ways may lead: each voxel's component (0 is background) and depth below its border; the 26 neighbours."""

    components: np.ndarray
    depth: np.ndarray
    offsets: np.ndarray
    lengths: np.ndarray


class Fields(NamedTuple):
    """What is found out about voxels, shared by all components.

    Cost of the way to a voxel (infinite at first), its length (-1), the step it came by (UNSEEN), and how much farther
    the reach of a branch goes from there (-1 where no branch reaches).
    """

    cost: np.ndarray
    length: np.ndarray
    came: np.ndarray
    left: np.ndarray


class Reach(NamedTuple):
    """How far a branch reaches: so many times the depth, and so much more."""

    scale: float
    constant: float


@kernel
def list_seeds(components: np.ndarray, count: int) -> np.ndarray:
    """The first voxel of each component, numbered from 1 to `count`."""
    seeds = np.full(count, -1, np.int64)
    for voxel in range(len(components)):
        number = components[voxel]
        if number and seeds[number - 1] < 0:
            seeds[number - 1] = voxel
    return seeds


@kernel
def trace_component(seed: int, ground: Ground, fields: Fields, reach: Reach) -> tuple[np.ndarray, np.ndarray]:
    """Voxels of one component's tree, each after the one it hangs on, and the places of those (-1 of the first)."""
    root = _find_far_end(seed, ground, fields.length)
    order = _flood(root, ground, fields)
    place = fields.cost  # no longer needed; takes where a voxel stands in the tree
    place[order] = -1
    place[root] = 0
    voxels, parents = [root], [-1]
    for tip in order[np.argsort(-fields.length[order], kind="mergesort")]:
        if fields.left[tip] >= 0 or tip == root:
            continue
        path, hook = _walk_back(tip, ground, fields.came, place)
        for voxel in path:
            parents.append(hook)
            hook = len(voxels)
            place[voxel] = hook
            voxels.append(voxel)
        _reach_out(path, ground, fields.left, reach)
    return np.array(voxels), np.array(parents)


@kernel_part
def _find_far_end(seed: int, ground: Ground, length: np.ndarray) -> int:
    """The voxel with the longest way from the seed, on ways of the fewest steps."""
    components, _, offsets, lengths = ground
    length[seed] = 0
    queue, head, far = [seed], 0, seed
    while head < len(queue):
        voxel = queue[head]
        head += 1
        if length[voxel] > length[far]:
            far = voxel
        for step in range(len(offsets)):
            there = voxel + offsets[step]
            if components[there] == components[voxel] and length[there] < 0:
                length[there] = length[voxel] + lengths[step]
                queue.append(there)
    return far


@kernel_part
def _flood(root: int, ground: Ground, fields: Fields) -> np.ndarray:
    """The component's voxels in the order in which the cheapest ways from the root reach them: deep inside is cheap."""
    components, depth, offsets, lengths = ground
    cost, length, came, _ = fields
    heap, order = [(0.0, root, START)], [root]
    order.pop()
    while heap:
        spent, voxel, step = heappop(heap)
        if came[voxel] != UNSEEN:
            continue
        came[voxel] = step
        length[voxel] = 0.0 if step == START else length[voxel - offsets[step]] + lengths[step]
        order.append(voxel)
        for ahead in range(len(offsets)):
            there = voxel + offsets[ahead]
            if components[there] == components[voxel] and came[there] == UNSEEN:
                total = spent + lengths[ahead] / depth[there] ** 4
                if total < cost[there]:
                    cost[there] = total
                    heappush(heap, (total, there, ahead))
    return np.array(order)


@kernel_part
def _walk_back(tip: int, ground: Ground, came: np.ndarray, place: np.ndarray) -> tuple[list[int], int]:
    """The way to a tip from where it first touches the tree, and the place there.

    Without a look aside, ways of equal cost would run side by side as far as the root.
    """
    path = [tip]
    while True:
        hook = _find_touch(path[-1], ground, place)
        if hook >= 0:
            return path[::-1], hook
        path.append(path[-1] - ground.offsets[came[path[-1]]])


@kernel_part
def _find_touch(voxel: int, ground: Ground, place: np.ndarray) -> int:
    """The place in the tree of the nearest neighbour in it, or -1."""
    components, _, offsets, lengths = ground
    hook, nearest = -1, np.inf
    for step in range(len(offsets)):
        there = voxel + offsets[step]
        if components[there] == components[voxel] and place[there] >= 0 and lengths[step] < nearest:
            hook, nearest = int(place[there]), lengths[step]
    return hook


@kernel_part
def _reach_out(path: list[int], ground: Ground, left: np.ndarray, reach: Reach) -> None:
    """Mark what a branch reaches inside its component; ways better by less than half a step change nothing."""
    components, depth, offsets, lengths = ground
    slack = lengths.min() / 2
    for voxel in path:
        left[voxel] = max(left[voxel], reach.scale * depth[voxel] + reach.constant)
    queue, head = path.copy(), 0
    while head < len(queue):
        voxel = queue[head]
        head += 1
        for step in range(len(offsets)):
            there = voxel + offsets[step]
            rest = left[voxel] - lengths[step]
            if rest >= 0 and components[there] == components[voxel] and (left[there] < 0 or rest > left[there] + slack):
                left[there] = rest
                queue.append(there)
