"""Dice, IoU, precision and recall of foreground or of classes; accuracy over all labels.

With P the predicted and T the true voxels of a class, ignored voxels left out: Dice = 2|P∩T| / (|P|+|T|) (Dice 1945),
IoU = |P∩T| / (|P|+|T|-|P∩T|) (Jaccard 1901), precision = |P∩T| / |P|, recall = |P∩T| / |T|. Without `classes` every
label but 0 is foreground. Where the denominator is 0 the score is 1 when both P and T are empty, and 0 when one is.
Accuracy is the share of all voxels whose predicted label is the true one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool

from volumen.errors import ConfigError
from volumen.metrics.sources import Ignore, Source
from volumen.metrics.table import ContingencyTable, build_table


@dataclass(frozen=True)
class DiceScore:
    """Dice of the foreground, or the mean over classes and each one's."""

    dice: float
    classes: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class IouScore:
    """IoU of the foreground, or the mean over classes and each one's."""

    iou: float
    classes: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class PrecisionScore:
    """Precision of the foreground, or the mean over classes and each one's."""

    precision: float
    classes: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class RecallScore:
    """Recall of the foreground, or the mean over classes and each one's."""

    recall: float
    classes: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class AccuracyScore:
    """The share of voxels with the right label; 1 where nobody looked at any."""

    accuracy: float


@dataclass(frozen=True)
class Overlap:
    """Voxels of one class: predicted, true, and both at once."""

    predicted: int
    true: int
    both: int


def score_dice(
    prediction: Source,
    truth: Source,
    *,
    ignore: Ignore = None,
    classes: Sequence[int] | None = None,
    table: ContingencyTable | None = None,
) -> DiceScore:
    """Dice: twice the shared voxels over the voxels of both; 1 is best.

    Args:
        prediction: labels, as an array or a volume.
        truth: labels of the same shape.
        ignore: a value of the truth, or a mask that is not 0 where nothing counts.
        classes: labels to score one by one; None takes all but 0 as foreground.
        table: of the two, when it is known already.
    """
    table = table or build_table(prediction, truth, ignore=ignore)
    return DiceScore(*_score_classes(table, classes, lambda c: _divide(2 * c.both, c.predicted + c.true, c)))


def score_iou(
    prediction: Source,
    truth: Source,
    *,
    ignore: Ignore = None,
    classes: Sequence[int] | None = None,
    table: ContingencyTable | None = None,
) -> IouScore:
    """IoU: the shared voxels over those of either; 1 is best. Arguments as for `score_dice`."""
    table = table or build_table(prediction, truth, ignore=ignore)
    return IouScore(*_score_classes(table, classes, lambda c: _divide(c.both, c.predicted + c.true - c.both, c)))


def score_precision(
    prediction: Source,
    truth: Source,
    *,
    ignore: Ignore = None,
    classes: Sequence[int] | None = None,
    table: ContingencyTable | None = None,
) -> PrecisionScore:
    """Precision: the share of predicted voxels that are true; 1 is best. Arguments as for `score_dice`."""
    table = table or build_table(prediction, truth, ignore=ignore)
    return PrecisionScore(*_score_classes(table, classes, lambda c: _divide(c.both, c.predicted, c)))


def score_recall(
    prediction: Source,
    truth: Source,
    *,
    ignore: Ignore = None,
    classes: Sequence[int] | None = None,
    table: ContingencyTable | None = None,
) -> RecallScore:
    """Recall: the share of true voxels that are predicted; 1 is best. Arguments as for `score_dice`."""
    table = table or build_table(prediction, truth, ignore=ignore)
    return RecallScore(*_score_classes(table, classes, lambda c: _divide(c.both, c.true, c)))


def score_accuracy(
    prediction: Source, truth: Source, *, ignore: Ignore = None, table: ContingencyTable | None = None
) -> AccuracyScore:
    """Accuracy: the share of voxels whose label, background included, is the true one; 1 is best.

    It says little where one label is nearly everywhere. Arguments as for `score_dice`.
    """
    table = table or build_table(prediction, truth, ignore=ignore)
    total = int(table.voxels.sum())
    right = int(table.voxels[table.predicted == table.true].sum())
    return AccuracyScore(right / total if total else 1.0)


def _score_classes(
    table: ContingencyTable, classes: Sequence[int] | None, score: Callable[[Overlap], float]
) -> tuple[float, dict[int, float]]:
    """The score of the foreground and nothing, or the mean over classes and each."""
    if classes is None:
        return score(_count_overlap(table, table.predicted != 0, table.true != 0)), {}
    if not classes:
        raise ConfigError("classes to score must be one or more labels; leave the option out to score the foreground")
    scores = {label: score(_count_overlap(table, table.predicted == label, table.true == label)) for label in classes}
    return sum(scores.values()) / len(scores), scores


def _count_overlap(
    table: ContingencyTable, predicted: Bool[np.ndarray, " rows"], true: Bool[np.ndarray, " rows"]
) -> Overlap:
    predicted_voxels, true_voxels, both = (
        int(table.voxels[rows].sum()) for rows in (predicted, true, predicted & true)
    )
    return Overlap(predicted_voxels, true_voxels, both)


def _divide(part: int, whole: int, counts: Overlap) -> float:
    if whole:
        return part / whole
    return 1.0 if counts.predicted == counts.true else 0.0
