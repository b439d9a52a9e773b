"""How often each pair of labels meets, counted block by block; what most scores are made of."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64, Integer

from volumen.metrics.sources import Ignore, Source, check_shapes, plan_boxes, walk_blocks


@dataclass(frozen=True)
class ContingencyTable:
    """Rows of (predicted label, true label, voxels that have both), each pair once, none of them empty.

    Ids may be anything up to 2**64 - 1: memory grows with the pairs that meet (24 bytes each), not with the ids.
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
    """The table of all voxels that are not ignored; holds the table and one block.

    Args:
        prediction: labels, as an array or a volume.
        truth: labels of the same shape.
        ignore: a value of the truth, or a mask that is not 0 where nothing counts.
        progress: called with blocks done and in all.
    """
    total = len(plan_boxes(check_shapes(prediction, truth, ignore), prediction, truth))
    table = _count_runs(np.zeros(0, np.uint8), np.zeros(0, np.uint8))
    for done, (_, predicted, true, ignored) in enumerate(walk_blocks(prediction, truth, ignore), start=1):
        table = _join(table, _count_runs(predicted[~ignored], true[~ignored]))
        if progress:
            progress(done, total)
    return table


def sum_by_label(
    labels: Integer[np.ndarray, " rows"], voxels: Int64[np.ndarray, " rows"]
) -> tuple[Int64[np.ndarray, " labels"], Int64[np.ndarray, " rows"]]:
    """Voxels of each label, in the order of ids, and for each row those of its label."""
    _, index = np.unique(labels, return_inverse=True)
    sums = _sum_at(index, voxels)
    return sums, sums[index]


def _count_runs(predicted: Integer[np.ndarray, " n"], true: Integer[np.ndarray, " n"]) -> ContingencyTable:
    """The table of two rows of labels: runs of equal pairs first, for labels change seldom along x."""
    changes = (predicted[1:] != predicted[:-1]) | (true[1:] != true[:-1])
    starts = np.flatnonzero(np.concatenate([np.ones(min(1, len(true)), bool), changes]))
    lengths = np.diff(starts, append=len(true))
    return _group(predicted[starts], true[starts], lengths)


def _join(one: ContingencyTable, other: ContingencyTable) -> ContingencyTable:
    return _group(
        np.concatenate([one.predicted, other.predicted]),
        np.concatenate([one.true, other.true]),
        np.concatenate([one.voxels, other.voxels]),
    )


def _group(
    predicted: Integer[np.ndarray, " n"], true: Integer[np.ndarray, " n"], voxels: Int64[np.ndarray, " n"]
) -> ContingencyTable:
    """Equal pairs added up."""
    predicted_ids, predicted_index = np.unique(predicted, return_inverse=True)
    true_ids, true_index = np.unique(true, return_inverse=True)
    codes, index = np.unique(predicted_index * max(1, len(true_ids)) + true_index, return_inverse=True)
    rows, columns = np.divmod(codes, max(1, len(true_ids)))
    return ContingencyTable(predicted_ids[rows], true_ids[columns], _sum_at(index, voxels))


def _sum_at(index: Integer[np.ndarray, " n"], voxels: Int64[np.ndarray, " n"]) -> Int64[np.ndarray, " groups"]:
    """Sums of voxels that share an index; whole numbers are exact in float64 below 2**53, which is 200 000³."""
    return np.bincount(index, weights=voxels).astype(np.int64)
