"""How two ways to part a volume into objects differ: variation of information and adapted Rand error.

Both work on instance labels, whatever the ids. A mask has no instances: when neither volume holds a label above 1,
their 26-connected components are compared (`components` says otherwise); that reads the volumes whole and holds about
15 bytes a voxel, while instance labels need only the table and a block.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Int64

from volumen.metrics.instances import tabulate_objects
from volumen.metrics.sources import Ignore, Source
from volumen.metrics.table import ContingencyTable, sum_by_label, sum_squares


@dataclass(frozen=True)
class VoiScore:
    """Variation of information in bits, 0 is best: the sum, what is split too far, what is merged."""

    voi: float
    voi_split: float
    voi_merge: float


@dataclass(frozen=True)
class RandScore:
    """Adapted Rand error, 0 is best, with its precision (falls with mergers) and recall (falls with splits)."""

    rand: float
    rand_precision: float
    rand_recall: float


def score_voi(
    prediction: Source,
    truth: Source,
    *,
    ignore: Ignore = None,
    components: bool | None = None,
    table: ContingencyTable | None = None,
) -> VoiScore:
    """Variation of information (Meilă 2007) in bits over all voxels that are not ignored; label 0 is one object.

    Split is H(prediction | truth) = -Σ p(i,j) log₂ p(i|j) with i predicted and j true, merge is H(truth | prediction).
    Benchmarks that leave out unlabelled truth say `ignore=0`. 0 when nothing is left to compare.

    Args:
        prediction: instance labels or a mask, as an array or a volume.
        truth: labels of the same shape.
        ignore: a value of the truth, or a mask that is not 0 where nothing counts.
        components: compare 26-connected components of the foreground; None does so for two masks only.
        table: of the two as they stand, when it is known already.
    """
    return measure_voi(tabulate_objects(prediction, truth, ignore=ignore, components=components, table=table))


def measure_voi(table: ContingencyTable) -> VoiScore:
    """Variation of information of all that is in a table."""
    share = table.voxels / max(1, int(table.voxels.sum()))
    _, predicted = sum_by_label(table.predicted, table.voxels)
    _, true = sum_by_label(table.true, table.voxels)
    split = float(np.sum(share * np.log2(true / table.voxels)))
    merge = float(np.sum(share * np.log2(predicted / table.voxels)))
    return VoiScore(split + merge, split, merge)


def score_rand(
    prediction: Source,
    truth: Source,
    *,
    ignore: Ignore = None,
    components: bool | None = None,
    background: Literal["object", "singletons"] = "object",
    table: ContingencyTable | None = None,
) -> RandScore:
    """Adapted Rand error of SNEMI3D (Arganda-Carreras 2015): 1 - F of pairs of voxels that share an object.

    Counted are pairs of distinct voxels where truth is neither 0 nor ignored: S shares an object in both, P in the
    prediction, T in the truth. Precision = S/P, recall = S/T, error = 1 - 2S/(P+T). Equal to scikit-image, whose
    names for precision and recall are swapped. Without pairs nothing is wrong: 0/0 counts as 1.

    Args:
        prediction: instance labels or a mask, as an array or a volume.
        truth: labels of the same shape; 0 is not scored.
        ignore: a further value of the truth, or a mask that is not 0 where nothing counts.
        components: compare 26-connected components of the foreground; None does so for two masks only.
        background: what predicted 0 is: one object, as in scikit-image, or as many as voxels, as in SNEMI3D's script.
        table: of the two as they stand, when it is known already.
    """
    table = tabulate_objects(prediction, truth, ignore=ignore, components=components, table=table)
    scored = table.true != 0
    alone = scored & (table.predicted == 0) & (background == "singletons")
    joined = scored & ~alone
    both = _count_pairs(table.voxels[joined])
    predicted = _count_pairs(sum_by_label(table.predicted[joined], table.voxels[joined])[0])
    true = _count_pairs(sum_by_label(table.true[scored], table.voxels[scored])[0])
    return RandScore(1 - _divide(2 * both, predicted + true), _divide(both, predicted), _divide(both, true))


def _count_pairs(voxels: Int64[np.ndarray, " objects"]) -> int:
    """Ordered pairs of distinct voxels within objects."""
    return sum_squares(voxels) - int(voxels.sum())


def _divide(part: int, whole: int) -> float:
    return part / whole if whole else 1.0
