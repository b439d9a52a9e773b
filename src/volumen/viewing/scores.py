"""Scores and clean-up steps as tables."""

import math
from collections.abc import Mapping, Sequence
from typing import Literal, Protocol, runtime_checkable

from volumen.metrics import is_lower_better
from volumen.viewing.curves import Number
from volumen.viewing.sections import Cell, Column, TableSection

COUNTED = ("voxels", "components", "cavities")


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


def tabulate_scores(scores: Mapping[str, Mapping[str, Number]], *, title: str = "Scores") -> TableSection:
    """Cases by metrics, with the mean over the cases that have the metric; the best and worst of each are marked."""
    metrics = list(dict.fromkeys(metric for case in scores.values() for metric in case))
    columns = [Column(metric, _find_better(metric)) for metric in metrics]
    rows = tuple((name, *(case.get(metric, math.nan) for metric in metrics)) for name, case in scores.items())
    means = [_average([case.get(metric, math.nan) for case in scores.values()]) for metric in metrics]
    footer = (("mean", *means),) if len(rows) > 1 else ()
    return TableSection(title, (Column("case"), *columns), rows, footer, _caption_scores(columns, scores))


def _find_better(metric: str) -> Literal["low", "high"]:
    return "low" if metric.endswith("loss") or is_lower_better(metric) else "high"


def tabulate_steps(steps: Sequence[StepLike], *, title: str = "Clean-up") -> TableSection:
    """Foreground voxels, components and cavities before and after each step."""
    columns = [Column(f"{name} {when}") for name in COUNTED for when in ("before", "after")]
    rows: list[tuple[Cell, ...]] = []
    for step in steps:
        pairs = zip(_list_counts(step.before), _list_counts(step.after), strict=True)
        rows.append((step.name, *(count for pair in pairs for count in pair)))
    caption = "Each step is given what the one above left. The first makes the mask, so there is nothing before it."
    return TableSection(title, (Column("step"), *columns), tuple(rows), caption=caption)


def _caption_scores(columns: Sequence[Column], scores: Mapping[str, Mapping[str, Number]]) -> str:
    lower = ", ".join(column.title for column in columns if column.better == "low")
    gaps = any(math.isnan(case.get(column.title, math.nan)) for case in scores.values() for column in columns)
    sentences = [f"Lower is better for {lower}."] if lower else []
    sentences += ["– where a metric is not defined; means leave it out."] if gaps else []
    return " ".join(sentences)


def _list_counts(counts: CountsLike | None) -> tuple[int | None, ...]:
    return (None,) * len(COUNTED) if counts is None else (counts.voxels, counts.components, counts.cavities)


def _average(values: Sequence[Number]) -> Number:
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan
