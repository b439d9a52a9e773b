"""Nodes without which a graph falls apart."""

import numpy as np
from jaxtyping import Bool, Int64

from volumen.compiling import kernel

Numbers = Int64[np.ndarray, " numbers"]


@kernel
def find_cut_nodes(starts: Numbers, neighbours: Numbers) -> Bool[np.ndarray, " nodes"]:
    """Which nodes are the only link between some of their neighbours (Hopcroft and Tarjan 1973).

    Nodes are numbered as a walk goes down; one is a link when from some branch below it nothing above can be reached.

    Args:
        starts: where the neighbours of each node begin in the list, and where the last ones end.
        neighbours: of all nodes, one after the other; each link is there from both sides.
    """
    nodes = starts.size - 1
    cuts = np.zeros(nodes, np.bool_)
    depth, highest = np.full(nodes, -1, np.int64), np.zeros(nodes, np.int64)
    parents, cursor = np.full(nodes, -1, np.int64), starts[:-1].copy()
    for root in range(nodes):
        branches, node = 0, root
        if depth[root] < 0:
            depth[root] = highest[root] = 0
        else:
            node = -1
        while node >= 0:
            parent = parents[node]
            if cursor[node] < starts[node + 1]:
                other = neighbours[cursor[node]]
                cursor[node] += 1
                if depth[other] < 0:
                    parents[other] = node
                    depth[other] = highest[other] = depth[node] + 1
                    node = other
                elif other != parent:
                    highest[node] = min(highest[node], depth[other])
                continue
            if parent == root:
                branches += 1
            elif parent >= 0:
                highest[parent] = min(highest[parent], highest[node])
                cuts[parent] |= highest[node] >= depth[parent]
            node = parent
        cuts[root] |= branches > 1
    return cuts
