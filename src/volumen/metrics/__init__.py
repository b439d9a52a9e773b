"""Scores of a segmentation against the truth: arrays or volumes in, frozen dataclasses of floats out."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volumen.metrics.associations import Associations as Associations
    from volumen.metrics.associations import count_associations as count_associations
    from volumen.metrics.cases import Evaluation as Evaluation
    from volumen.metrics.cases import Scoring as Scoring
    from volumen.metrics.cases import choose_ignored as choose_ignored
    from volumen.metrics.cases import evaluate_cases as evaluate_cases
    from volumen.metrics.clefts import CleftScore as CleftScore
    from volumen.metrics.clefts import score_clefts as score_clefts
    from volumen.metrics.confidence import Comparison as Comparison
    from volumen.metrics.confidence import Interval as Interval
    from volumen.metrics.confidence import bound_mean as bound_mean
    from volumen.metrics.confidence import compare_means as compare_means
    from volumen.metrics.confidence import turn_scores as turn_scores
    from volumen.metrics.cremi import BorderMask as BorderMask
    from volumen.metrics.cremi import CremiScore as CremiScore
    from volumen.metrics.cremi import score_cremi as score_cremi
    from volumen.metrics.direction import is_lower_better as is_lower_better
    from volumen.metrics.errors import ErrorKind as ErrorKind
    from volumen.metrics.errors import ErrorMap as ErrorMap
    from volumen.metrics.errors import map_errors as map_errors
    from volumen.metrics.errors import write_errors as write_errors
    from volumen.metrics.evaluate import evaluate_case as evaluate_case
    from volumen.metrics.matching import ApScore as ApScore
    from volumen.metrics.matching import PqScore as PqScore
    from volumen.metrics.matching import score_ap as score_ap
    from volumen.metrics.matching import score_pq as score_pq
    from volumen.metrics.objects import ObjectError as ObjectError
    from volumen.metrics.objects import ObjectScore as ObjectScore
    from volumen.metrics.objects import score_objects as score_objects
    from volumen.metrics.overlap import AccuracyScore as AccuracyScore
    from volumen.metrics.overlap import DiceScore as DiceScore
    from volumen.metrics.overlap import IouScore as IouScore
    from volumen.metrics.overlap import PrecisionScore as PrecisionScore
    from volumen.metrics.overlap import RecallScore as RecallScore
    from volumen.metrics.overlap import score_accuracy as score_accuracy
    from volumen.metrics.overlap import score_dice as score_dice
    from volumen.metrics.overlap import score_iou as score_iou
    from volumen.metrics.overlap import score_precision as score_precision
    from volumen.metrics.overlap import score_recall as score_recall
    from volumen.metrics.pairing import Pairs as Pairs
    from volumen.metrics.pairing import pair_cases as pair_cases
    from volumen.metrics.partition import RandScore as RandScore
    from volumen.metrics.partition import VoiScore as VoiScore
    from volumen.metrics.partition import score_rand as score_rand
    from volumen.metrics.partition import score_voi as score_voi
    from volumen.metrics.run_length import ErlScore as ErlScore
    from volumen.metrics.run_length import score_erl as score_erl
    from volumen.metrics.skeleton_files import read_skeletons as read_skeletons
    from volumen.metrics.skeleton_files import write_skeletons as write_skeletons
    from volumen.metrics.skeletons import Skeletons as Skeletons
    from volumen.metrics.skeletons import trace_skeletons as trace_skeletons
    from volumen.metrics.surface_dice import SurfaceDiceScore as SurfaceDiceScore
    from volumen.metrics.surface_dice import score_surface_dice as score_surface_dice
    from volumen.metrics.surface_distance import Hausdorff95Score as Hausdorff95Score
    from volumen.metrics.surface_distance import SurfaceDistanceScore as SurfaceDistanceScore
    from volumen.metrics.surface_distance import score_hausdorff95 as score_hausdorff95
    from volumen.metrics.surface_distance import score_surface_distance as score_surface_distance
    from volumen.metrics.surface_score import SurfaceScore as SurfaceScore
    from volumen.metrics.surface_score import score_surface as score_surface
    from volumen.metrics.table import ContingencyTable as ContingencyTable
    from volumen.metrics.table import add_rows as add_rows
    from volumen.metrics.table import build_table as build_table
    from volumen.metrics.topology import BettiScore as BettiScore
    from volumen.metrics.topology import ClDiceScore as ClDiceScore
    from volumen.metrics.topology import score_betti as score_betti
    from volumen.metrics.topology import score_cldice as score_cldice

_HOMES = {
    "ApScore": "matching",
    "Associations": "associations",
    "BettiScore": "topology",
    "BorderMask": "cremi",
    "ClDiceScore": "topology",
    "CleftScore": "clefts",
    "Comparison": "confidence",
    "ContingencyTable": "table",
    "CremiScore": "cremi",
    "AccuracyScore": "overlap",
    "DiceScore": "overlap",
    "ErlScore": "run_length",
    "ErrorKind": "errors",
    "ErrorMap": "errors",
    "Evaluation": "cases",
    "Hausdorff95Score": "surface_distance",
    "Interval": "confidence",
    "IouScore": "overlap",
    "ObjectError": "objects",
    "ObjectScore": "objects",
    "Pairs": "pairing",
    "PqScore": "matching",
    "PrecisionScore": "overlap",
    "RandScore": "partition",
    "RecallScore": "overlap",
    "Scoring": "cases",
    "Skeletons": "skeletons",
    "SurfaceDiceScore": "surface_dice",
    "SurfaceDistanceScore": "surface_distance",
    "SurfaceScore": "surface_score",
    "VoiScore": "partition",
    "bound_mean": "confidence",
    "add_rows": "table",
    "build_table": "table",
    "choose_ignored": "cases",
    "compare_means": "confidence",
    "count_associations": "associations",
    "evaluate_case": "evaluate",
    "evaluate_cases": "cases",
    "is_lower_better": "direction",
    "map_errors": "errors",
    "pair_cases": "pairing",
    "read_skeletons": "skeleton_files",
    "score_ap": "matching",
    "score_betti": "topology",
    "score_cldice": "topology",
    "score_clefts": "clefts",
    "score_cremi": "cremi",
    "score_accuracy": "overlap",
    "score_dice": "overlap",
    "score_erl": "run_length",
    "score_hausdorff95": "surface_distance",
    "score_iou": "overlap",
    "score_objects": "objects",
    "score_pq": "matching",
    "score_precision": "overlap",
    "score_rand": "partition",
    "score_recall": "overlap",
    "score_surface": "surface_score",
    "score_surface_dice": "surface_dice",
    "score_surface_distance": "surface_distance",
    "score_voi": "partition",
    "trace_skeletons": "skeletons",
    "turn_scores": "confidence",
    "write_errors": "errors",
    "write_skeletons": "skeleton_files",
}
__all__ = [
    "AccuracyScore",
    "ApScore",
    "Associations",
    "BettiScore",
    "BorderMask",
    "ClDiceScore",
    "CleftScore",
    "Comparison",
    "ContingencyTable",
    "CremiScore",
    "DiceScore",
    "ErlScore",
    "ErrorKind",
    "ErrorMap",
    "Evaluation",
    "Hausdorff95Score",
    "Interval",
    "IouScore",
    "ObjectError",
    "ObjectScore",
    "Pairs",
    "PqScore",
    "PrecisionScore",
    "RandScore",
    "RecallScore",
    "Scoring",
    "Skeletons",
    "SurfaceDiceScore",
    "SurfaceDistanceScore",
    "SurfaceScore",
    "VoiScore",
    "add_rows",
    "bound_mean",
    "build_table",
    "choose_ignored",
    "compare_means",
    "count_associations",
    "evaluate_case",
    "evaluate_cases",
    "is_lower_better",
    "map_errors",
    "pair_cases",
    "read_skeletons",
    "score_accuracy",
    "score_ap",
    "score_betti",
    "score_cldice",
    "score_clefts",
    "score_cremi",
    "score_dice",
    "score_erl",
    "score_hausdorff95",
    "score_iou",
    "score_objects",
    "score_pq",
    "score_precision",
    "score_rand",
    "score_recall",
    "score_surface",
    "score_surface_dice",
    "score_surface_distance",
    "score_voi",
    "trace_skeletons",
    "turn_scores",
    "write_errors",
    "write_skeletons",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f"volumen.metrics.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
