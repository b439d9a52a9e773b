"""Maximum spanning trees of affinity graphs: how many pairs of voxels hang on each edge."""

import numpy as np
from jaxtyping import Int32, Int64

from volumen.compiling import kernel, kernel_part

Nodes = Int32[np.ndarray, " nodes"]
Edges = Int64[np.ndarray, " edges"]


@kernel_part
def find_root(parents: Nodes, node: int) -> int:
    """The root of a node's tree; every second step of the way is cut short."""
    while parents[node] != node:
        parents[node] = parents[parents[node]]
        node = parents[node]
    return node


@kernel
def join_nodes(parents: Nodes, starts: Edges, stops: Edges) -> None:
    """Joins the nodes at both ends of every edge."""
    for edge in range(starts.size):
        one, other = find_root(parents, starts[edge]), find_root(parents, stops[edge])
        if one != other:
            parents[other] = one


@kernel
def count_pairs(
    parents: Nodes, sizes: Int64[np.ndarray, " nodes"], starts: Edges, stops: Edges
) -> Int64[np.ndarray, " edges"]:
    """For each edge the pairs of counted voxels that it connects first, when edges come in this order.

    Args:
        parents: trees of nodes that are one from the beginning; changed.
        sizes: counted voxels of each root; changed.
        starts: a node at one end of each edge.
        stops: the node at its other end.
    """
    pairs = np.zeros(starts.size, np.int64)
    for edge in range(starts.size):
        one, other = find_root(parents, starts[edge]), find_root(parents, stops[edge])
        if one != other:
            pairs[edge] = sizes[one] * sizes[other]
            if sizes[one] < sizes[other]:
                one, other = other, one
            parents[other] = one
            sizes[one] += sizes[other]
    return pairs


@kernel
def list_roots(parents: Nodes) -> Nodes:
    """The root of every node."""
    roots = np.empty_like(parents)
    for node in range(parents.size):
        roots[node] = find_root(parents, node)
    return roots
