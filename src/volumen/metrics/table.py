"""How often each pair of labels meets, counted block by block; what most scores are made of."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int64, Integer, UInt64

from volumen.metrics.sources import Ignore, Source, check_shapes, plan_boxes, refuse_negative, walk_blocks

FIRST_SLOTS = 1024
HALF_WORD = 2**32

Row = Integer[np.ndarray, " voxels"]
Keys = UInt64[np.ndarray, "..."]
Counts = Int64[np.ndarray, "..."]


@dataclass(frozen=True)
class ContingencyTable:
    """Rows of (predicted label, true label, voxels that have both) by rising ids, each pair once, none of them empty.

    Ids may be anything up to 2**64 - 1: memory grows with the pairs that meet, not with the ids.
    """

    predicted: Integer[np.ndarray, " rows"]
    true: Integer[np.ndarray, " rows"]
    voxels: Int64[np.ndarray, " rows"]


def build_table(
    prediction: Source,
    truth: Source,
    *,
    ignore: Ignore = None,
    progress: Callable[[int, int], None] | None = None,
) -> ContingencyTable:
    """The table of all voxels that are not ignored; negative labels are refused.

    Holds one block and a hash table of at most 72 bytes a pair (half as much again while it grows).

    Args:
        prediction: labels, as an array or a volume.
        truth: labels of the same shape.
        ignore: a value of the truth, or a mask that is not 0 where nothing counts.
        progress: called with blocks done and in all.
    """
    total = len(plan_boxes(check_shapes(prediction, truth, ignore), prediction, truth))
    keys, counts, taken = np.empty((FIRST_SLOTS, 2), np.uint64), np.zeros(FIRST_SLOTS, np.int64), 0
    kinds = np.dtype(np.uint8), np.dtype(np.uint8)
    for done, (_, predicted, true, ignored) in enumerate(walk_blocks(prediction, truth, ignore), start=1):
        kinds = predicted.dtype, true.dtype
        block = flatten_ids(predicted), flatten_ids(true), np.ascontiguousarray(ignored).ravel()
        keys, counts, taken = _count_block(block, keys, counts, taken)
        if progress:
            progress(done, total)
    return _list_rows(keys, counts, *kinds)


def flatten_ids(labels: Integer[np.ndarray, "*axes"]) -> Integer[np.ndarray, " voxels"]:
    """Labels in one row of native unsigned numbers with the same bits; a copy only where they lie scattered."""
    native = np.ascontiguousarray(labels, labels.dtype.newbyteorder("="))
    return native.view(np.dtype(f"u{native.itemsize}")).ravel()


def add_rows(
    predicted: Integer[np.ndarray, " n"], true: Integer[np.ndarray, " n"], voxels: Int64[np.ndarray, " n"]
) -> ContingencyTable:
    """The table of rows in any order, those of equal pairs added up."""
    order = np.lexsort((true, predicted))
    predicted, true = predicted[order], true[order]
    changes = (predicted[1:] != predicted[:-1]) | (true[1:] != true[:-1])
    starts = np.flatnonzero(np.concatenate([np.ones(min(1, len(true)), bool), changes]))
    sums = np.add.reduceat(voxels[order], starts) if len(starts) else voxels
    return ContingencyTable(predicted[starts], true[starts], sums)


def sum_by_label(
    labels: Integer[np.ndarray, " rows"], voxels: Int64[np.ndarray, " rows"]
) -> tuple[Int64[np.ndarray, " labels"], Int64[np.ndarray, " rows"]]:
    """Voxels of each label, in the order of ids, and for each row those of its label."""
    _, index = np.unique(labels, return_inverse=True)
    # whole numbers are exact in float64 below 2**53, which is 200 000³
    sums = np.bincount(index, weights=voxels).astype(np.int64)
    return sums, sums[index]


def sum_squares(voxels: Int64[np.ndarray, " objects"]) -> int:
    """The sum of squares, exactly: those of a volume of 3 · 10⁹ voxels overflow 64 bits."""
    if voxels.max(initial=0) >= HALF_WORD:
        return sum(count * count for count in voxels.tolist())
    high, low = np.divmod(voxels.astype(np.uint64) ** 2, np.uint64(HALF_WORD))
    return int(high.sum()) * HALF_WORD + int(low.sum())


def _count_block(
    block: tuple[Row, Row, Bool[np.ndarray, " voxels"]], keys: Keys, counts: Counts, taken: int
) -> tuple[Keys, Counts, int]:
    """The hash table after a block: keys, voxels of each, slots taken."""
    from volumen.metrics.table_kernels import count_pairs

    state = np.array([0, taken])
    count_pairs(block, keys, counts, state)
    while state[0] < len(block[0]):
        keys, counts = _grow(keys, counts)
        count_pairs(block, keys, counts, state)
    return keys, counts, int(state[1])


def _grow(keys: Keys, counts: Counts) -> tuple[Keys, Counts]:
    """The same hash table with twice the slots."""
    from volumen.metrics.table_kernels import move_pairs

    slots = 2 * len(counts)
    larger = np.empty((slots, 2), np.uint64), np.zeros(slots, np.int64)
    move_pairs(keys, counts, *larger)
    return larger


def _list_rows(keys: Keys, counts: Counts, predicted: np.dtype, true: np.dtype) -> ContingencyTable:
    """The pairs of a hash table in order, with ids of the types they came in."""
    taken = counts > 0
    return add_rows(
        _restore_ids(keys[taken, 0], predicted, name="prediction"),
        _restore_ids(keys[taken, 1], true, name="truth"),
        counts[taken],
    )


def _restore_ids(ids: UInt64[np.ndarray, " rows"], dtype: np.dtype, *, name: str) -> Integer[np.ndarray, " rows"]:
    native = dtype.newbyteorder("=")
    restored: Integer[np.ndarray, " rows"] = ids.astype(f"u{native.itemsize}").view(native)
    refuse_negative(restored, name=name)
    return restored
