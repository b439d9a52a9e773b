"""Scores of a segmentation against the truth: arrays or volumes in, frozen dataclasses of floats out."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volumen.metrics.evaluate import evaluate_case as evaluate_case
    from volumen.metrics.overlap import DiceScore as DiceScore
    from volumen.metrics.overlap import IouScore as IouScore
    from volumen.metrics.overlap import PrecisionScore as PrecisionScore
    from volumen.metrics.overlap import RecallScore as RecallScore
    from volumen.metrics.overlap import score_dice as score_dice
    from volumen.metrics.overlap import score_iou as score_iou
    from volumen.metrics.overlap import score_precision as score_precision
    from volumen.metrics.overlap import score_recall as score_recall
    from volumen.metrics.partition import RandScore as RandScore
    from volumen.metrics.partition import VoiScore as VoiScore
    from volumen.metrics.partition import score_rand as score_rand
    from volumen.metrics.partition import score_voi as score_voi
    from volumen.metrics.surface_dice import SurfaceDiceScore as SurfaceDiceScore
    from volumen.metrics.surface_dice import score_surface_dice as score_surface_dice
    from volumen.metrics.surface_score import SurfaceScore as SurfaceScore
    from volumen.metrics.surface_score import score_surface as score_surface
    from volumen.metrics.table import ContingencyTable as ContingencyTable
    from volumen.metrics.table import build_table as build_table

_HOMES = {
    "ContingencyTable": "table",
    "DiceScore": "overlap",
    "IouScore": "overlap",
    "PrecisionScore": "overlap",
    "RandScore": "partition",
    "RecallScore": "overlap",
    "SurfaceDiceScore": "surface_dice",
    "SurfaceScore": "surface_score",
    "VoiScore": "partition",
    "build_table": "table",
    "evaluate_case": "evaluate",
    "score_dice": "overlap",
    "score_iou": "overlap",
    "score_precision": "overlap",
    "score_rand": "partition",
    "score_recall": "overlap",
    "score_surface": "surface_score",
    "score_surface_dice": "surface_dice",
    "score_voi": "partition",
}
__all__ = [
    "ContingencyTable",
    "DiceScore",
    "IouScore",
    "PrecisionScore",
    "RandScore",
    "RecallScore",
    "SurfaceDiceScore",
    "SurfaceScore",
    "VoiScore",
    "build_table",
    "evaluate_case",
    "score_dice",
    "score_iou",
    "score_precision",
    "score_rand",
    "score_recall",
    "score_surface",
    "score_surface_dice",
    "score_voi",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f"volumen.metrics.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
