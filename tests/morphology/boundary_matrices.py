"""Betti matching by the book: boundary matrices of whole cubical complexes, reduced column by column.

Slow and plain; what `volumen.morphology.matching` and `volumen.morphology.persistence` are compared with.
"""

import itertools
from collections.abc import Iterable
from functools import cache

import numpy as np

Cell = tuple[int, ...]  # doubled coordinates: even is a voxel's centre, odd spans to the next
Values = dict[Cell, float]


def match_by_the_book(one: np.ndarray, other: np.ndarray) -> dict[int, tuple[int, int, int]]:
    """Matched features and those of each mask, by dimension."""
    union = list_values(one | other)
    images = [list_values(mask) for mask in (one, other)]
    return {dimension: match_dimension(images, union, dimension) for dimension in range(3)}


def list_values(array: np.ndarray) -> Values:
    """When each cell of the box comes: minus the least of its voxels."""
    return {cell: -float(array[voxels].min()) for cell, voxels in order_cells(array.shape)}


@cache
def order_cells(shape: tuple[int, ...]) -> list[tuple[Cell, tuple[slice, ...]]]:
    """Cells of a box with their voxels, by place of the first one, and kind."""
    cells = itertools.product(*(range(2 * extent - 1) for extent in shape))
    ordered = sorted(cells, key=lambda cell: ([place // 2 for place in cell], kind_of(cell)))
    return [(cell, tuple(slice(place // 2, (place + 1) // 2 + 1) for place in cell)) for cell in ordered]


def match_dimension(images: list[Values], union: Values, dimension: int) -> tuple[int, int, int]:
    births = [list_births(image, dimension) for image in images]
    induced = [pair_cells(image, union, dimension) for image in images]
    matched = sum(
        all(induced[side][death] in births[side] for side in (0, 1))
        for death, birth in pair_cells(union, union, dimension).items()
        if union[birth] != union[death]
    )
    return matched, len(births[0]), len(births[1])


def list_births(image: Values, dimension: int) -> set[Cell]:
    """Where classes begin that live for a while."""
    pairs = pair_cells(image, image, dimension)
    return {birth for death, birth in pairs.items() if image[birth] != image[death]}


def pair_cells(rows: Values, columns: Values, dimension: int) -> dict[Cell, Cell]:
    """The cell of a dimension that each cell of the next kills: rows in the order of one image, columns of another."""
    cells = list_cells(rows, dimension)
    ranks = {cell: rank for rank, cell in enumerate(cells)}
    reduced: dict[int, int] = {}
    pairs = {}
    for column in list_cells(columns, dimension + 1):
        bits = sum(1 << ranks[face] for face in list_faces(column))
        while bits and bits.bit_length() in reduced:
            bits ^= reduced[bits.bit_length()]
        if bits:
            reduced[bits.bit_length()] = bits
            pairs[column] = cells[bits.bit_length() - 1]
    return pairs


def list_cells(image: Values, dimension: int) -> list[Cell]:
    """Cells of a dimension by value, and where that is the same in the order of the box."""
    return sorted((cell for cell in image if len(list_faces(cell)) == 2 * dimension), key=image.__getitem__)


def kind_of(cell: Cell) -> int:
    """Of an edge the axis it runs along, of a square the axis across it."""
    spans = [axis for axis in range(3) if cell[axis] % 2]
    return {0: 0, 1: sum(spans), 2: 3 - sum(spans), 3: 0}[len(spans)]


@cache
def list_faces(cell: Cell) -> list[Cell]:
    spans = [axis for axis in range(3) if cell[axis] % 2]
    return [(*cell[:axis], cell[axis] + step, *cell[axis + 1 :]) for axis in spans for step in (-1, 1)]


def count_kept(mask: np.ndarray, larger: np.ndarray, dimension: int) -> int:
    """Features of a mask that a larger one keeps, and keeps apart: the rank of the inclusion, without any order."""
    inside, outside = list_values(mask), list_values(larger)
    bits = {cell: 1 << place for place, cell in enumerate(inside)}
    faces = {cell: sum(bits[face] for face in list_faces(cell)) for cell in inside}
    own = [cell for cell in list_cells(inside, dimension) if inside[cell]]
    chains = reduce_rows(faces[cell] << len(bits) | bits[cell] for cell in own)
    cycles = [chain for chain in chains if chain < 1 << len(bits)]
    boundaries = reduce_rows(faces[cell] for cell in list_cells(outside, dimension + 1) if outside[cell])
    return len(reduce_rows([*boundaries, *cycles])) - len(boundaries)


def reduce_rows(rows: Iterable[int]) -> list[int]:
    """Sums of rows of bits, modulo 2, that span all of them: no two begin with the same bit."""
    reduced: dict[int, int] = {}
    for row in rows:
        rest = row
        while rest and rest.bit_length() in reduced:
            rest ^= reduced[rest.bit_length()]
        if rest:
            reduced[rest.bit_length()] = rest
    return list(reduced.values())
