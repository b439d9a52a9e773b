"""From predictions to labels: objects from what each head gives, then the clean-up kit, in a recipe's order."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volumen.decoding.affinity_components import AffinityComponents as AffinityComponents
    from volumen.decoding.centre_votes import CentreVotes as CentreVotes
    from volumen.decoding.clean_up import CleanUp as CleanUp
    from volumen.decoding.decode import Counts as Counts
    from volumen.decoding.decode import Decoded as Decoded
    from volumen.decoding.decode import Source as Source
    from volumen.decoding.decode import StepReport as StepReport
    from volumen.decoding.decode import build_chain as build_chain
    from volumen.decoding.decode import decode_heads as decode_heads
    from volumen.decoding.embedding_clusters import EmbeddingClusters as EmbeddingClusters
    from volumen.decoding.flow_components import FlowComponents as FlowComponents
    from volumen.decoding.grids import Knob as Knob
    from volumen.decoding.grids import list_knobs as list_knobs
    from volumen.decoding.head_maps import HeadMap as HeadMap
    from volumen.decoding.head_maps import Role as Role
    from volumen.decoding.masks import Argmax as Argmax
    from volumen.decoding.masks import DistanceMask as DistanceMask
    from volumen.decoding.masks import Hysteresis as Hysteresis
    from volumen.decoding.masks import Threshold as Threshold
    from volumen.decoding.mutex_watershed import MutexWatershed as MutexWatershed
    from volumen.decoding.polarity_pairs import PolarityPairs as PolarityPairs
    from volumen.decoding.step import FirstStep as FirstStep
    from volumen.decoding.step import Step as Step
    from volumen.decoding.steps import Closing as Closing
    from volumen.decoding.steps import FillHoles as FillHoles
    from volumen.decoding.steps import KeepLarge as KeepLarge
    from volumen.decoding.steps import MedialSurface as MedialSurface
    from volumen.decoding.steps import Opening as Opening
    from volumen.decoding.steps import SeparateInstances as SeparateInstances
    from volumen.decoding.steps import Skeleton as Skeleton
    from volumen.decoding.steps import StripBorder as StripBorder
    from volumen.decoding.tuning import Example as Example
    from volumen.decoding.tuning import Judge as Judge
    from volumen.decoding.tuning import Trial as Trial
    from volumen.decoding.tuning import Tuned as Tuned
    from volumen.decoding.tuning import tune_decoding as tune_decoding
    from volumen.decoding.watershed import Watershed as Watershed

_HOMES = {
    "Example": "tuning",
    "Judge": "tuning",
    "Knob": "grids",
    "Trial": "tuning",
    "Tuned": "tuning",
    "list_knobs": "grids",
    "tune_decoding": "tuning",
    "AffinityComponents": "affinity_components",
    "Argmax": "masks",
    "CentreVotes": "centre_votes",
    "CleanUp": "clean_up",
    "Closing": "steps",
    "Counts": "decode",
    "Decoded": "decode",
    "DistanceMask": "masks",
    "EmbeddingClusters": "embedding_clusters",
    "FillHoles": "steps",
    "FirstStep": "step",
    "FlowComponents": "flow_components",
    "HeadMap": "head_maps",
    "Hysteresis": "masks",
    "KeepLarge": "steps",
    "MedialSurface": "steps",
    "MutexWatershed": "mutex_watershed",
    "Opening": "steps",
    "PolarityPairs": "polarity_pairs",
    "Role": "head_maps",
    "SeparateInstances": "steps",
    "Skeleton": "steps",
    "Source": "decode",
    "Step": "step",
    "StepReport": "decode",
    "StripBorder": "steps",
    "Threshold": "masks",
    "Watershed": "watershed",
    "build_chain": "decode",
    "decode_heads": "decode",
}
__all__ = [
    "AffinityComponents",
    "Argmax",
    "CentreVotes",
    "CleanUp",
    "Closing",
    "Counts",
    "Decoded",
    "DistanceMask",
    "EmbeddingClusters",
    "Example",
    "FillHoles",
    "FirstStep",
    "FlowComponents",
    "HeadMap",
    "Hysteresis",
    "Judge",
    "KeepLarge",
    "Knob",
    "MedialSurface",
    "MutexWatershed",
    "Opening",
    "PolarityPairs",
    "Role",
    "SeparateInstances",
    "Skeleton",
    "Source",
    "Step",
    "StepReport",
    "StripBorder",
    "Threshold",
    "Trial",
    "Tuned",
    "Watershed",
    "build_chain",
    "decode_heads",
    "list_knobs",
    "tune_decoding",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f"volumen.decoding.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
