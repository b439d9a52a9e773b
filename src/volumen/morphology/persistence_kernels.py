"""Pairing of the cells of a filtered grid: the loops of `volumen.morphology.persistence`.

Voxels are numbered in C order. The edge, or the square, number 3 v + t starts at voxel v; an edge runs along axis t, a
square has axis t as its normal. A cube has the number of its first voxel.
"""

import numpy as np
from jaxtyping import Int32, Int64, UInt64

from volumen.compiling import kernel, kernel_part

# A tree of bits has as many levels; each word of a level stands for 64 words of the one below, so 64⁵ places.
TREE_LEVELS = 5
# Times a power of two, modulo 2⁶⁴, it begins with six bits that no other power gives: those look up the power.
DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)
ZEROS = np.argsort([(int(DE_BRUIJN) << place) % 2**64 >> 58 for place in range(64)])
Cells = Int32[np.ndarray, " cells"]
Tree = tuple[UInt64[np.ndarray, " words"], ...]


@kernel
def sort_cells(latest: Cells, levels: Int32[np.ndarray, " voxels"]) -> Cells:
    """Cells by the value of their latest voxel, those of one value by their number; cells marked −1 are none.

    Args:
        latest: for each cell the place in the filtration of its latest voxel.
        levels: for each place the number of its value, from 0 for the first.
    """
    starts = np.zeros(levels.size + 1, np.int64)
    for place in latest:
        if place >= 0:
            starts[levels[place] + 1] += 1
    starts = np.cumsum(starts)
    order = np.empty(starts[levels.size], np.int32)
    for cell in range(latest.size):
        place = latest[cell]
        if place >= 0:
            order[starts[levels[place]]] = cell
            starts[levels[place]] += 1
    return order


@kernel_part
def find_root(parents: Int32[np.ndarray, " nodes"], node: int) -> int:
    """The root of a node's tree; every second step of the way is cut short."""
    while parents[node] != node:
        parents[node] = parents[parents[node]]
        node = parents[node]
    return node


@kernel
def pair_components(
    places: Int32[np.ndarray, " voxels"], edges: Cells, steps: Int64[np.ndarray, " 3"]
) -> Int32[np.ndarray, " voxels"]:
    """For each voxel the edge that ends the component it began, or −1: where two meet, the later one ends.

    Args:
        places: of voxels, in the filtration that components begin in.
        edges: in the order of the filtration that components end in.
        steps: from a voxel to the next along each axis.
    """
    parents = np.arange(places.size).astype(np.int32)
    ends = np.full(places.size, -1, np.int32)
    for edge in edges:
        start = edge // 3
        older, younger = find_root(parents, start), find_root(parents, start + steps[edge % 3])
        if places[older] > places[younger]:
            older, younger = younger, older
        if older != younger:
            parents[younger] = older
            ends[younger] = edge
    return ends


@kernel
def pair_cavities(
    squares: Cells, places: Int32[np.ndarray, " voxels"], steps: Int64[np.ndarray, " 3"]
) -> Int32[np.ndarray, " voxels"]:
    """For each cube the square that began the cavity it fills, or −1.

    Seen from the end of the filtration, cubes hang together through squares that are not there yet, and those at the
    faces with the outside. Where two such components meet, a cavity has its beginning, and the cube that fills it is
    the last one of the component that is filled first.

    Args:
        squares: in the order of the filtration that cavities begin in.
        places: of cubes, in the filtration that cavities end in; −1 where there is no cube.
        steps: from a voxel to the next along each axis.
    """
    outside = places.size
    parents = np.arange(outside + 1).astype(np.int32)
    begins = np.full(outside, -1, np.int32)
    for square in squares[::-1]:
        ahead = square // 3
        behind = ahead - steps[square % 3]
        is_first = behind < 0 or places[behind] < 0
        first = find_root(parents, outside if places[ahead] < 0 else ahead)
        last = find_root(parents, outside if is_first else behind)
        if first == outside or (last != outside and places[first] > places[last]):
            first, last = last, first
        if first != last:
            parents[first] = last
            begins[first] = square
    return begins


@kernel
def list_boundaries(
    squares: Cells, rows: Int32[np.ndarray, " edges"], steps: Int64[np.ndarray, " 3"]
) -> Int32[np.ndarray, "squares 4"]:
    """The rows of the four edges of each square."""
    columns = np.empty((squares.size, 4), np.int32)
    for number in range(squares.size):
        corner, normal = squares[number] // 3, squares[number] % 3
        one, other = (normal + 1) % 3, (normal + 2) % 3
        columns[number, 0] = rows[3 * corner + one]
        columns[number, 1] = rows[3 * corner + other]
        columns[number, 2] = rows[3 * (corner + steps[other]) + one]
        columns[number, 3] = rows[3 * (corner + steps[one]) + other]
    return columns


@kernel
def reduce_columns(columns: Int32[np.ndarray, "columns 4"], rows: int) -> Int32[np.ndarray, " rows"]:
    """For each row the column that begins there once all are reduced, or −1 (Edelsbrunner et al. 2002).

    From left to right, columns before are added to a column (modulo 2) until none of them begins in the same row. Few
    columns need that; the others are never copied.

    Args:
        columns: rows of their entries; −1 for an entry that no column can begin with.
        rows: how many there are.
    """
    owners = np.full(rows, -1, np.int32)
    starts, stops = np.full(len(columns), -1, np.int64), np.zeros(len(columns), np.int64)
    pool, used = np.empty(1 << 16, np.int32), 0
    tree = grow_tree(rows)
    for column in range(len(columns)):
        first = find_least(columns[column])
        if first >= 0 and owners[first] >= 0:
            toggle_entries(tree, columns[column])
            while first >= 0 and owners[first] >= 0:
                owner = owners[first]
                reduced = starts[owner] >= 0
                toggle_entries(tree, pool[starts[owner] : stops[owner]] if reduced else columns[owner])
                first = find_first(tree)
            starts[column] = used
            pool, used = store_entries(tree, pool, used)
            stops[column] = used
        if first >= 0:
            owners[first] = column
    return owners


@kernel_part
def grow_tree(places: int) -> Tree:
    """A set of numbers below `places` that gives its least member quickly, empty."""
    return (
        np.zeros((places >> 6) + 1, np.uint64),
        np.zeros((places >> 12) + 1, np.uint64),
        np.zeros((places >> 18) + 1, np.uint64),
        np.zeros((places >> 24) + 1, np.uint64),
        np.zeros((places >> 30) + 1, np.uint64),
    )


@kernel_part
def toggle_entries(tree: Tree, entries: Int32[np.ndarray, " entries"]) -> None:
    """Takes those entries out of the set that are in it, and puts the others in."""
    for entry in entries:
        if entry >= 0:
            toggle(tree, entry)


@kernel_part
def toggle(tree: Tree, place: int) -> None:
    """Takes a number out of the set, or puts it in."""
    for level in range(TREE_LEVELS):
        word = place >> 6
        before = tree[level][word]
        after = before ^ (np.uint64(1) << np.uint64(place & 63))
        tree[level][word] = after
        if before > 0 and after > 0:
            return
        place = word


@kernel_part
def find_first(tree: Tree) -> int:
    """The least number in the set; −1 when it is empty."""
    if tree[TREE_LEVELS - 1][0] == 0:
        return -1
    place = 0
    for level in range(TREE_LEVELS - 1, -1, -1):
        place = (place << 6) + count_zeros(tree[level][place])
    return place


@kernel_part
def count_zeros(word: np.uint64) -> int:
    """Zeros behind the last one of a word's bits."""
    lowest = word & (~word + np.uint64(1))
    count: int = ZEROS[(lowest * DE_BRUIJN) >> np.uint64(58)]
    return count


@kernel_part
def find_least(entries: Int32[np.ndarray, " entries"]) -> int:
    """The least entry that is none of −1; −1 when all are."""
    least = -1
    for entry in entries:
        if entry >= 0 and (least < 0 or entry < least):
            least = entry
    return least


@kernel_part
def store_entries(
    tree: Tree, pool: Int32[np.ndarray, " places"], used: int
) -> tuple[Int32[np.ndarray, " places"], int]:
    """Moves the members of the set behind what a pool holds; a pool that is full is made twice as large."""
    place = find_first(tree)
    while place >= 0:
        if used == pool.size:
            pool = np.concatenate((pool, np.empty_like(pool)))
        pool[used] = place
        used += 1
        toggle(tree, place)
        place = find_first(tree)
    return pool, used
