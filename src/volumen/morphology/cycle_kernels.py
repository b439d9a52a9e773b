"""Compiled search for the loops of a graph, and what they sum up to when each link carries a sum."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int32, Int64
from numba import njit

from volumen.morphology.reduction_kernels import (
    Basis,
    Classes,
    RowSet,
    add_column,
    copy_basis,
    flip_range,
    make_row_set,
)
from volumen.morphology.run_kernels import Parents, find_root, join

Links = Int32[np.ndarray, "links 3"]  # both vertices and the number of the sum


class Forest(NamedTuple):
    """A tree for each component of a graph: for each vertex the link to its parent (-1: none) and its depth."""

    links: Links
    parents: Int32[np.ndarray, " vertices"]
    depths: Int32[np.ndarray, " vertices"]


class Neighbours(NamedTuple):
    """The links of each vertex: those of vertex v are `links[starts[v] : starts[v + 1]]`."""

    starts: Int64[np.ndarray, " bounds"]
    links: Int32[np.ndarray, " twice"]


@njit(cache=True, nogil=True)
def contract(links: Links, parents: Parents) -> Links:
    """The links that carry something, between the parts that the others hold together; the lower part first."""
    kept = 0
    for link in links:
        if not link[2]:
            join(parents, link[0], link[1])
    contracted = np.empty_like(links)
    for link in links:
        if link[2]:
            one, other = find_root(parents, link[0]), find_root(parents, link[1])
            contracted[kept, 0], contracted[kept, 1] = min(one, other), max(one, other)
            contracted[kept, 2] = link[2]
            kept += 1
    return contracted[:kept]


@njit(cache=True, nogil=True)
def find_deaths(links: Links, vertices: int, classes: Classes, basis: Basis) -> Bool[np.ndarray, " height"]:
    """Which rows are the last of some sum of loops, where columns of the basis count as 0."""
    column, owners = make_row_set(len(basis.owners)), basis.owners
    forest = grow_forest(links, vertices)
    basis = copy_basis(basis)
    for link in range(len(links)):
        one, other = links[link, 0], links[link, 1]
        if forest.parents[one] != link and forest.parents[other] != link:
            flip_loop(column, classes, forest, link)
            basis = add_column(basis, column)
    return (basis.owners >= 0) & (owners < 0)


@njit(cache=True, nogil=True)
def flip_loop(column: RowSet, classes: Classes, forest: Forest, link: int) -> None:
    """Add to a column what is carried by a link and by the way between its ends in their tree."""
    flip_range(column, classes.rows, classes.starts, forest.links[link, 2])
    one, other = forest.links[link, 0], forest.links[link, 1]
    while one != other:
        if forest.depths[one] < forest.depths[other]:
            one, other = other, one
        step = forest.links[forest.parents[one]]
        flip_range(column, classes.rows, classes.starts, step[2])
        one = step[0] + step[1] - one


@njit(cache=True, nogil=True)
def grow_forest(links: Links, vertices: int) -> Forest:
    """Trees grown breadth first, so that ways in them are short."""
    neighbours = list_neighbours(links, vertices)
    forest = Forest(links, np.full(vertices, -1, np.int32), np.full(vertices, -1, np.int32))
    queue = np.empty(vertices, np.int32)
    for root in range(vertices):
        if forest.depths[root] < 0:
            forest.depths[root], queue[0] = 0, root
            place, end = 0, 1
            while place < end:
                end += visit(forest, neighbours, queue[place], queue[end:])
                place += 1
    return forest


@njit(cache=True, nogil=True)
def visit(forest: Forest, neighbours: Neighbours, vertex: int, reached: Int32[np.ndarray, " room"]) -> int:
    """Gather the neighbours that no tree holds yet as children of a vertex; how many there are comes back."""
    count = 0
    for place in range(neighbours.starts[vertex], neighbours.starts[vertex + 1]):
        link = neighbours.links[place]
        other = forest.links[link, 0] + forest.links[link, 1] - vertex
        if forest.depths[other] < 0:
            forest.depths[other], forest.parents[other] = forest.depths[vertex] + 1, link
            reached[count] = other
            count += 1
    return count


@njit(cache=True, nogil=True)
def list_neighbours(links: Links, vertices: int) -> Neighbours:
    """The links of each vertex."""
    starts = np.zeros(vertices + 2, np.int64)
    for link in links:
        starts[link[0] + 2] += 1
        starts[link[1] + 2] += 1
    starts = np.cumsum(starts)
    listed = np.empty(2 * len(links), np.int32)
    for link in range(len(links)):
        for end in range(2):
            vertex = links[link, end]
            listed[starts[vertex + 1]] = link
            starts[vertex + 1] += 1
    return Neighbours(starts, listed)
