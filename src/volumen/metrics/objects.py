"""Which objects are split, merged, missed and invented, how many of each, and the worst of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Int64, Integer

from volumen.metrics.associations import count_associations
from volumen.metrics.instances import Labels, flag_main, list_objects, tabulate_objects
from volumen.metrics.sources import Ignore, Source
from volumen.metrics.table import ContingencyTable, add_rows, sum_by_label

Kind = Literal["split", "merged", "missed", "invented"]


@dataclass(frozen=True)
class ObjectError:
    """An object that is wrong.

    Args:
        kind: `split` and `missed` objects are true ones, `merged` and `invented` ones predicted.
        label: its label.
        voxels: how many it has.
        lost: voxels of its pieces but the largest; all that it has when missed or invented.
        pieces: labels of the other side that make it up, from the one with most voxels of it.
    """

    kind: Kind
    label: int
    voxels: int
    lost: int
    pieces: tuple[int, ...] = ()


@dataclass(frozen=True)
class ObjectScore:
    """Objects on either side; those that are wrong; how objects are associated; the worst of each kind, worst first."""

    objects_true: int
    objects_predicted: int
    objects_split: int
    objects_merged: int
    objects_missed: int
    objects_invented: int
    objects_one_to_one: int
    objects_over_segmented: int
    objects_under_segmented: int
    objects_many_to_many: int
    objects_missing: int
    objects_background: int
    worst: tuple[ObjectError, ...] = ()


def score_objects(
    prediction: Source,
    truth: Source,
    *,
    ignore: Ignore = None,
    components: bool | None = None,
    min_voxels: int = 1,
    worst: int = 10,
    table: ContingencyTable | None = None,
) -> ObjectScore:
    """How many objects are split, merged, missed and invented, and the worst of each.

    An object's main partner is the label of the other side that most of its voxels have, background (0) included. Of
    equal counts an object comes before background, and several objects are all main partners. A true object is split
    when it is the main partner of two predicted ones or more; a predicted object is merged when it is the main partner
    of two true ones or more; an object whose main partner is background is missed (true) or invented (predicted). So a
    border drawn a little too wide is no error, and no tolerance is needed. An object may be wrong in several ways.
    The other six counts are those of TIMISE (see `count_associations`). Memory: the table.

    Args:
        prediction: instance labels or a mask, as an array or a volume.
        truth: labels of the same shape.
        ignore: a value of the truth, or a mask that is not 0 where nothing counts.
        components: compare 26-connected components of the foreground; None does so for two masks only.
        min_voxels: objects with fewer voxels, on either side, count as background.
        worst: how many objects of each kind to list.
        table: of the two as they stand, when it is known already.
    """
    table = tabulate_objects(prediction, truth, ignore=ignore, components=components, table=table)
    table = _drop_small(table, min_voxels)
    split, merged, missed, invented = _find_errors(table)
    associations = count_associations(table)
    return ObjectScore(
        objects_true=len(list_objects(table.true, table.voxels)),
        objects_predicted=len(list_objects(table.predicted, table.voxels)),
        objects_split=len(split),
        objects_merged=len(merged),
        objects_missed=len(missed),
        objects_invented=len(invented),
        objects_one_to_one=associations.one_to_one,
        objects_over_segmented=associations.over_segmented,
        objects_under_segmented=associations.under_segmented,
        objects_many_to_many=associations.many_to_many,
        objects_missing=associations.missing,
        objects_background=associations.background,
        worst=tuple(error for errors in (split, merged, missed, invented) for error in errors.describe(worst)),
    )


def _drop_small(table: ContingencyTable, min_voxels: int) -> ContingencyTable:
    """The table with small objects of either side as background; a pair may then stand in several rows."""
    _, predicted_voxels = sum_by_label(table.predicted, table.voxels)
    _, true_voxels = sum_by_label(table.true, table.voxels)
    predicted = np.where(predicted_voxels < min_voxels, np.zeros(1, table.predicted.dtype), table.predicted)
    true = np.where(true_voxels < min_voxels, np.zeros(1, table.true.dtype), table.true)
    return add_rows(predicted, true, table.voxels)


@dataclass(frozen=True)
class _Errors:
    """Wrong objects of one kind by rising label; the pieces of each are `counts` labels from `first` on."""

    kind: Kind
    labels: Integer[np.ndarray, " objects"]
    voxels: Int64[np.ndarray, " objects"]
    lost: Int64[np.ndarray, " objects"]
    first: Int64[np.ndarray, " objects"]
    counts: Int64[np.ndarray, " objects"]
    pieces: Integer[np.ndarray, " pieces"]

    @classmethod
    def whole(
        cls, kind: Kind, labels: Integer[np.ndarray, " objects"], voxels: Int64[np.ndarray, " objects"]
    ) -> "_Errors":
        """Objects that are wrong in all their voxels."""
        none = np.zeros(len(labels), np.int64)
        return cls(kind, labels, voxels, voxels, none, none, labels)

    def __len__(self) -> int:
        return len(self.labels)

    def describe(self, worst: int) -> Iterator[ObjectError]:
        """Those that lost most, then the lower labels."""
        for place in np.lexsort((self.labels, -self.lost))[:worst].tolist():
            first, count = int(self.first[place]), int(self.counts[place])
            yield ObjectError(
                kind=self.kind,
                label=int(self.labels[place]),
                voxels=int(self.voxels[place]),
                lost=int(self.lost[place]),
                pieces=tuple(self.pieces[first : first + count].tolist()),
            )


def _find_errors(table: ContingencyTable) -> tuple[_Errors, _Errors, _Errors, _Errors]:
    """Split, merged, missed and invented objects."""
    _, predicted_voxels = sum_by_label(table.predicted, table.voxels)
    _, true_voxels = sum_by_label(table.true, table.voxels)
    of_predicted = flag_main(table.predicted, table.true, table.voxels) & (table.predicted != 0)
    of_true = flag_main(table.true, table.predicted, table.voxels) & (table.true != 0)
    both = (table.predicted != 0) & (table.true != 0)
    missed, invented = of_true & (table.predicted == 0), of_predicted & (table.true == 0)
    split, merged = of_predicted & both, of_true & both
    true = _Rows(table.true, table.predicted, table.voxels, true_voxels)
    predicted = _Rows(table.predicted, table.true, table.voxels, predicted_voxels)
    return (
        _find_parted("split", true, split),
        _find_parted("merged", predicted, merged),
        _Errors.whole("missed", table.true[missed], true_voxels[missed]),
        _Errors.whole("invented", table.predicted[invented], predicted_voxels[invented]),
    )


@dataclass(frozen=True)
class _Rows:
    """A table from one side: labels, those of the other side, voxels of both, and voxels of the label."""

    own: Labels
    other: Labels
    shared: Int64[np.ndarray, " rows"]
    voxels: Int64[np.ndarray, " rows"]


def _find_parted(kind: Kind, rows: _Rows, chosen: Bool[np.ndarray, " rows"]) -> _Errors:
    """Objects that have several of the chosen rows as pieces."""
    picked = np.flatnonzero(chosen)
    order = picked[np.lexsort((rows.other[picked], -rows.shared[picked], rows.own[picked]))]
    labels, first, counts = np.unique(rows.own[order], return_index=True, return_counts=True)
    shared = rows.shared[order]
    lost = np.add.reduceat(shared, first) if len(first) else shared
    parted = counts > 1
    lost = (lost - shared[first])[parted]
    first = first[parted]
    return _Errors(kind, labels[parted], rows.voxels[order][first], lost, first, counts[parted], rows.other[order])
