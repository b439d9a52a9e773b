"""Compiled elimination over the field of two elements: sparse columns, told apart by their last rows."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int32, Int64, UInt64

from volumen.compiling import kernel, kernel_part

ONE, LOW_BITS = np.uint64(1), np.uint64(63)
WORD_BITS, WORD_SHIFT = 64, 6
HALVES = (32, 16, 8, 4, 2, 1)
SEVERAL = -1

Rows = Int32[np.ndarray, " room"]


class Faces(NamedTuple):
    """The edges of faces, and the rank of each edge among the rows; -1 for those that are none."""

    edges: Int32[np.ndarray, "faces 4"]
    ranks: Int32[np.ndarray, " edges"]


class RowSet(NamedTuple):
    """A column at work: the set of its rows, whose last is found at once.

    A bit for each row; behind them, from word `groups` on, a bit for each word that may not be 0, and from word `tops`
    on a bit for each of those words.
    """

    words: UInt64[np.ndarray, " words"]
    groups: int
    tops: int


class Basis(NamedTuple):
    """Columns of which no two have the same last row; each is listed from its last row to its first.

    `owners` has for each row the column whose last it is, or -1; column c is `rows[starts[c] : starts[c + 1]]`.
    """

    owners: Int32[np.ndarray, " height"]
    starts: Int64[np.ndarray, " most"]
    rows: Rows
    size: int


class Classes(NamedTuple):
    """What each row is equal to when the columns of a basis count as 0: a sum of rows that no column owns.

    `numbers` has for each row which of the sums; sum n is `rows[starts[n] : starts[n + 1]]`, and sum 0 is empty. No sum
    is of more than `longest` rows.
    """

    numbers: Int32[np.ndarray, " height"]
    starts: Int64[np.ndarray, " sums"]
    rows: Rows
    longest: int


def make_row_set(height: int) -> RowSet:
    """An empty set of rows below a height."""
    words = height // WORD_BITS + 1
    groups = words // WORD_BITS + 1
    return RowSet(np.zeros(words + groups + groups // WORD_BITS + 1, np.uint64), words, words + groups)


def make_basis(height: int) -> Basis:
    """A basis without columns."""
    return Basis(np.full(height, -1, np.int32), np.zeros(height + 1, np.int64), np.empty(4 * height, np.int32), 0)


def copy_basis(basis: Basis) -> Basis:
    """The same basis, to which columns can be added without a trace in the first."""
    return Basis(basis.owners.copy(), basis.starts.copy(), basis.rows.copy(), basis.size)


def make_classes(height: int, longest: int) -> Classes:
    """Room for the classes of rows."""
    numbers, starts = np.zeros(height, np.int32), np.zeros(height + 2, np.int64)
    return Classes(numbers, starts, np.empty(height + longest, np.int32), longest)


@kernel
def reduce_faces(faces: Faces, basis: Basis, column: RowSet) -> Basis:
    """The basis with the boundaries of faces."""
    for face in range(len(faces.edges)):
        for side in range(4):
            rank = np.int64(faces.ranks[faces.edges[face, side]])
            if rank >= 0:
                flip(column, rank)
        basis = add_column(basis, column)
    return basis


@kernel
def express_rows(basis: Basis, classes: Classes, left: Basis, column: RowSet) -> tuple[int, Rows, Basis]:
    """Fill in the class of each row; how many sums there are, their rows, and what remains of the basis comes back.

    Rows of equal class often share one sum. A row that would equal a sum of more than the longest allowed stands for
    itself from there on, as if no column owned it, and the sum stays behind as a column: sums of long sums grow beyond
    all bounds in noise.
    """
    numbers, starts, rows, longest = classes
    count = 1
    for row in range(len(basis.owners)):
        owner = np.int64(basis.owners[row])
        if owner < 0:
            flip(column, row)
        else:
            only = find_only(basis, owner, numbers)
            if only != SEVERAL:
                numbers[row] = only
                continue
            for place in range(basis.starts[owner] + 1, basis.starts[owner + 1]):
                flip_range(column, rows, starts, np.int64(numbers[basis.rows[place]]))
        rows, end = take_rows(column, rows, starts[count])
        if owner >= 0 and end - starts[count] > longest:
            starts[count + 1] = end
            flip(column, row)
            flip_range(column, rows, starts, np.int64(count))
            left = add_column(left, column)
            rows[starts[count]], end = row, starts[count] + 1
        if end > starts[count]:
            numbers[row] = count
            count += 1
            starts[count] = end
    return count, rows, left


@kernel_part
def find_only(basis: Basis, owner: int | np.int64, numbers: Int32[np.ndarray, " height"]) -> int:
    """The only sum among a column's rows before its last; 0 when all are 0, SEVERAL when there are more."""
    only = 0
    for place in range(basis.starts[owner] + 1, basis.starts[owner + 1]):
        number = numbers[basis.rows[place]]
        if number and only:
            return SEVERAL
        only |= number
    return only


@kernel_part
def add_column(basis: Basis, column: RowSet) -> Basis:
    """The basis with what is new in a column, if anything; the column is left empty."""
    last = find_last(column)
    while last >= 0 and basis.owners[last] >= 0:
        flip_range(column, basis.rows, basis.starts, np.int64(basis.owners[last]))
        last = find_last(column)
    if last < 0:
        return basis
    basis.owners[last] = basis.size
    rows, end = take_rows(column, basis.rows, basis.starts[basis.size])
    basis.starts[basis.size + 1] = end
    return Basis(basis.owners, basis.starts, rows, basis.size + 1)


@kernel_part
def flip_range(column: RowSet, rows: Rows, starts: Int64[np.ndarray, " most"], which: int | np.int64) -> None:
    """Add the rows of one of several lists, which lie one behind the other, to a column."""
    for place in range(starts[which], starts[which + 1]):
        flip(column, np.int64(rows[place]))


@kernel_part
def take_rows(column: RowSet, rows: Rows, end: int) -> tuple[Rows, int]:
    """Move the rows of a column, the last first, to the end of a list; the list, maybe larger, and its new end."""
    last = find_last(column)
    while last >= 0:
        if end == len(rows):
            rows = enlarge(rows)
        rows[end] = last
        end += 1
        flip(column, last)
        last = find_last(column)
    return rows, end


@kernel_part
def enlarge(rows: Rows) -> Rows:
    """The same list with twice the room."""
    room = np.empty(2 * len(rows) + WORD_BITS, np.int32)
    for place in range(len(rows)):
        room[place] = rows[place]
    return room


@kernel_part
def flip(column: RowSet, row: int | np.int64) -> None:
    """Add a row: it comes in, or goes when it was there."""
    word, group = row >> WORD_SHIFT, row >> 2 * WORD_SHIFT
    column.words[word] ^= ONE << (np.uint64(row) & LOW_BITS)
    column.words[column.groups + group] |= ONE << (np.uint64(word) & LOW_BITS)
    column.words[column.tops + (group >> WORD_SHIFT)] |= ONE << (np.uint64(group) & LOW_BITS)


@kernel_part
def find_last(column: RowSet) -> int:
    """The last row of a column, or -1 when it has none; words found to be 0 are noted on the way."""
    words = column.words
    for top in range(len(words) - 1, column.tops - 1, -1):
        while words[top]:
            group = ((top - column.tops) << WORD_SHIFT) + find_highest(words[top])
            while words[column.groups + group]:
                word = (group << WORD_SHIFT) + find_highest(words[column.groups + group])
                if words[word]:
                    return (word << WORD_SHIFT) + find_highest(words[word])
                words[column.groups + group] ^= ONE << (np.uint64(word) & LOW_BITS)
            words[top] ^= ONE << (np.uint64(group) & LOW_BITS)
    return -1


@kernel_part
def find_highest(word: np.uint64) -> int:
    """Place of the highest bit of a word that is not 0."""
    place = 0
    for half in HALVES:
        if word >> np.uint64(half):
            word >>= np.uint64(half)
            place += half
    return place
