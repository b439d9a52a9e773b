"""How well synaptic clefts were found, by distance, as CREMI scores it."""

from collections.abc import Sequence
from dataclasses import dataclass

from volumen.errors import ConfigError
from volumen.geometry import Box, VoxelSize
from volumen.metrics.apart import DistanceCounts, measure_apart
from volumen.metrics.sources import Ids, Ignore, Mask, Source, check_shapes, fill_masks, refuse_negative

# CREMI's files say 2**64 - 1 where there is no cleft and 2**64 - 2 where nobody looked.
BACKGROUND = (0, 2**64 - 1)
INVALID = 2**64 - 2


@dataclass(frozen=True)
class CleftScore:
    """How far predicted clefts are from true ones and the other way round, in nm and voxels; lower is better, F1 apart.

    Args:
        cleft: the mean of the two mean distances.
        cleft_to_truth: mean distance of predicted cleft voxels to the nearest true one.
        cleft_to_prediction: mean distance of true cleft voxels to the nearest predicted one.
        cleft_false_positives: predicted cleft voxels farther than the threshold from every true one.
        cleft_false_negatives: true cleft voxels farther than the threshold from every predicted one.
        cleft_f1: harmonic mean of the shares of predicted and of true voxels within the threshold.
        cleft_beyond: voxels farther than the halo, whose distance counts as just that.
    """

    cleft: float
    cleft_to_truth: float
    cleft_to_prediction: float
    cleft_false_positives: int
    cleft_false_negatives: int
    cleft_f1: float
    cleft_beyond: int


def score_clefts(
    prediction: Source,
    truth: Source,
    *,
    voxel_size: VoxelSize | None = None,
    ignore: Ignore = None,
    threshold: float = 200.0,
    background: Sequence[int] = BACKGROUND,
    halo: float | None = None,
) -> CleftScore:
    """CREMI's cleft distances (cremi.org): false positives and negatives beyond 200 nm, and mean distances in nm.

    Ids of clefts do not matter. Distances are Euclidean between centres of voxels, 0 where both are cleft. Without a
    halo both masks are held whole (about 9 bytes a voxel); with one, a block and its halo. Without any cleft all
    distances are 0 and F1 is 1; when only one side has clefts their distance is infinite.

    Args:
        prediction: labels, as an array or a volume.
        truth: labels of the same shape; 2**64 - 2 is never scored.
        voxel_size: needed.
        ignore: a further value of the truth, or a mask that is not 0 where nothing counts.
        threshold: in nm; farther voxels are false.
        background: labels that are no cleft, on either side.
        halo: how far to look in nm, block by block, at least the threshold; None measures the whole volume at once.
    """
    if voxel_size is None:
        raise ConfigError("cleft needs the voxel size, which is not known; give it")
    if halo is not None and halo < threshold:
        raise ConfigError(f"cleft needs a halo of at least its threshold of {threshold:g} nm; got {halo:g}")
    clefts = _Clefts(prediction, truth, ignore, background)
    shape = check_shapes(prediction, truth, ignore)
    found, missing = measure_apart(clefts.read, shape, sampling=tuple(voxel_size), halo=halo)
    false_positives, false_negatives = found.count_above(threshold), missing.count_above(threshold)
    distances = found.average(), missing.average()
    return CleftScore(
        cleft=sum(distances) / 2,
        cleft_to_truth=distances[0],
        cleft_to_prediction=distances[1],
        cleft_false_positives=false_positives,
        cleft_false_negatives=false_negatives,
        cleft_f1=_measure_f1(found, false_positives, missing, false_negatives),
        cleft_beyond=found.beyond + missing.beyond,
    )


@dataclass(frozen=True)
class _Clefts:
    """The clefts of either side, read box by box."""

    prediction: Source
    truth: Source
    ignore: Ignore
    background: Sequence[int]

    def read(self, box: Box) -> tuple[Mask, Mask]:
        """Both masks in a box."""
        return fill_masks(self._select, box, prediction=self.prediction, truth=self.truth, ignore=self.ignore)

    def _select(self, predicted: Ids, true: Ids, ignored: Mask) -> tuple[Mask, Mask]:
        valid = ~ignored & (true != INVALID)
        one = _find_clefts(predicted, valid, self.background, name="prediction")
        return one, _find_clefts(true, valid, self.background, name="truth")


def _find_clefts(labels: Ids, valid: Mask, background: Sequence[int], *, name: str) -> Mask:
    clefts = valid.copy()
    for label in background:
        clefts &= labels != label
    refuse_negative(labels[clefts], name=name)
    return clefts


def _measure_f1(found: DistanceCounts, false_positives: int, missing: DistanceCounts, false_negatives: int) -> float:
    precision = 1 - false_positives / max(1, found.total)
    recall = 1 - false_negatives / max(1, missing.total)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
