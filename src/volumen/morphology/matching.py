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
from jaxtyping import Bool, Int32, Int64, UInt8

from volumen.errors import ShapeError
from volumen.morphology.betti import Topology, encode_masks, find_gaps, find_runs, survey_mask
from volumen.morphology.components import Mask, require_mask

if TYPE_CHECKING:
    from volumen.morphology.reduction_kernels import Basis, Classes
    from volumen.morphology.run_kernels import Cells, Codes
    from volumen.morphology.tunnel_kernels import Side, Trace

Counts = tuple[int, int, int]
ONE, OTHER, UNION = 1, 2, 3  # bits of the codes
NEVER = np.iinfo(np.int64).max
LONGEST = 64  # rows in a sum: with 64 noise takes the least time of 8, 24, 64 and 256, and little memory


def match_features(one: Mask, other: Bool[np.ndarray, "oz oy ox"]) -> dict[int, Counts]:
    """By dimension (0 components, 1 tunnels, 2 cavities): features that match, that one mask has, that the other has.

    Foreground is 6-connected, background 26-connected. The component that never dies is not counted, as in the
    barcodes of Betti matching: a mask of n components has n - 1. The counts are those of Betti-Matching-3D on masks,
    and so are the ties, which go by the order of voxels: a flip of both masks may change what matches.

    Holds 2 bytes a voxel and 60 bytes a run of the union (a longest row of foreground along z), where both masks have
    tunnels 200 to 600: sheets have a run in ten to fifty voxels, noise one in four.
    """
    require_mask(one)
    require_mask(other)
    if one.shape != other.shape:
        raise ShapeError(f"masks to match must have one shape; got {one.shape} and {other.shape}")
    codes = encode_masks(one, other)
    surveys = [survey_mask(codes, bits) for bits in (ONE, OTHER)]
    components, tunnels, cavities = zip(*(_count_finite(topology) for topology, _ in surveys), strict=True)
    pieces, cells = _find_pieces(codes)
    return {
        0: (_count_meetings(pieces) if min(components) else 0, *components),
        1: (_match_tunnels(codes, cells, [own for _, own in surveys]) if min(tunnels) else 0, *tunnels),
        2: (_match_cavities(codes, cells.runs) if min(cavities) else 0, *cavities),
    }


def _count_finite(topology: Topology) -> Counts:
    """Features that die when the rest of the box is filled in."""
    return max(topology.components - 1, 0), topology.tunnels, topology.cavities


def _find_pieces(codes: "Codes") -> "tuple[UInt8[np.ndarray, ' pieces'], Cells]":
    """Which masks each component of the union holds, in the order in which they meet the first, and its cells.

    That of the first voxel takes in its neighbours in the order of voxels, then of axes. As long as it lacks a voxel,
    it holds all before it, so no two others ever meet.
    """
    runs, cells = find_runs(codes, UNION)
    roots = _find_roots(runs.parents[: cells.runs + 1])[1:]
    holds, meets = np.zeros(cells.runs + 1, np.uint8), np.full(cells.runs + 1, NEVER)
    np.bitwise_or.at(holds, roots, runs.holds[1 : cells.runs + 1])
    np.minimum.at(meets, roots, _find_meetings(codes))
    return holds[np.argsort(meets)[: cells.components]], cells


def _find_meetings(codes: "Codes") -> Int64[np.ndarray, " runs"]:
    """For each run of the union the place in that order of its first pair with a voxel before it, or −1."""
    firsts = codes.changes[codes.voxels[codes.changes - codes.plane] == 0]
    columns = firsts % codes.plane
    before = [firsts >= 2 * codes.plane, columns >= 2 * codes.row, columns > codes.row + 1]
    steps = [codes.plane, codes.row, 1]
    return np.select(before, [(firsts - step) * len(steps) + axis for axis, step in enumerate(steps)], -1)


def _count_meetings(pieces: UInt8[np.ndarray, " pieces"]) -> int:
    """Number of pieces of both masks that meet a part that holds both, when pieces join it one by one."""
    held = np.bitwise_or.accumulate(pieces)
    return int(np.count_nonzero((held[:-1] == UNION) & (pieces[1:] == UNION)))


def _match_cavities(codes: "Codes", runs: int) -> int:
    """Number of voxels that are the last outside both in a cavity of either mask."""
    last_of_one, last_of_other = (_find_last_outside(codes, bits, runs) for bits in (ONE, OTHER))
    return int(np.count_nonzero(last_of_one & last_of_other))


def _find_last_outside(codes: "Codes", bits: int, runs: int) -> Bool[np.ndarray, " runs"]:
    """For each run of either mask, whether the voxel before it is the last outside both in a cavity of one mask.

    The outside takes in the cavities one by one, that with the last voxel first. A cavity of a mask is paired with the
    cavity of the union that holds its last voxel outside both.
    """
    gaps, _ = find_gaps(codes, bits)
    cavities = _find_roots(gaps.parents)[gaps.before[1 : runs + 1]]
    last = np.full(len(gaps.parents), -1)
    last[cavities] = np.arange(runs)  # of the runs of one cavity the last stays
    marked = np.zeros(runs + 1, bool)
    marked[last[1:]] = True  # cavity 0 is the outside; those without a run mark the place at the end
    return marked[:-1]


def _find_roots(parents: Int32[np.ndarray, " members"]) -> Int32[np.ndarray, " members"]:
    """For each member of a tree its root."""
    while (parents[parents] != parents).any():
        parents = parents[parents]
    return parents


def _match_tunnels(codes: "Codes", cells: "Cells", own: "Sequence[Cells]") -> int:
    """Number of squares that close a tunnel of both masks."""
    from volumen.morphology.tunnel_kernels import rank_loops

    trace, sides = _trace_union(codes, cells, own)
    ranks = np.full(len(trace.ends), -1, np.int32)
    order = 1 + np.argsort(trace.places[1:], kind="stable")
    height = rank_loops(trace.ends, order, np.arange(trace.next[0], dtype=np.int32), ranks)
    classes, basis = _express_rows(trace.faces, ranks, height)
    sums = np.append(classes.numbers, np.int32(0))[ranks]  # of each edge; rank -1 is the 0 at the end
    matched = np.ones(height, bool)
    for side in sides:
        matched &= _find_deaths(_contract(side, sums), int(side.next[0]), classes, basis)
    return int(np.count_nonzero(matched))


def _trace_union(codes: "Codes", cells: "Cells", own: "Sequence[Cells]") -> "tuple[Trace, Sequence[Side]]":
    """The complex of the union and the links of both masks."""
    from volumen.morphology.tunnel_kernels import begin_side, begin_trace, trace_union

    trace = begin_trace(codes, UNION, cells)
    one, other = (begin_side(codes, bits, trace, cells.edges) for bits, cells in zip((ONE, OTHER), own, strict=True))
    trace_union(codes, trace, one, other)
    _, edges, faces = trace.next  # fewer than there was room for: in the first plane runs go on along rows
    return trace._replace(ends=trace.ends[:edges], places=trace.places[:edges], faces=trace.faces[:faces]), (one, other)


def _express_rows(
    faces: Int32[np.ndarray, "faces 4"], ranks: Int32[np.ndarray, " edges"], height: int
) -> "tuple[Classes, Basis]":
    """What each row equals when boundaries of faces count as 0, and a basis of the boundaries that this leaves out."""
    from volumen.morphology import reduction_kernels as kernels

    column, classes = kernels.make_row_set(height), kernels.make_classes(height, LONGEST)
    basis = kernels.reduce_faces(kernels.Faces(faces, ranks), kernels.make_basis(height), column)
    count, rows, left = kernels.express_rows(basis, classes, kernels.make_basis(height), column)
    return classes._replace(starts=classes.starts[: count + 1], rows=rows), left


def _contract(side: "Side", sums: Int32[np.ndarray, " edges"]) -> Int32[np.ndarray, "links 3"]:
    """The links that carry something, between the parts that the others hold together; the lower part first."""
    from volumen.morphology.tunnel_kernels import rank_loops

    parents = np.arange(side.next[0], dtype=np.int32)
    carried = sums[side.edges]
    rank_loops(side.ends, np.flatnonzero(carried == 0), parents, np.empty_like(carried))
    parts = np.sort(_find_roots(parents)[side.ends[carried != 0]], axis=1)
    return _drop_repeated(np.column_stack([parts, carried[carried != 0]]))


def _find_deaths(
    links: Int32[np.ndarray, "links 3"], vertices: int, classes: "Classes", basis: "Basis"
) -> Bool[np.ndarray, " height"]:
    """Which rows are the last of some sum of loops, where columns of the basis count as 0."""
    from volumen.morphology.cycle_kernels import plant_forest, reduce_loops
    from volumen.morphology.reduction_kernels import copy_basis, make_row_set

    own = copy_basis(basis)
    reduce_loops(plant_forest(links, vertices), classes, own, make_row_set(len(own.owners)))
    deaths: Bool[np.ndarray, " height"] = (own.owners >= 0) & (basis.owners < 0)
    return deaths


def _drop_repeated(links: Int32[np.ndarray, "links 3"]) -> Int32[np.ndarray, "kept 3"]:
    """The links without those that join the same vertices and carry the same as another."""
    ordered = links[np.lexsort(links.T)]
    differs = np.ones(len(ordered), bool)
    differs[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    return ordered[differs]
