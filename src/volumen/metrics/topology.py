"""Topology of two masks compared: Betti numbers, and how much of each centreline the other mask holds."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool

from volumen.metrics.sources import Ignore, Source, read_masks
from volumen.morphology import Topology, find_medial_surface, measure_topology, skeletonize_curves

Mask = Bool[np.ndarray, "z y x"]

THINNINGS: dict[str, Callable[[Mask], Mask]] = {
    "curves": lambda mask: skeletonize_curves(mask, fill_cavities=False),  # a skeleton lies within its mask
    "surface": find_medial_surface,
}


@dataclass(frozen=True)
class BettiScore:
    """How far Betti numbers are apart: the sum over dimensions, 0 is best; and those of both sides."""

    betti: int
    predicted: Topology
    true: Topology

    def flatten(self) -> dict[str, float]:
        """The sum, and by dimension (0 components, 1 tunnels, 2 cavities) the difference and both numbers."""
        named = {"betti": float(self.betti)}
        for dimension, (predicted, true) in enumerate(_pair_numbers(self.predicted, self.true)):
            named[f"betti_{dimension}"] = float(abs(predicted - true))
            named[f"betti_{dimension}_predicted"] = float(predicted)
            named[f"betti_{dimension}_true"] = float(true)
        return named


@dataclass(frozen=True)
class ClDiceScore:
    """Centreline Dice, 1 is best, with its precision (falls with false branches) and recall (falls with gaps)."""

    cldice: float
    cldice_precision: float
    cldice_recall: float


def score_betti(
    prediction: Source, truth: Source, *, ignore: Ignore = None, connectivity: Literal[6, 26] = 26
) -> BettiScore:
    """Absolute differences of Betti numbers: of components, tunnels and cavities, counted and not matched.

    Foreground is every label but 0; what is ignored is background on both sides, as is what lies beyond the faces of
    the volume. Holds both masks and what `measure_topology` needs: about 6 bytes a voxel.

    Args:
        prediction: labels, as an array or a volume.
        truth: labels of the same shape.
        ignore: a value of the truth, or a mask that is not 0 where nothing counts.
        connectivity: of the foreground, 26 or 6; background takes the other.
    """
    predicted, true, _ = read_masks(prediction, truth, ignore)
    one, other = (measure_topology(mask, connectivity) for mask in (predicted, true))
    return BettiScore(sum(abs(a - b) for a, b in _pair_numbers(one, other)), one, other)


def score_cldice(
    prediction: Source, truth: Source, *, ignore: Ignore = None, skeleton: Literal["curves", "surface"] = "curves"
) -> ClDiceScore:
    """Centreline Dice (Shit et al. 2021): harmonic mean of the shares of either skeleton that the other mask holds.

    With masks P and T and their skeletons S(P) and S(T): precision = |S(P)∩T| / |S(P)|, recall = |S(T)∩P| / |S(T)|,
    clDice = 2 · precision · recall / (precision + recall). Foreground is every label but 0; what is ignored is
    background on both sides. 1 when both are empty, 0 when one is. Holds both masks and what thinning one needs: about
    12 bytes a voxel, and 16 more a voxel of foreground.

    Args:
        prediction: labels, as an array or a volume.
        truth: labels of the same shape.
        ignore: a value of the truth, or a mask that is not 0 where nothing counts.
        skeleton: curves for tubes; surface, the medial surface, for sheets, of which curves cover next to nothing.
    """
    predicted, true, _ = read_masks(prediction, truth, ignore)
    thin = THINNINGS[skeleton]
    empty = float(not predicted.any() and not true.any())
    precision, recall = (
        _measure_share(thin(one), other, empty) for one, other in ((predicted, true), (true, predicted))
    )
    both = precision + recall
    return ClDiceScore(2 * precision * recall / both if both else 0.0, precision, recall)


def _pair_numbers(one: Topology, other: Topology) -> list[tuple[int, int]]:
    numbers = [(topology.components, topology.tunnels, topology.cavities) for topology in (one, other)]
    return list(zip(*numbers, strict=True))


def _measure_share(skeleton: Mask, mask: Mask, empty: float) -> float:
    """How much of a skeleton lies in a mask; of no skeleton what is said."""
    length = np.count_nonzero(skeleton)
    return float(np.count_nonzero(skeleton & mask) / length) if length else empty
