"""The score of the Vesuvius surface-detection competition (2025), as its own code computes it.

score = 0.3 · topology + 0.35 · surface Dice + 0.35 · voi, of two masks: every label but 0 is foreground, and where the
truth says 2 nobody looked, so both are background. `docs/scores-surface.md` has the definition with its sources, a case
counted by hand, and the traps.
"""

import itertools
import logging
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from volumen.errors import ConfigError, ShapeError
from volumen.geometry import Box, Shape, to_shape
from volumen.metrics.partition import VoiScore, score_voi
from volumen.metrics.sources import Ignore, Source, check_shapes, read_masks
from volumen.metrics.surface_dice import compare_surfaces
from volumen.morphology import match_features

Mask = Bool[np.ndarray, "z y x"]
Counts = tuple[int, int, int]

# The competition's own numbers.
PARTS = {"topology": 0.3, "surface_dice": 0.35, "voi": 0.35}
DIMENSIONS = {0: 0.34, 1: 0.33, 2: 0.33}
TOLERANCE = 2.0
VOI_SCALE = 0.3
UNMATCHABLE = 0.5  # stands in for matches where the truth has no feature, so that fewer false ones score better

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class SurfaceScore:
    """The score, its three parts (1 is best) and what they are made of.

    Args:
        score: weighted sum of the parts.
        topology: mean of `f1` over the dimensions that have any feature, 1 when none has.
        surface_dice: share of both surfaces within two voxels of the other.
        voi: 1 / (1 + 0.3 · (voi_split + voi_merge)).
        voi_split: bits by which the prediction splits components of the truth.
        voi_merge: bits by which the prediction merges components of the truth.
        counts: by dimension (0 components, 1 tunnels, 2 cavities) features matched, predicted and true, of all octants.
        f1: by dimension how well features match, NaN where neither side has any.
    """

    score: float
    topology: float
    surface_dice: float
    voi: float
    voi_split: float
    voi_merge: float
    counts: Mapping[int, Counts]
    f1: Mapping[int, float]

    def flatten(self) -> dict[str, float]:
        """Every number by a name that begins with `surface`."""
        parts = ("topology", "surface_dice", "voi", "voi_split", "voi_merge")
        named = {"surface": self.score} | {f"surface_{part}": float(getattr(self, part)) for part in parts}
        for dimension, value in self.f1.items():
            named[f"surface_f1_{dimension}"] = value
        for dimension, counts in self.counts.items():
            for kind, count in zip(("matched", "predicted", "true"), counts, strict=True):
                named[f"surface_{kind}_{dimension}"] = float(count)
        return named


def score_surface(prediction: Source, truth: Source, *, ignore: Ignore = 2, workers: int | None = None) -> SurfaceScore:
    """The competition's score of a predicted surface: exact, with its parts and counts.

    Topology is compared in eight octants. Holds both masks, about 13 bytes a voxel in all, and what the octants at
    work need beside: little, but for noise (see `match_features`).

    Args:
        prediction: labels, as an array or a volume; every label but 0 is surface.
        truth: labels of the same shape.
        ignore: a value of the truth, or a mask that is not 0 where nothing counts; None when every voxel counts.
        workers: threads; None takes as many as there are processors.
    """
    if workers is not None and workers < 1:
        raise ConfigError(f"at least one worker is needed; got {workers}")
    if 0 in check_shapes(prediction, truth, ignore):
        raise ShapeError(f"a volume without voxels has no score; got shape {tuple(truth.shape)}")
    predicted, true, ignored = read_masks(prediction, truth, ignore)
    if ignored.all():
        logger.warning("every voxel is ignored; such a case scores 1, whatever was predicted")
    boxes = [box.slices for box in split_octants(predicted.shape)]
    with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        surface_dice = pool.submit(compare_surfaces, predicted, true, tolerance=TOLERANCE)
        voi = pool.submit(_compare_pieces, predicted, true)
        octants = pool.map(match_features, [predicted[box] for box in boxes], [true[box] for box in boxes])
        return _combine(list(octants), surface_dice.result(), voi.result())


def split_octants(shape: Shape) -> Iterator[Box]:
    """The boxes in which topology is compared: each axis cut in two, the first part larger by a voxel where it is odd.

    An axis of one voxel is not cut.
    """
    middles = [math.ceil(extent / 2) for extent in shape]
    cuts = [sorted({(0, middle), (middle, extent)} - {(1, 1)}) for middle, extent in zip(middles, shape, strict=True)]
    for sides in itertools.product(*cuts):
        starts, stops = zip(*sides, strict=True)
        yield Box(to_shape(starts), to_shape(stops))


def _compare_pieces(predicted: Mask, true: Mask) -> VoiScore:
    """Variation of information of 26-connected components, over the voxels of either mask; background is one object."""
    return score_voi(predicted, true, ignore=~(predicted | true), components=True)


def _combine(octants: Sequence[Mapping[int, Counts]], surface_dice: float, voi: VoiScore) -> SurfaceScore:
    counts = {k: _add_counts([octant[k] for octant in octants]) for k in DIMENSIONS}
    f1 = {k: _rate_matches(*counts[k]) for k in DIMENSIONS}
    parts = {"topology": _average_active(f1), "surface_dice": surface_dice, "voi": 1 / (1 + VOI_SCALE * voi.voi)}
    score = min(1.0, math.fsum(PARTS[part] * value for part, value in parts.items()))
    return SurfaceScore(score, **parts, voi_split=voi.voi_split, voi_merge=voi.voi_merge, counts=counts, f1=f1)


def _add_counts(counts: Sequence[Counts]) -> Counts:
    matched, predicted, true = (sum(column) for column in zip(*counts, strict=True))
    return matched, predicted, true


def _rate_matches(matched: int, predicted: int, true: int) -> float:
    """Twice the matches over the features of both; NaN when there are none, above 0 when only the truth lacks them."""
    if predicted + true == 0:
        return math.nan
    return 2 * matched / (predicted + true) if true else UNMATCHABLE / (predicted + UNMATCHABLE)


def _average_active(f1: Mapping[int, float]) -> float:
    """Weighted mean over the dimensions that have features; 1 when none has."""
    active = [k for k, value in f1.items() if not math.isnan(value)]
    if not active:
        return 1.0
    return sum(DIMENSIONS[k] * f1[k] for k in active) / sum(DIMENSIONS[k] for k in active)
