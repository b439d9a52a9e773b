"""Persistent homology of superlevel sets, and which features of two arrays are the same.

As a threshold falls from the largest value to the smallest, components, tunnels and cavities begin and end. Voxels are
vertices of the grid (the V-construction): foreground hangs together through faces, background through corners too, as
in the topology score of the surface-detection contest.

Which features of two arrays match depends on the order of cells wherever several come at one threshold, even with one
voxel. It is that of Betti-Matching-3D: by value, then by first voxel in C order, then by axis: along which an edge
runs, across which a square lies. So masks have the matches that `match_features` counts.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Int32, Int64

Values = Float32[np.ndarray, "z y x"]
Places = Int32[np.ndarray, " places"]
Numbers = Int64[np.ndarray, " numbers"]
# Axes that cells span, in the order of their kinds.
EDGES = ((0,), (1,), (2,))
SQUARES = ((1, 2), (0, 2), (0, 1))


@dataclass(frozen=True)
class Intervals:
    """Where features begin and end: the voxels, in C order, whose values are the thresholds of both."""

    births: Numbers
    deaths: Numbers

    def __len__(self) -> int:
        return len(self.births)


@dataclass(frozen=True)
class Matching:
    """Features of two arrays, and the numbers of those that are the same in both, side by side."""

    first: Intervals
    second: Intervals
    in_first: Numbers
    in_second: Numbers


class Cells(NamedTuple):
    """All cells of one dimension.

    Args:
        latest: for each cell the place of its latest voxel; −1 where the number is no cell.
        order: cells in the order in which they come: by value, then by number.
    """

    latest: Places
    order: Places

    @property
    def places(self) -> Places:
        """For each cell its place in the order; −1 where the number is no cell."""
        places = np.full(len(self.latest), -1, np.int32)
        places[self.order] = np.arange(len(self.order), dtype=np.int32)
        return places


@dataclass(frozen=True)
class Filtration:
    """A grid that grows as the threshold falls: a cell comes at the least value of its voxels.

    Args:
        values: of all voxels, in C order.
        voxels: in the order in which they come: by value, then in C order.
        steps: from a voxel to the next along each axis.
        cells: vertices, edges, squares and cubes, numbered as in `persistence_kernels`.
    """

    values: Float32[np.ndarray, " voxels"]
    voxels: Numbers
    steps: Int64[np.ndarray, "3"]
    cells: tuple[Cells, Cells, Cells, Cells]

    def read_values(self, cells: Numbers, dimension: int) -> Float32[np.ndarray, " numbers"]:
        """The threshold at which each of some cells comes."""
        values: Float32[np.ndarray, " numbers"] = self.values[self.find_voxels(cells, dimension)]
        return values

    def find_voxels(self, cells: Numbers, dimension: int) -> Numbers:
        """The latest voxel of each of some cells."""
        voxels: Numbers = self.voxels[self.cells[dimension].latest[cells]]
        return voxels

    @cached_property
    def components(self) -> "Pairs":
        """Voxels that begin components, and edges that end them."""
        return pair_dimension(self, self, 0)

    @cached_property
    def cavities(self) -> "Pairs":
        """Squares that begin cavities, and cubes that end them."""
        return pair_dimension(self, self, 2)


class Pairs(NamedTuple):
    """Cells that begin features, and cells of one dimension more that end them."""

    births: Numbers
    deaths: Numbers


def measure_persistence(values: Values) -> tuple[Intervals, Intervals, Intervals]:
    """Components, tunnels and cavities, each with its beginning and end.

    Features that end at the value they begin with are left out, and so is the component that never ends: it begins at
    the largest value. Holds about 80 bytes a voxel.
    """
    filtration = build_filtration(values)
    components, tunnels, cavities = (_read_intervals(filtration, dimension)[1] for dimension in range(3))
    return components, tunnels, cavities


def match_persistence(first: Values, second: Values) -> tuple[Matching, Matching, Matching]:
    """Components, tunnels and cavities of two arrays, and which of them are the same.

    Those are the same that become one when the arrays are laid over each other: the Betti matching of Stucki et al.
    (2023, Topologically Faithful Image Segmentation via Induced Matching of Persistence Barcodes). A feature of an
    array and one of the union, the larger of both values, belong together when some feature of the image of the one
    array's homology in that of the union begins with the first and ends with the second. It has to last: those that
    the union ends before they begin, which masks never have, match nothing here, though they do in Betti-Matching-3D.
    Holds about 250 bytes a voxel.
    """
    union = build_filtration(np.maximum(first, second))
    pair = build_filtration(first), build_filtration(second)
    components, tunnels, cavities = (_match_features(pair, union, dimension) for dimension in range(3))
    return components, tunnels, cavities


def build_filtration(values: Values) -> Filtration:
    """The filtration by superlevel sets."""
    from volumen.morphology.persistence_kernels import sort_cells

    voxels = np.argsort(-values, axis=None, kind="stable")
    places = np.empty(values.size, np.int32)
    places[voxels] = np.arange(values.size, dtype=np.int32)
    grid = places.reshape(values.shape)
    edges, squares = ([_find_latest(grid, axes) for axes in spans] for spans in (EDGES, SQUARES))
    numbered = (
        places,
        np.stack(edges, -1).ravel(),
        np.stack(squares, -1).ravel(),
        _find_latest(grid, (0, 1, 2)).ravel(),
    )
    levels = _number_values(values.ravel()[voxels])
    cells = [Cells(latest, sort_cells(latest, levels)) for latest in numbered]
    steps = np.array([values.shape[1] * values.shape[2], values.shape[2], 1])
    return Filtration(values.ravel(), voxels, steps, (cells[0], cells[1], cells[2], cells[3]))


def pair_dimension(rows: Filtration, columns: Filtration, dimension: int) -> Pairs:
    """Features of the image of one filtration's homology in another's, which holds it at every threshold.

    They begin with cells of the first and end with cells of the second; those of a filtration in itself are its own.
    """
    from volumen.morphology import persistence_kernels as kernels

    if dimension == 0:
        ends = kernels.pair_components(rows.cells[0].latest, columns.cells[1].order, rows.steps)
        births = np.flatnonzero(ends >= 0)
        return Pairs(births, ends[births].astype(np.int64))
    if dimension == 2:  # noqa: PLR2004 - cavities
        begins = kernels.pair_cavities(rows.cells[2].order, columns.cells[3].places, rows.steps)
        deaths = np.flatnonzero(begins >= 0)
        return Pairs(begins[deaths].astype(np.int64), deaths)
    return _pair_tunnels(rows, columns)


def _pair_tunnels(rows: Filtration, columns: Filtration) -> Pairs:
    """Edges that begin tunnels and squares that end them, by reduction of the boundaries of squares.

    Squares that begin cavities end no tunnel, and edges that end components begin none: both are left out beforehand.
    """
    from volumen.morphology import persistence_kernels as kernels

    edges = _leave_out(rows.cells[1].order, rows.components.deaths)[::-1]
    squares = _leave_out(columns.cells[2].order, columns.cavities.births)
    numbers = np.full(len(rows.cells[1].latest), -1, np.int32)
    numbers[edges] = np.arange(len(edges), dtype=np.int32)
    owners = kernels.reduce_columns(kernels.list_boundaries(squares, numbers, rows.steps), len(edges))
    owned = owners >= 0
    return Pairs(edges[owned].astype(np.int64), squares[owners[owned]].astype(np.int64))


def _match_features(pair: tuple[Filtration, Filtration], union: Filtration, dimension: int) -> Matching:
    """Features of both that the union makes one."""
    own = [_read_intervals(filtration, dimension) for filtration in pair]
    images = [_find_image(filtration, union, dimension) for filtration in pair]
    _, in_first, in_second = np.intersect1d(images[0].deaths, images[1].deaths, return_indices=True)
    begun = images[0].births[in_first], images[1].births[in_second]
    (first_births, first), (second_births, second) = own
    return Matching(first, second, _find_numbers(first_births, begun[0]), _find_numbers(second_births, begun[1]))


def _find_image(filtration: Filtration, union: Filtration, dimension: int) -> Pairs:
    """Features of a filtration that are still there in the union for a while."""
    pairs = pair_dimension(filtration, union, dimension)
    lives = filtration.read_values(pairs.births, dimension) > union.read_values(pairs.deaths, dimension + 1)
    return Pairs(pairs.births[lives], pairs.deaths[lives])


def _read_intervals(filtration: Filtration, dimension: int) -> tuple[Numbers, Intervals]:
    """The cells that begin a filtration's own features, and the features."""
    kept = _find_image(filtration, filtration, dimension)
    births = filtration.find_voxels(kept.births, dimension)
    return kept.births, Intervals(births, filtration.find_voxels(kept.deaths, dimension + 1))


def _number_values(ordered: Float32[np.ndarray, " voxels"]) -> Places:
    """The number of each value among those that differ."""
    numbers = np.zeros(len(ordered), np.int32)
    np.cumsum(ordered[1:] != ordered[:-1], out=numbers[1:])
    return numbers


def _find_latest(places: Int32[np.ndarray, "z y x"], axes: tuple[int, ...]) -> Int32[np.ndarray, "z y x"]:
    """For each cell that spans some axes, by its first voxel, the largest place; −1 where it would leave the grid."""
    latest = places
    for axis in axes:
        ahead = np.full_like(latest, -1)
        here, there = np.moveaxis(latest, axis, 0)[:-1], np.moveaxis(latest, axis, 0)[1:]
        np.moveaxis(ahead, axis, 0)[:-1] = np.where((here < 0) | (there < 0), -1, np.maximum(here, there))
        latest = ahead
    return latest


def _leave_out(order: Places, cells: Numbers) -> Int32[np.ndarray, " rest"]:
    """Cells in their order, without some."""
    keep = np.ones(order.max(initial=0) + 1, bool)
    keep[cells] = False
    rest: Int32[np.ndarray, " rest"] = order[keep[order]]
    return rest


def _find_numbers(births: Numbers, some: Int64[np.ndarray, " some"]) -> Int64[np.ndarray, " some"]:
    """The place of each of some births among all."""
    order = np.argsort(births)
    return order[np.searchsorted(births, some, sorter=order)]
