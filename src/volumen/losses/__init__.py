"""Losses: what an error costs, and their sum over heads, levels and voxels that somebody looked at."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volumen.losses.affinity import Malis as Malis
    from volumen.losses.balance import Balance as Balance
    from volumen.losses.balance import FixedBalance as FixedBalance
    from volumen.losses.balance import GradNormBalance as GradNormBalance
    from volumen.losses.balance import UncertaintyBalance as UncertaintyBalance
    from volumen.losses.boundary import Boundary as Boundary
    from volumen.losses.boundary import Hausdorff as Hausdorff
    from volumen.losses.boundary import SurfaceDistance as SurfaceDistance
    from volumen.losses.combine import LossReport as LossReport
    from volumen.losses.combine import LossSum as LossSum
    from volumen.losses.combine import combine_losses as combine_losses
    from volumen.losses.critical import CriticalComponents as CriticalComponents
    from volumen.losses.critical import NeighbourPooled as NeighbourPooled
    from volumen.losses.embedding import Discriminative as Discriminative
    from volumen.losses.loss import Compared as Compared
    from volumen.losses.loss import Loss as Loss
    from volumen.losses.loss import LossContext as LossContext
    from volumen.losses.loss import TruthMap as TruthMap
    from volumen.losses.persistence import BettiMatching as BettiMatching
    from volumen.losses.persistence import Persistence as Persistence
    from volumen.losses.region import Dice as Dice
    from volumen.losses.region import GeneralisedDice as GeneralisedDice
    from volumen.losses.region import Tversky as Tversky
    from volumen.losses.region import Variance as Variance
    from volumen.losses.regression import SignedDistance as SignedDistance
    from volumen.losses.regression import TensorDistance as TensorDistance
    from volumen.losses.regression import build_l1 as build_l1
    from volumen.losses.regression import build_mse as build_mse
    from volumen.losses.regression import build_smooth_l1 as build_smooth_l1
    from volumen.losses.schedule import Moment as Moment
    from volumen.losses.skeletons import CentrelineBoundaryDice as CentrelineBoundaryDice
    from volumen.losses.skeletons import CentrelineDice as CentrelineDice
    from volumen.losses.skeletons import MorphologicalSkeleton as MorphologicalSkeleton
    from volumen.losses.skeletons import SkeletonRecall as SkeletonRecall
    from volumen.losses.skeletons import SurfaceDice as SurfaceDice
    from volumen.losses.terms import MapRequest as MapRequest
    from volumen.losses.vectors import Cosine as Cosine
    from volumen.losses.vectors import NormalSmoothness as NormalSmoothness
    from volumen.losses.voxelwise import BalancedCrossEntropy as BalancedCrossEntropy
    from volumen.losses.voxelwise import CrossEntropy as CrossEntropy
    from volumen.losses.voxelwise import Entropy as Entropy
    from volumen.losses.voxelwise import Focal as Focal

_HOMES = {
    "Balance": "balance",
    "BalancedCrossEntropy": "voxelwise",
    "BettiMatching": "persistence",
    "Boundary": "boundary",
    "CentrelineBoundaryDice": "skeletons",
    "CentrelineDice": "skeletons",
    "Compared": "loss",
    "Cosine": "vectors",
    "CriticalComponents": "critical",
    "CrossEntropy": "voxelwise",
    "Dice": "region",
    "Discriminative": "embedding",
    "Entropy": "voxelwise",
    "FixedBalance": "balance",
    "Focal": "voxelwise",
    "GeneralisedDice": "region",
    "GradNormBalance": "balance",
    "Hausdorff": "boundary",
    "Loss": "loss",
    "LossContext": "loss",
    "LossReport": "combine",
    "LossSum": "combine",
    "Malis": "affinity",
    "MapRequest": "terms",
    "Moment": "schedule",
    "MorphologicalSkeleton": "skeletons",
    "NeighbourPooled": "critical",
    "NormalSmoothness": "vectors",
    "Persistence": "persistence",
    "SignedDistance": "regression",
    "SkeletonRecall": "skeletons",
    "SurfaceDice": "skeletons",
    "SurfaceDistance": "boundary",
    "TensorDistance": "regression",
    "TruthMap": "loss",
    "Tversky": "region",
    "UncertaintyBalance": "balance",
    "Variance": "region",
    "build_l1": "regression",
    "build_mse": "regression",
    "build_smooth_l1": "regression",
    "combine_losses": "combine",
}
__all__ = [
    "Balance",
    "BalancedCrossEntropy",
    "BettiMatching",
    "Boundary",
    "CentrelineBoundaryDice",
    "CentrelineDice",
    "Compared",
    "Cosine",
    "CriticalComponents",
    "CrossEntropy",
    "Dice",
    "Discriminative",
    "Entropy",
    "FixedBalance",
    "Focal",
    "GeneralisedDice",
    "GradNormBalance",
    "Hausdorff",
    "Loss",
    "LossContext",
    "LossReport",
    "LossSum",
    "Malis",
    "MapRequest",
    "Moment",
    "MorphologicalSkeleton",
    "NeighbourPooled",
    "NormalSmoothness",
    "Persistence",
    "SignedDistance",
    "SkeletonRecall",
    "SurfaceDice",
    "SurfaceDistance",
    "TensorDistance",
    "TruthMap",
    "Tversky",
    "UncertaintyBalance",
    "Variance",
    "build_l1",
    "build_mse",
    "build_smooth_l1",
    "combine_losses",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f"volumen.losses.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
