"""Compiled loops over graphs of voxels: components, and the mutex watershed."""

import numpy as np

from volumen.compiling import kernel, kernel_part

EMPTY = -1
# The hash of Knuth's The Art of Computer Programming, 6.4: 2⁶⁴ over the golden ratio.
GOLDEN = np.uint64(11400714819323198485)
FULLEST = 0.5


@kernel_part
def find_root(parents, voxel):  # type: ignore[no-untyped-def]  # numba types it
    """The voxel that stands for a voxel's component; what lies on the way is shortened."""
    while parents[voxel] != voxel:
        parents[voxel] = parents[parents[voxel]]
        voxel = parents[voxel]
    return voxel


@kernel
def join_pairs(linked, reach, parents):  # type: ignore[no-untyped-def]
    """Join each voxel of `linked` (`z y x`, bool) with the one at `reach` from it; a root is its component's first."""
    depth, height, width = linked.shape
    dz, dy, dx = reach
    step = (dz * height + dy) * width + dx
    for z in range(max(0, -dz), depth - max(0, dz)):
        for y in range(max(0, -dy), height - max(0, dy)):
            for x in range(max(0, -dx), width - max(0, dx)):
                if linked[z, y, x]:
                    voxel = (z * height + y) * width + x
                    one, other = find_root(parents, voxel), find_root(parents, voxel + step)
                    parents[max(one, other)] = min(one, other)


@kernel
def number_roots(parents, mask, numbers):  # type: ignore[no-untyped-def]
    """Numbers from 1 for the components of a mask (flat), in the order of first voxels; returns how many."""
    count = 0
    for voxel in range(len(parents)):
        if not mask[voxel]:
            continue
        root = find_root(parents, voxel)
        if numbers[root] == 0:
            count += 1
            numbers[root] = count
        numbers[voxel] = numbers[root]
    return count


@kernel
def join_unless_excluded(order, edges, parents):  # type: ignore[no-untyped-def]
    """The mutex watershed: edges by falling strength either join two clusters, or say that they never may be joined.

    Edge e starts at voxel `voxels[e]` and ends `steps[k]` further on, where k is `channels[e]`; edges of channels that
    `joins` names join, the others exclude (Wolf et al. 2018). A pair of clusters that exclude each other stands in
    `table`, and each of the two in the other's list of rivals.
    """
    voxels, channels, steps, joins = edges
    count = len(parents)
    table, held = np.full(1024, EMPTY, np.int64), 0
    first, sizes = np.full(count, EMPTY, np.int64), np.zeros(count, np.int64)
    chain = np.empty((1024, 2), np.int64)
    used = 0
    for edge in order:
        channel = channels[edge]
        one = find_root(parents, voxels[edge])
        other = find_root(parents, voxels[edge] + steps[channel])
        if one == other or has_pair(table, one * count + other, other * count + one):
            continue
        if joins[channel]:
            kept, gone = (one, other) if sizes[one] >= sizes[other] else (other, one)
            parents[gone] = kept
            table, held = move_rivals((kept, gone), (first, sizes, chain), parents, (table, held))
            continue
        if 2 * (held + 1) > FULLEST * len(table):
            table = grow_table(table)
        add_pair(table, one * count + other, other * count + one)
        held += 1
        if used + 2 > len(chain):
            chain = np.concatenate((chain, np.empty_like(chain)))
        used = add_rival(first, chain, one, (other, used))
        used = add_rival(first, chain, other, (one, used))
        sizes[one] += 1
        sizes[other] += 1


@kernel_part
def move_rivals(clusters, lists, parents, pairs):  # type: ignore[no-untyped-def]
    """Give a cluster the rivals of one that joined it; the table of pairs and how many it holds come back."""
    kept, gone = clusters
    first, sizes, chain = lists
    table, held = pairs
    count = len(parents)
    entry = first[gone]
    while entry != EMPTY:
        following = chain[entry, 1]
        rival = find_root(parents, chain[entry, 0])
        if not has_pair(table, kept * count + rival, rival * count + kept):
            if 2 * (held + 1) > FULLEST * len(table):
                table = grow_table(table)
            add_pair(table, kept * count + rival, rival * count + kept)
            held += 1
            chain[entry, 1] = first[kept]
            first[kept] = entry
            sizes[kept] += 1
        entry = following
    first[gone] = EMPTY
    return table, held


@kernel_part
def add_rival(first, chain, owner, rival):  # type: ignore[no-untyped-def]
    """Put a rival in front of a cluster's list, at a free place of the chain; the next free place comes back."""
    other, place = rival
    chain[place, 0] = other
    chain[place, 1] = first[owner]
    first[owner] = place
    return place + 1


@kernel_part
def has_pair(table, one, other):  # type: ignore[no-untyped-def]
    """Whether a key, or the same pair the other way round, is in a table of open addressing."""
    return table[find_slot(table, min(one, other))] != EMPTY


@kernel_part
def add_pair(table, one, other):  # type: ignore[no-untyped-def]
    """Put a pair in a table that has room."""
    key = min(one, other)
    table[find_slot(table, key)] = key


@kernel_part
def find_slot(table, key):  # type: ignore[no-untyped-def]
    """Where a key is, or where it would be put."""
    last = len(table) - 1
    slot = np.int64((np.uint64(key) * GOLDEN) >> np.uint64(32)) & last
    while table[slot] != EMPTY and table[slot] != key:
        slot = (slot + 1) & last
    return slot


@kernel_part
def grow_table(table):  # type: ignore[no-untyped-def]
    """The same keys in a table twice as long."""
    larger = np.full(2 * len(table), EMPTY, np.int64)
    for key in table:
        if key != EMPTY:
            larger[find_slot(larger, key)] = key
    return larger
