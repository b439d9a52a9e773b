"""Compiled search for the loops of a graph, and what they sum up to when each link carries a sum."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int32, Int64

from volumen.compiling import kernel, kernel_part
from volumen.morphology.reduction_kernels import Basis, Classes, RowSet, add_column, flip_range

Links = Int32[np.ndarray, "links 3"]  # both vertices and the number of the sum


class Forest(NamedTuple):
    """A tree for each component of a graph: for each vertex the link to its parent (-1: none) and its depth.

    `order` has the vertices in the order in which the trees grow. The links of vertex v are
    `neighbours[starts[v] : starts[v + 1]]`.
    """

    links: Links
    starts: Int64[np.ndarray, " bounds"]
    neighbours: Int32[np.ndarray, " twice"]
    parents: Int32[np.ndarray, " vertices"]
    depths: Int32[np.ndarray, " vertices"]
    order: Int32[np.ndarray, " vertices"]


def plant_forest(links: Links, vertices: int) -> Forest:
    """Trees that have not begun to grow; the links of vertex v are to begin at `starts[v + 1]`."""
    starts = np.zeros(vertices + 2, np.int64)
    np.cumsum(np.bincount(links[:, :2].ravel(), minlength=vertices), out=starts[2:])
    parents, depths, order = np.full((3, vertices), -1, np.int32)
    return Forest(links, starts, np.empty(2 * len(links), np.int32), parents, depths, order)


@kernel
def reduce_loops(forest: Forest, classes: Classes, basis: Basis, column: RowSet) -> None:
    """Add the sums of all loops to a basis, which then says what owns the rows, if not where its columns are."""
    list_neighbours(forest)
    grow_forest(forest)
    for link in range(len(forest.links)):
        one, other = forest.links[link, 0], forest.links[link, 1]
        if forest.parents[one] != link and forest.parents[other] != link:
            flip_loop(column, classes, forest, link)
            basis = add_column(basis, column)


@kernel_part
def list_neighbours(forest: Forest) -> None:
    """Fill in the links of each vertex, and move on where they start."""
    links, starts = forest.links, forest.starts
    for link in range(len(links)):
        for end in range(2):
            vertex = links[link, end]
            forest.neighbours[starts[vertex + 1]] = link
            starts[vertex + 1] += 1


@kernel_part
def grow_forest(forest: Forest) -> None:
    """Trees grown breadth first, so that ways in them are short."""
    links, starts, neighbours, parents, depths, order = forest
    root, end = 0, 0
    for place in range(len(depths)):
        if place == end:  # a tree is complete, the next begins
            while depths[root] >= 0:
                root += 1
            depths[root], order[end] = 0, root
            end += 1
        vertex = order[place]
        for spot in range(starts[vertex], starts[vertex + 1]):
            link = neighbours[spot]
            other = links[link, 0] + links[link, 1] - vertex
            if depths[other] < 0:
                depths[other], parents[other], order[end] = depths[vertex] + 1, link, other
                end += 1


@kernel_part
def flip_loop(column: RowSet, classes: Classes, forest: Forest, link: int) -> None:
    """Add to a column what is carried by a link and by the way between its ends in their tree."""
    links = forest.links
    flip_range(column, classes.rows, classes.starts, np.int64(links[link, 2]))
    one, other = links[link, 0], links[link, 1]
    while one != other:
        if forest.depths[one] < forest.depths[other]:
            one, other = other, one
        step = forest.parents[one]
        flip_range(column, classes.rows, classes.starts, np.int64(links[step, 2]))
        one = links[step, 0] + links[step, 1] - one
