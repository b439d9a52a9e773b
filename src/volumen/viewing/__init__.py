"""What was made, to be looked at: pictures of slices, previews, charts, the HTML report."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volumen.viewing.curves import Chart as Chart
    from volumen.viewing.curves import Mark as Mark
    from volumen.viewing.curves import Series as Series
    from volumen.viewing.error_maps import write_error_picture as write_error_picture
    from volumen.viewing.pictures import Panel as Panel
    from volumen.viewing.pictures import paint_cuts as paint_cuts
    from volumen.viewing.previews import HeadView as HeadView
    from volumen.viewing.previews import Preview as Preview
    from volumen.viewing.previews import choose_slices as choose_slices
    from volumen.viewing.previews import draw_stills as draw_stills
    from volumen.viewing.previews import write_preview as write_preview
    from volumen.viewing.report import format_duration as format_duration
    from volumen.viewing.report import list_environment as list_environment
    from volumen.viewing.report import show_recipe as show_recipe
    from volumen.viewing.report import write_report as write_report
    from volumen.viewing.runs import collect_run as collect_run
    from volumen.viewing.scenes import show_scene as show_scene
    from volumen.viewing.scores import tabulate_scores as tabulate_scores
    from volumen.viewing.scores import tabulate_steps as tabulate_steps
    from volumen.viewing.sections import Column as Column
    from volumen.viewing.sections import CurveSection as CurveSection
    from volumen.viewing.sections import Figure as Figure
    from volumen.viewing.sections import Key as Key
    from volumen.viewing.sections import Picture as Picture
    from volumen.viewing.sections import PictureSection as PictureSection
    from volumen.viewing.sections import Report as Report
    from volumen.viewing.sections import TableSection as TableSection
    from volumen.viewing.sections import TextSection as TextSection
    from volumen.viewing.slices import Scene as Scene
    from volumen.viewing.slices import cut_three_ways as cut_three_ways
    from volumen.viewing.slices import find_position as find_position

_HOMES = {
    "Chart": "curves",
    "Column": "sections",
    "CurveSection": "sections",
    "Figure": "sections",
    "HeadView": "previews",
    "Key": "sections",
    "Mark": "curves",
    "Panel": "pictures",
    "Picture": "sections",
    "PictureSection": "sections",
    "Preview": "previews",
    "Report": "sections",
    "Scene": "slices",
    "Series": "curves",
    "TableSection": "sections",
    "TextSection": "sections",
    "choose_slices": "previews",
    "collect_run": "runs",
    "cut_three_ways": "slices",
    "draw_stills": "previews",
    "find_position": "slices",
    "format_duration": "report",
    "list_environment": "report",
    "paint_cuts": "pictures",
    "show_recipe": "report",
    "show_scene": "scenes",
    "tabulate_scores": "scores",
    "tabulate_steps": "scores",
    "write_error_picture": "error_maps",
    "write_preview": "previews",
    "write_report": "report",
}
__all__ = [
    "Chart",
    "Column",
    "CurveSection",
    "Figure",
    "HeadView",
    "Key",
    "Mark",
    "Panel",
    "Picture",
    "PictureSection",
    "Preview",
    "Report",
    "Scene",
    "Series",
    "TableSection",
    "TextSection",
    "choose_slices",
    "collect_run",
    "cut_three_ways",
    "draw_stills",
    "find_position",
    "format_duration",
    "list_environment",
    "paint_cuts",
    "show_recipe",
    "show_scene",
    "tabulate_scores",
    "tabulate_steps",
    "write_error_picture",
    "write_preview",
    "write_report",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f"volumen.viewing.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
