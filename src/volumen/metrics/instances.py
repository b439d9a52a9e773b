"""Objects of a prediction and of the truth, and which of them share voxels: what scores of instances start from.

A mask has no instances: when neither volume holds a label above 1, their 26-connected components are compared
(`components` says otherwise); that reads the volumes whole and holds about 15 bytes a voxel, while instance labels need
only their table.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64, Integer

from volumen.metrics.sources import Ids, Ignore, Mask, Source, read_masks
from volumen.metrics.table import ContingencyTable, build_table, sum_by_label
from volumen.morphology import label_components

Labels = Integer[np.ndarray, " rows"]
Flags = Bool[np.ndarray, " rows"]


@dataclass(frozen=True)
class Objects:
    """Every label but 0, rising, and how many voxels it has."""

    labels: Integer[np.ndarray, " objects"]
    voxels: Int64[np.ndarray, " objects"]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Pairs:
    """Predicted and true objects that share voxels: their labels, voxels they share, voxels of each, IoU."""

    predicted: Labels
    true: Labels
    shared: Int64[np.ndarray, " rows"]
    predicted_voxels: Int64[np.ndarray, " rows"]
    true_voxels: Int64[np.ndarray, " rows"]

    @property
    def iou(self) -> Float64[np.ndarray, " rows"]:
        """Shared voxels over those of either."""
        iou: Float64[np.ndarray, " rows"] = self.shared / (self.predicted_voxels + self.true_voxels - self.shared)
        return iou

    def pick(self, rows: Bool[np.ndarray, " rows"] | Int64[np.ndarray, " picked"]) -> "Pairs":
        """Some of the pairs."""
        return Pairs(
            self.predicted[rows],
            self.true[rows],
            self.shared[rows],
            self.predicted_voxels[rows],
            self.true_voxels[rows],
        )


def tabulate_objects(
    prediction: Source,
    truth: Source,
    *,
    ignore: Ignore,
    components: bool | None,
    table: ContingencyTable | None,
) -> ContingencyTable:
    """The table of instance labels, or of the components of two masks."""
    if components is None:
        table = table or build_table(prediction, truth, ignore=ignore)
        components = hold_masks(table)
    if not components:
        return table or build_table(prediction, truth, ignore=ignore)
    predicted, true, ignored = label_masks(prediction, truth, ignore)
    return build_table(predicted, true, ignore=ignored)


def hold_masks(table: ContingencyTable) -> bool:
    """Whether neither side holds a label above 1."""
    return int(max(table.predicted.max(initial=0), table.true.max(initial=0))) <= 1


def label_masks(prediction: Source, truth: Source, ignore: Ignore) -> tuple[Ids, Ids, Mask]:
    """The components of both masks, and where to ignore them; held whole."""
    predicted, true, ignored = read_masks(prediction, truth, ignore)
    return label_components(predicted), label_components(true), ignored


def list_objects(labels: Labels, voxels: Int64[np.ndarray, " rows"]) -> Objects:
    """The objects of one side of a table."""
    found = np.unique(labels)
    sums, _ = sum_by_label(labels, voxels)
    return Objects(found[found != 0], sums[found != 0])


def list_pairs(table: ContingencyTable) -> Pairs:
    """Pairs of objects that share voxels, in the order of the table; sizes count all voxels that are not ignored."""
    _, predicted_voxels = sum_by_label(table.predicted, table.voxels)
    _, true_voxels = sum_by_label(table.true, table.voxels)
    pairs = Pairs(table.predicted, table.true, table.voxels, predicted_voxels, true_voxels)
    return pairs.pick((table.predicted != 0) & (table.true != 0))


def flag_best(labels: Labels, values: Int64[np.ndarray, " rows"] | Float64[np.ndarray, " rows"]) -> Flags:
    """For each label the row with the greatest value, or several of equal ones, so that names do not matter."""
    _, index = np.unique(labels, return_inverse=True)
    best = np.zeros(int(index.max(initial=-1)) + 1, values.dtype)
    np.maximum.at(best, index, values)
    flags: Flags = values == best[index]
    return flags


def flag_main(own: Labels, other: Labels, voxels: Int64[np.ndarray, " rows"]) -> Flags:
    """The rows of main partners: labels of `other` that most voxels of a label of `own` have, objects before 0."""
    flags = flag_best(own, voxels)
    with_object = np.isin(own, own[flags & (other != 0)])
    main: Flags = flags & ((other != 0) | ~with_object)
    return main


def match_objects(pairs: Pairs) -> Pairs:
    """One-to-one pairs of an IoU of at least a half: the greater IoU first, then the lower labels.

    Above a half no object has two partners. Of exactly a half it may have two, which then have no other: any order
    of choosing gives as many pairs.
    """
    pairs = pairs.pick(pairs.iou >= 0.5)  # noqa: PLR2004 - below a half matching would need an assignment
    pairs = pairs.pick(np.lexsort((pairs.predicted, pairs.true, -pairs.iou)))
    pairs = pairs.pick(_find_first(pairs.true))
    return pairs.pick(_find_first(pairs.predicted))


def _find_first(labels: Labels) -> Int64[np.ndarray, " labels"]:
    """Where each label stands first, in the order of rows."""
    _, first = np.unique(labels, return_index=True)
    return np.sort(first)
