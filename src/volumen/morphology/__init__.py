"""Arrays in memory: components, holes, balls, distances, skeletons, persistent homology, watershed, relabelling."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volumen.morphology.balls import close_ball as close_ball
    from volumen.morphology.balls import dilate_ball as dilate_ball
    from volumen.morphology.balls import erode_ball as erode_ball
    from volumen.morphology.balls import open_ball as open_ball
    from volumen.morphology.components import Connectivity as Connectivity
    from volumen.morphology.components import count_components as count_components
    from volumen.morphology.components import keep_large as keep_large
    from volumen.morphology.components import keep_marked as keep_marked
    from volumen.morphology.components import label_components as label_components
    from volumen.morphology.components import list_contacts as list_contacts
    from volumen.morphology.components import measure_components as measure_components
    from volumen.morphology.components import relabel as relabel
    from volumen.morphology.distances import find_near as find_near
    from volumen.morphology.distances import measure_distance as measure_distance
    from volumen.morphology.holes import count_cavities as count_cavities
    from volumen.morphology.holes import fill_holes as fill_holes
    from volumen.morphology.persistence import Intervals as Intervals
    from volumen.morphology.persistence import Matching as Matching
    from volumen.morphology.persistence import match_persistence as match_persistence
    from volumen.morphology.persistence import measure_persistence as measure_persistence
    from volumen.morphology.skeletons import find_medial_surface as find_medial_surface
    from volumen.morphology.skeletons import skeletonize_curves as skeletonize_curves
    from volumen.morphology.tracing import Centrelines as Centrelines
    from volumen.morphology.tracing import trace_centrelines as trace_centrelines
    from volumen.morphology.watershed import separate_by_watershed as separate_by_watershed
    from volumen.morphology.watershed import separate_heights as separate_heights

_HOMES = {
    "Centrelines": "tracing",
    "Connectivity": "components",
    "Intervals": "persistence",
    "Matching": "persistence",
    "close_ball": "balls",
    "count_cavities": "holes",
    "count_components": "components",
    "dilate_ball": "balls",
    "erode_ball": "balls",
    "fill_holes": "holes",
    "find_medial_surface": "skeletons",
    "find_near": "distances",
    "keep_large": "components",
    "keep_marked": "components",
    "label_components": "components",
    "list_contacts": "components",
    "match_persistence": "persistence",
    "measure_components": "components",
    "measure_distance": "distances",
    "measure_persistence": "persistence",
    "open_ball": "balls",
    "relabel": "components",
    "separate_by_watershed": "watershed",
    "trace_centrelines": "tracing",
    "separate_heights": "watershed",
    "skeletonize_curves": "skeletons",
}
__all__ = [
    "Centrelines",
    "Connectivity",
    "Intervals",
    "Matching",
    "close_ball",
    "count_cavities",
    "count_components",
    "dilate_ball",
    "erode_ball",
    "fill_holes",
    "find_medial_surface",
    "find_near",
    "keep_large",
    "keep_marked",
    "label_components",
    "list_contacts",
    "match_persistence",
    "measure_components",
    "measure_distance",
    "measure_persistence",
    "open_ball",
    "relabel",
    "separate_by_watershed",
    "separate_heights",
    "skeletonize_curves",
    "trace_centrelines",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f"volumen.morphology.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
