"""How many objects were found: average precision over IoU thresholds, by size, and panoptic quality.

Both match objects one to one by IoU, whatever the ids; label 0 is background on either side. Ignored voxels belong to
no object: sizes and IoU are those of what is left. Memory: the table.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float64, Int64

from volumen.errors import ConfigError
from volumen.metrics.instances import list_objects, list_pairs, match_objects, tabulate_objects
from volumen.metrics.sources import Ignore, Source
from volumen.metrics.table import ContingencyTable

THRESHOLDS = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
MITOEM_SIZES = (5000, 15000)
SIZE_NAMES = ("small", "medium", "large")
HALF, STRICT = 0.5, 0.75
RECALLS = 101

Definition = Literal["matched", "curve"]


@dataclass(frozen=True)
class ApScore:
    """Average precision, 1 is best: mean over thresholds, at IoU 0.5 and 0.75 alone, and of each size class."""

    ap: float
    ap_50: float
    ap_75: float
    sizes: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class PqScore:
    """Panoptic quality, 1 is best, its two factors, and objects matched, missed and invented."""

    pq: float
    sq: float
    rq: float
    pq_matched: int
    pq_missed: int
    pq_invented: int


@dataclass(frozen=True)
class Matches:
    """Sizes of all objects; for each predicted one the IoU with its partner and the partner's size, 0 without one."""

    predicted_voxels: Int64[np.ndarray, " predicted"]
    true_voxels: Int64[np.ndarray, " true"]
    iou: Float64[np.ndarray, " predicted"]
    partner_voxels: Int64[np.ndarray, " predicted"]

    @classmethod
    def find(cls, table: ContingencyTable) -> "Matches":
        """The one-to-one matches of a table."""
        predicted, true = (list_objects(labels, table.voxels) for labels in (table.predicted, table.true))
        pairs = match_objects(list_pairs(table))
        iou, partner_voxels = np.zeros(len(predicted)), np.zeros(len(predicted), np.int64)
        places = np.searchsorted(predicted.labels, pairs.predicted)
        iou[places], partner_voxels[places] = pairs.iou, pairs.true_voxels
        return cls(predicted.voxels, true.voxels, iou, partner_voxels)


def score_ap(
    prediction: Source,
    truth: Source,
    *,
    ignore: Ignore = None,
    components: bool | None = None,
    thresholds: Sequence[float] = THRESHOLDS,
    sizes: Sequence[int] = MITOEM_SIZES,
    definition: Definition = "matched",
    table: ContingencyTable | None = None,
) -> ApScore:
    """Average precision of objects: the mean over IoU thresholds, at 0.5, at 0.75, and by size.

    `matched` is TP / (TP + FP + FN) with objects matched at an IoU of at least the threshold, as the Data Science Bowl
    2018, StarDist and Cellpose define it for labels without confidence. `curve` is MitoEM's (COCO's): predicted objects
    from the largest to the smallest, precision made to fall with recall, its mean at the recalls 0, 0.01 … 1.
    A size class holds true objects of its size and what matches them; a predicted object without match counts against
    the class of its own size. A class without objects is NaN; without any object at all the score is 1.

    Args:
        prediction: instance labels or a mask, as an array or a volume.
        truth: labels of the same shape.
        ignore: a value of the truth, or a mask that is not 0 where nothing counts.
        components: compare 26-connected components of the foreground; None does so for two masks only.
        thresholds: of the mean; at least 0.5 and at most 1.
        sizes: the most voxels of a small and of a medium object (MitoEM's when not said).
        definition: what precision is averaged over.
        table: of the two as they stand, when it is known already.
    """
    _check_options(thresholds, sizes)
    matches = Matches.find(tabulate_objects(prediction, truth, ignore=ignore, components=components, table=table))
    average = _average_matched if definition == "matched" else _average_curve

    def measure(limits: tuple[float, float], wanted: Sequence[float]) -> float:
        values = [average(*_judge(matches, threshold, *limits)) for threshold in wanted]
        defined = [value for value in values if not math.isnan(value)]
        return sum(defined) / len(defined) if defined else math.nan

    limits = list(zip((0, *sizes), (*sizes, math.inf), strict=True))
    by_size = {name: measure(limit, thresholds) for name, limit in zip(SIZE_NAMES, limits, strict=True)}
    by_size |= {f"75_{name}": measure(limit, [STRICT]) for name, limit in zip(SIZE_NAMES, limits, strict=True)}
    if len(matches.true_voxels) + len(matches.predicted_voxels) == 0:
        return ApScore(1.0, 1.0, 1.0, by_size)
    mean, half, strict = (measure((0, math.inf), wanted) for wanted in (thresholds, [HALF], [STRICT]))
    return ApScore(mean, half, strict, by_size)


def score_pq(
    prediction: Source,
    truth: Source,
    *,
    ignore: Ignore = None,
    components: bool | None = None,
    table: ContingencyTable | None = None,
) -> PqScore:
    """Panoptic quality (Kirillov 2019): SQ · RQ, with objects matched at an IoU above 0.5.

    SQ is the mean IoU of the matched, RQ = TP / (TP + FP/2 + FN/2). SQ is 0 without a match; all three are 1 without
    any object. Arguments as for `score_ap`.
    """
    matches = Matches.find(tabulate_objects(prediction, truth, ignore=ignore, components=components, table=table))
    iou = matches.iou[matches.iou > HALF]
    matched, invented = len(iou), len(matches.predicted_voxels) - len(iou)
    missed = len(matches.true_voxels) - matched
    if matched + invented + missed == 0:
        return PqScore(1.0, 1.0, 1.0, 0, 0, 0)
    quality = float(iou.mean()) if matched else 0.0
    recognition = matched / (matched + (invented + missed) / 2)
    return PqScore(quality * recognition, quality, recognition, matched, missed, invented)


def _check_options(thresholds: Sequence[float], sizes: Sequence[int]) -> None:
    if not thresholds or not all(HALF <= threshold <= 1 for threshold in thresholds):
        raise ConfigError(
            f"ap needs thresholds from 0.5 (below, an object has several partners) to 1; got {thresholds}"
        )
    if len(sizes) != len(SIZE_NAMES) - 1 or sizes[0] >= sizes[1]:
        raise ConfigError(f"ap needs two rising sizes, the most voxels of small and of medium objects; got {sizes}")


def _judge(matches: Matches, threshold: float, low: float, high: float) -> tuple[Bool[np.ndarray, " counted"], int]:
    """Which predicted objects of a size class are right, from the largest on, and how many true ones it has."""
    hit = matches.iou >= threshold
    right = hit & _lie_between(matches.partner_voxels, low, high)
    counted = right | (~hit & _lie_between(matches.predicted_voxels, low, high))
    order = np.argsort(-matches.predicted_voxels[counted], kind="stable")
    return right[counted][order], int(_lie_between(matches.true_voxels, low, high).sum())


def _lie_between(voxels: Int64[np.ndarray, " objects"], low: float, high: float) -> Bool[np.ndarray, " objects"]:
    inside: Bool[np.ndarray, " objects"] = (voxels > low) & (voxels <= high)
    return inside


def _average_matched(right: Bool[np.ndarray, " counted"], true: int) -> float:
    found = int(right.sum())
    every = len(right) + true - found
    return found / every if every else math.nan


def _average_curve(right: Bool[np.ndarray, " counted"], true: int) -> float:
    """The mean over 101 recalls of the best precision at that recall or a higher one."""
    if not true:
        return 0.0 if len(right) else math.nan
    found = np.cumsum(right)
    precision = np.maximum.accumulate((found / np.arange(1, len(right) + 1))[::-1])[::-1]
    places = np.searchsorted(found / true, np.arange(RECALLS) / (RECALLS - 1))
    return float(np.append(precision, 0.0)[places].mean())
