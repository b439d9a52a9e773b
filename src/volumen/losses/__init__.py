"""Losses: what an error costs, and their sum over heads, levels and voxels that somebody looked at."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volumen.losses.combine import LossReport as LossReport
    from volumen.losses.combine import LossSum as LossSum
    from volumen.losses.combine import combine_losses as combine_losses
    from volumen.losses.loss import Loss as Loss
    from volumen.losses.loss import LossContext as LossContext
    from volumen.losses.loss import TruthMap as TruthMap
    from volumen.losses.region import Dice as Dice
    from volumen.losses.region import Variance as Variance
    from volumen.losses.schedule import Moment as Moment
    from volumen.losses.terms import MapRequest as MapRequest
    from volumen.losses.voxelwise import CrossEntropy as CrossEntropy
    from volumen.losses.voxelwise import Focal as Focal

_HOMES = {
    "CrossEntropy": "voxelwise",
    "Dice": "region",
    "Focal": "voxelwise",
    "Loss": "loss",
    "LossContext": "loss",
    "LossReport": "combine",
    "LossSum": "combine",
    "MapRequest": "terms",
    "Moment": "schedule",
    "TruthMap": "loss",
    "Variance": "region",
    "combine_losses": "combine",
}
__all__ = [
    "CrossEntropy",
    "Dice",
    "Focal",
    "Loss",
    "LossContext",
    "LossReport",
    "LossSum",
    "MapRequest",
    "Moment",
    "TruthMap",
    "Variance",
    "combine_losses",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f"volumen.losses.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
