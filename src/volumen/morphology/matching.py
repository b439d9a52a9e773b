"""Betti matching: which components, tunnels and cavities two masks have in common, place by place.

Features of two masks match when they become one feature of the union in the same step of a filtration (Stucki,
Paetzold, Shit, Menze, Bauer: "Topologically faithful image segmentation via induced matching of persistence barcodes",
2023). For grey-value images that takes the persistent homology of both, of their union and of both inclusions. For
masks each part is less:

- Components and cavities: one walk over the union (`matching_kernels`).
- Tunnels: let U be the union and X one mask. The filtration fills U up to the whole box, so every class of tunnels of U
  has a death: the square that closes it. The classes of X are, in U, a subspace of the classes of U; matched are the
  deaths that both subspaces have. U shrinks to the complex of its runs (`tunnel_kernels`), X to the graph of its own
  runs, each edge of it within one of U. A loop of U dies with the last of its edges in the order of squares, boundaries
  of faces count as 0 (`reduction_kernels`), and the loops of X's graph span its subspace (`cycle_kernels`).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Int32

from volumen.errors import ShapeError
from volumen.morphology.betti import Topology, encode_masks, read_topology
from volumen.morphology.components import Mask, require_mask

if TYPE_CHECKING:
    from volumen.morphology.run_kernels import Cells, Codes
    from volumen.morphology.tunnel_kernels import Side, Trace

Counts = tuple[int, int, int]
ONE, OTHER, UNION = 1, 2, 3  # bits of the codes
LONGEST = 64  # rows in a sum: with 64 noise takes the least time of 8, 24, 64 and 256, and little memory


def match_features(one: Mask, other: Bool[np.ndarray, "oz oy ox"]) -> dict[int, Counts]:
    """By dimension (0 components, 1 tunnels, 2 cavities): features that match, that one mask has, that the other has.

    Foreground is 6-connected, background 26-connected. The component that never dies is not counted, as in the
    barcodes of Betti matching: a mask of n components has n - 1. The counts are those of Betti-Matching-3D on masks,
    and so are the ties, which go by the order of voxels: a flip of both masks may change what matches.

    Holds 1 byte a voxel, and where both masks have tunnels about 150 bytes a run of the union (a longest row of
    foreground along z): sheets have one in ten to fifty voxels, noise one in four.
    """
    require_mask(one)
    require_mask(other)
    if one.shape != other.shape:
        raise ShapeError(f"masks to match must have one shape; got {one.shape} and {other.shape}")
    from volumen.morphology.run_kernels import survey

    codes = encode_masks(one, other)
    surveys = [survey(codes, bits) for bits in (ONE, OTHER)]
    counts = list(zip(*(_count_finite(read_topology(found)) for found in surveys), strict=True))
    both = [min(pair) > 0 for pair in counts]
    matched = [
        _match_components(codes) if both[0] else 0,
        _match_tunnels(codes, [found.cells for found in surveys]) if both[1] else 0,
        _match_cavities(codes) if both[2] else 0,
    ]
    return {dimension: (matched[dimension], *pair) for dimension, pair in enumerate(counts)}


def _count_finite(topology: Topology) -> Counts:
    """Features that die when the rest of the box is filled in."""
    return max(topology.components - 1, 0), topology.tunnels, topology.cavities


def _match_components(codes: "Codes") -> int:
    """Number of pieces of both masks that meet a part that holds both, when pieces join it one by one."""
    from volumen.morphology.matching_kernels import find_pieces

    pieces = find_pieces(codes, UNION)
    holds = pieces.holds[np.argsort(pieces.meets, kind="stable")]
    held = np.bitwise_or.accumulate(holds)
    return int(np.count_nonzero((held[:-1] == UNION) & (holds[1:] == UNION)))


def _match_cavities(codes: "Codes") -> int:
    """Number of voxels that are the last outside both in a cavity of either mask."""
    from volumen.morphology.matching_kernels import find_last_outside

    last_of_one, last_of_other = (find_last_outside(codes, bits, UNION) for bits in (ONE, OTHER))
    return int(np.count_nonzero(last_of_one & last_of_other))


def _match_tunnels(codes: "Codes", cells: "Sequence[Cells]") -> int:
    """Number of squares that close a tunnel of both masks."""
    from volumen.morphology.cycle_kernels import contract, find_deaths
    from volumen.morphology.reduction_kernels import express_rows, reduce_faces
    from volumen.morphology.tunnel_kernels import rank_loops

    trace, sides = _trace_union(codes, cells)
    ranks = rank_loops(trace.ends, 1 + np.argsort(trace.places[1:], kind="stable"), trace.union.parents)
    classes, basis = express_rows(reduce_faces(trace.faces, ranks, 1 + int(ranks.max())), LONGEST)
    sums = np.append(classes.numbers, np.int32(0))[ranks]  # of each edge; rank -1 is the 0 at the end
    matched = np.ones(len(classes.numbers), bool)
    for side in sides:
        side.links[:, 2] = sums[side.links[:, 2]]
        vertices = len(side.walk.parents)
        matched &= find_deaths(_drop_repeated(contract(side.links, side.walk.parents)), vertices, classes, basis)
    return int(np.count_nonzero(matched))


def _trace_union(codes: "Codes", cells: "Sequence[Cells]") -> "tuple[Trace, Sequence[Side]]":
    """The complex of the union and the links of both masks."""
    from volumen.morphology.run_kernels import begin_walk, count_cells
    from volumen.morphology.tunnel_kernels import Side, Trace, trace_union

    most = count_cells(codes, UNION)
    trace = Trace(
        union=begin_walk(codes, UNION, most.runs),
        along=np.zeros((2, codes.voxels.shape[1]), np.int32),
        ends=np.zeros((most.edges + 1, 2), np.int32),
        places=np.zeros(most.edges + 1, np.int64),
        faces=np.zeros((most.faces, 4), np.int32),
        next=np.array([1, 0]),
    )
    sides = [
        Side(begin_walk(codes, bits, own.runs), np.zeros((own.edges, 3), np.int32), np.zeros(1, np.int64))
        for bits, own in zip((ONE, OTHER), cells, strict=True)
    ]
    trace_union(trace, *sides)
    edges, faces = trace.next  # fewer than there was room for: in the first plane runs go on along rows
    return trace._replace(ends=trace.ends[:edges], places=trace.places[:edges], faces=trace.faces[:faces]), sides


def _drop_repeated(links: Int32[np.ndarray, "links 3"]) -> Int32[np.ndarray, "kept 3"]:
    """The links without those that join the same vertices and carry the same as another."""
    ordered = links[np.lexsort(links.T)]
    differs = np.ones(len(ordered), bool)
    differs[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    return ordered[differs]
