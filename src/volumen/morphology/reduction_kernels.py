"""Compiled elimination over the field of two elements: sparse columns, told apart by their last rows."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int32, Int64, UInt64
from numba import njit

ONE, LOW_BITS = np.uint64(1), np.uint64(63)
WORD_BITS, WORD_SHIFT = 64, 6
HALVES = (32, 16, 8, 4, 2, 1)
SEVERAL = -1


class RowSet(NamedTuple):
    """A column at work: the set of its rows, whose last is found at once.

    A bit for each row; above them a bit for each word that is not 0, and above those again.
    """

    bits: UInt64[np.ndarray, " words"]
    words: UInt64[np.ndarray, " groups"]
    groups: UInt64[np.ndarray, " tops"]


class Basis(NamedTuple):
    """Columns of which no two have the same last row; each is listed from its last row to its first.

    `owners` has for each row the column whose last it is, or -1; column c is `rows[starts[c] : starts[c + 1]]`.
    """

    owners: Int32[np.ndarray, " height"]
    starts: Int64[np.ndarray, " most"]
    rows: Int32[np.ndarray, " room"]
    size: int


class Classes(NamedTuple):
    """What each row is equal to when the columns of a basis count as 0: a sum of rows that no column owns.

    `numbers` has for each row which of the sums; sum n is `rows[starts[n] : starts[n + 1]]`, and sum 0 is empty.
    """

    numbers: Int32[np.ndarray, " height"]
    starts: Int64[np.ndarray, " sums"]
    rows: Int32[np.ndarray, " room"]


@njit(cache=True, nogil=True)
def make_row_set(height: int) -> RowSet:
    """An empty set of rows below a height."""
    words = height // WORD_BITS + 1
    groups = words // WORD_BITS + 1
    return RowSet(np.zeros(words, np.uint64), np.zeros(groups, np.uint64), np.zeros(groups // WORD_BITS + 1, np.uint64))


@njit(cache=True, nogil=True)
def make_basis(height: int) -> Basis:
    """A basis without columns."""
    return Basis(np.full(height, -1, np.int32), np.zeros(height + 1, np.int64), np.empty(4 * height, np.int32), 0)


@njit(cache=True, nogil=True)
def copy_basis(basis: Basis) -> Basis:
    """The same basis, to which columns can be added without a trace in the first."""
    return Basis(basis.owners.copy(), basis.starts.copy(), basis.rows.copy(), basis.size)


@njit(cache=True, nogil=True)
def flip(column: RowSet, row: int) -> None:
    """Add a row: it comes in, or goes when it was there."""
    word = row >> WORD_SHIFT
    column.bits[word] ^= ONE << (np.uint64(row) & LOW_BITS)
    group = word >> WORD_SHIFT
    mark(column.words, word, column.bits[word] != 0)
    mark(column.groups, group, column.words[group] != 0)


@njit(cache=True, nogil=True)
def mark(bits: UInt64[np.ndarray, " words"], place: int, on: bool) -> None:  # noqa: FBT001 - compiled: no keywords
    """Set or clear a bit."""
    bit = ONE << (np.uint64(place) & LOW_BITS)
    if on:
        bits[place >> WORD_SHIFT] |= bit
    else:
        bits[place >> WORD_SHIFT] &= ~bit


@njit(cache=True, nogil=True)
def find_last(column: RowSet) -> int:
    """The last row of a column, or -1 when it has none."""
    for top in range(len(column.groups) - 1, -1, -1):
        if column.groups[top]:
            group = (top << WORD_SHIFT) + find_highest(column.groups[top])
            word = (group << WORD_SHIFT) + find_highest(column.words[group])
            return (word << WORD_SHIFT) + find_highest(column.bits[word])
    return -1


@njit(cache=True, nogil=True)
def find_highest(word: np.uint64) -> int:
    """Place of the highest bit of a word that is not 0."""
    place = 0
    for half in HALVES:
        if word >> np.uint64(half):
            word >>= np.uint64(half)
            place += half
    return place


@njit(cache=True, nogil=True)
def add_column(basis: Basis, column: RowSet) -> Basis:
    """The basis with what is new in a column, if anything; the column is left empty."""
    last = find_last(column)
    while last >= 0 and basis.owners[last] >= 0:
        flip_range(column, basis.rows, basis.starts, basis.owners[last])
        last = find_last(column)
    if last < 0:
        return basis
    basis.owners[last] = basis.size
    rows, end = take_rows(column, basis.rows, basis.starts[basis.size])
    basis.starts[basis.size + 1] = end
    return Basis(basis.owners, basis.starts, rows, basis.size + 1)


@njit(cache=True, nogil=True)
def flip_range(
    column: RowSet, rows: Int32[np.ndarray, " room"], starts: Int64[np.ndarray, " most"], which: int
) -> None:
    """Add the rows of one of several lists, which lie one behind the other, to a column."""
    for place in range(starts[which], starts[which + 1]):
        flip(column, rows[place])


@njit(cache=True, nogil=True)
def take_rows(column: RowSet, rows: Int32[np.ndarray, " room"], end: int) -> tuple[Int32[np.ndarray, " room"], int]:
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


@njit(cache=True, nogil=True)
def enlarge(rows: Int32[np.ndarray, " full"]) -> Int32[np.ndarray, " room"]:
    """The same list with twice the room."""
    room = np.empty(2 * len(rows) + WORD_BITS, np.int32)
    for place in range(len(rows)):
        room[place] = rows[place]
    return room


@njit(cache=True, nogil=True)
def reduce_faces(faces: Int32[np.ndarray, "faces 4"], ranks: Int32[np.ndarray, " edges"], height: int) -> Basis:
    """A basis of the boundaries of faces, in terms of the edges that have a rank."""
    basis, column = make_basis(height), make_row_set(height)
    for face in range(len(faces)):
        for edge in faces[face]:
            if ranks[edge] >= 0:
                flip(column, ranks[edge])
        basis = add_column(basis, column)
    return basis


@njit(cache=True, nogil=True)
def express_rows(basis: Basis, longest: int) -> tuple[Classes, Basis]:
    """The class of each row, and what remains of the basis; rows of equal class often share one sum.

    A row that would equal a sum of more than the longest allowed stands for itself from there on, as if no column owned
    it, and the sum stays behind as a column: sums of long sums grow beyond all bounds in noise.
    """
    height = len(basis.owners)
    column, numbers, left = make_row_set(height), np.zeros(height, np.int32), make_basis(height)
    starts, rows = np.zeros(height + 2, np.int64), np.empty(height + WORD_BITS, np.int32)
    count = 1
    for row in range(height):
        owner = basis.owners[row]
        only = find_only(basis, owner, numbers) if owner >= 0 else SEVERAL
        if only != SEVERAL:
            numbers[row] = only
            continue
        if owner >= 0:
            for place in range(basis.starts[owner] + 1, basis.starts[owner + 1]):
                flip_range(column, rows, starts, numbers[basis.rows[place]])
            rows, starts[count + 1] = take_rows(column, rows, starts[count])
        long = starts[count + 1] - starts[count] > longest
        if owner < 0 or long:
            flip(column, row)
            if long:
                flip_range(column, rows, starts, count)
                left = add_column(left, column)
                flip(column, row)
            rows, starts[count + 1] = take_rows(column, rows, starts[count])
        if starts[count + 1] > starts[count]:
            numbers[row] = count
            count += 1
    return Classes(numbers, starts[: count + 1], rows), left


@njit(cache=True, nogil=True)
def find_only(basis: Basis, owner: int, numbers: Int32[np.ndarray, " height"]) -> int:
    """The only sum among a column's rows before its last; 0 when all are 0, SEVERAL when there are more."""
    only = 0
    for place in range(basis.starts[owner] + 1, basis.starts[owner + 1]):
        number = numbers[basis.rows[place]]
        if number and only:
            return SEVERAL
        only |= number
    return only
