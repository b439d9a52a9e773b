"""One self-contained HTML file from a report, and the sections that most reports have."""

import os
import platform
import re
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Protocol, runtime_checkable

from volumen.geometry import Shape
from volumen.viewing.curves import Number
from volumen.viewing.page import render_page
from volumen.viewing.palette import AGREEMENT, PREDICTION, TRUTH, UNSEEN
from volumen.viewing.pictures import Panel, paint_cuts
from volumen.viewing.sections import Column, Key, Picture, PictureSection, Report, TableSection, TextSection
from volumen.viewing.slices import WINDOW, Cut, Scene, cut_three_ways, find_position

PACKAGES = ("volumen", "torch", "lightning", "numpy", "scipy", "scikit-image", "tensorstore", "tifffile", "pydantic")
LOWER_IS_BETTER = re.compile(r"rand|(voi|hausdorff95|surface_distance|betti|cremi|cleft)(_.*)?|.*loss")
MINUTE, HOUR = 60, 3600


@runtime_checkable
class CountsLike(Protocol):
    """What was counted in a mask or in labels."""

    @property
    def voxels(self) -> int:
        """Voxels of the foreground."""

    @property
    def components(self) -> int:
        """Connected components."""

    @property
    def cavities(self) -> int:
        """Enclosed pieces of background."""


@runtime_checkable
class StepLike(Protocol):
    """What a step of the clean-up did; `before` is None for the step that makes the mask."""

    @property
    def name(self) -> str:
        """The step's name in the recipe."""

    @property
    def before(self) -> CountsLike | None:
        """What it was given."""

    @property
    def after(self) -> CountsLike:
        """What it left."""


def write_report(path: str | Path, report: Report) -> Path:
    """The file written: one HTML page with everything in it, no network needed, about 3 MB at most."""
    target = Path(path)
    partial = target.with_name(f".{target.name}.partial")
    partial.write_text(render_page(report), encoding="utf-8")
    partial.replace(target)
    return target


def show_scene(title: str, scene: Scene, *, position: Shape | None = None, side: int = 384) -> PictureSection:
    """Slices across z, y and x: the image, the truth over it, the prediction compared with the truth.

    Only the slices are read, and, to find a place worth showing, at most 27 blocks of 128³.

    Args:
        title: the case's name, say.
        scene: what to show.
        position: the voxel to cut through; the place with most truth (or prediction) when it is not given.
        side: pixels of a picture's longer side.
    """
    through = position or find_position(scene)
    cuts = cut_three_ways(scene, through)
    rows = tuple(
        tuple(Picture(panel.pixels, _caption_panel(panel, cut)) for panel in panels)
        for cut, panels in zip(cuts, paint_cuts(scene, cuts, side=side), strict=True)
    )
    return PictureSection(title, rows, _list_keys(scene), _caption_scene(scene, through, chosen=position is None))


def tabulate_scores(scores: Mapping[str, Mapping[str, Number]], *, title: str = "Scores") -> TableSection:
    """Cases by metrics, with the mean over the cases that have the metric; the best and worst of each are marked."""
    metrics = list(dict.fromkeys(metric for case in scores.values() for metric in case))
    columns = [Column(metric, "low" if LOWER_IS_BETTER.fullmatch(metric) else "high") for metric in metrics]
    rows = [(name, *(case.get(metric) for metric in metrics)) for name, case in scores.items()]
    means = [_average([case[metric] for case in scores.values() if metric in case]) for metric in metrics]
    lower = [column.title for column in columns if column.better == "low"]
    caption = f"Lower is better for {', '.join(lower)}. " if lower else ""
    gaps = any(value is None or value != value for row in rows for value in row[1:])  # noqa: PLR0124 - NaN
    caption += "– where a metric is not defined; means leave it out." if gaps else ""
    footer = (("mean", *means),) if len(rows) > 1 else ()
    return TableSection(title, (Column("case"), *columns), tuple(rows), footer, caption.strip())


def tabulate_steps(steps: Sequence[StepLike], *, title: str = "Clean-up") -> TableSection:
    """Foreground voxels, components and cavities before and after each step."""
    names = ("voxels", "components", "cavities")
    columns = [Column(f"{name} {when}") for name in names for when in ("before", "after")]
    rows = tuple(
        (step.name, *(_count(side, name) for name in names for side in (step.before, step.after))) for step in steps
    )
    caption = "Each step is given what the one above left. The first makes the mask, so there is nothing before it."
    return TableSection(title, (Column("step"), *columns), rows, caption=caption)


def show_recipe(text: str) -> TextSection:
    """The resolved recipe as it stands, folded away."""
    return TextSection("Recipe", text, verbatim=True, folded=True)


def list_environment() -> TableSection:
    """Versions of what runs now: Python, the system, processors, the packages that matter."""
    rows = [
        ("Python", platform.python_version()),
        ("system", f"{platform.system()} {platform.release()}, {platform.machine()}"),
        ("processors", str(os.cpu_count() or "unknown")),
        *((name, _find_version(name)) for name in PACKAGES),
    ]
    caption = "As found on the machine that wrote this page, when it was written."
    return TableSection("Environment", (Column("what"), Column("version")), tuple(rows), caption=caption)


def format_duration(seconds: Number) -> str:
    """A time as people say it: 4.2 s, 3 min 5 s, 2 h 10 min."""
    if round(seconds, 1) < MINUTE:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < HOUR:
        return f"{whole // MINUTE} min {whole % MINUTE} s"
    return f"{whole // HOUR} h {whole % HOUR // MINUTE} min"


def _caption_panel(panel: Panel, cut: Cut) -> str:
    if panel.name == "image":
        return f"{cut.place}, image"
    return (
        "prediction"
        if panel.name == "prediction" and cut.truth is None
        else {
            "truth": "truth over image",
            "prediction": "prediction against truth",
        }[panel.name]
    )


def _list_keys(scene: Scene) -> tuple[Key, ...]:
    if scene.instances or (scene.truth is None and scene.prediction is None):
        return ()
    if scene.prediction is None:
        return (Key("truth", TRUTH),)
    if scene.truth is None:
        return (Key("predicted", PREDICTION),)
    keys = (Key("in both", AGREEMENT), Key("only in the truth: missed", TRUTH), Key("only predicted", PREDICTION))
    return keys if scene.ignore is None else (*keys, Key("predicted where nobody looked", UNSEEN))


def _caption_scene(scene: Scene, through: Shape, *, chosen: bool) -> str:
    sentences = [
        f"Cut through the voxel z y x = {', '.join(map(str, through))} of {' × '.join(map(str, scene.shape))}."
    ]
    if chosen and scene.truth is not None:
        sentences.append("The place was chosen for holding much truth; it is not a random one.")
    if max(scene.shape) > WINDOW:
        sentences.append(f"Of longer slices the {WINDOW} voxels about it are shown.")
    if scene.ignore is not None:
        sentences.append("Dim and hatched: nobody looked, and nothing there counts.")
    if scene.instances:
        sentences.append("A colour is an id within one column; between truth and prediction colours do not correspond.")
    sentences.append("Grey runs from the 0.5 to the 99.5 percentile of the slices shown.")
    return " ".join(sentences)


def _count(counts: CountsLike | None, name: str) -> int | None:
    return None if counts is None else getattr(counts, name)


def _average(values: Sequence[Number]) -> float | None:
    known = [value for value in values if value == value]  # noqa: PLR0124 - NaN is not
    return sum(known) / len(known) if known else None


def _find_version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
