"""`volumen evaluate`."""

import csv
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from volumen import api
from volumen.cli.flags import expose_knobs
from volumen.cli.progress import show_log, show_progress
from volumen.cli.tables import print_table
from volumen.config import Component, set_options
from volumen.metrics import Comparison, Scoring, compare_means, turn_scores

if TYPE_CHECKING:
    from volumen.metrics import Evaluation

Rows = Mapping[str, Mapping[str, float]]


@expose_knobs
def evaluate(
    segmentation: str,
    truth: str,
    /,
    *options: str,
    metric: str = "dice,surface_dice,voi",
    scoring: Scoring = Scoring(),
    against: str | None = None,
    errors: Path | None = None,
    table: Annotated[Path | None, Parameter(name="--csv")] = None,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> None:
    """Score a segmentation, or a folder of them, against the truth.

    Args:
        segmentation: A volume, or a folder of volumes.
        truth: A volume, or a folder whose files have the same names.
        options: Options of metrics, as surface_dice.tolerance=1.
        metric: Names with commas between them.
        against: Another segmentation, or folder of them, of the same truth: how the two differ, case by case.
        errors: A folder for maps and pictures of what is split, merged, missed and invented.
        table: Also write the rows to this CSV file.
        as_json: Print one JSON object (cases, means, intervals, groups, missing) and nothing else.
    """
    names = [Component(name=name.strip()) for name in metric.split(",")]
    metrics = set_options(names, options)
    result = _score(segmentation, truth, metrics, scoring)
    other = None if against is None else _score(against, truth, metrics, scoring)
    if errors is not None:
        with show_progress("maps") as progress:
            api.write_error_maps(segmentation, truth, errors, scoring=scoring, progress=progress)
    if table is not None:
        write_table(result, table)
    differences = {} if other is None else compare(result, other)
    if as_json:
        print(json.dumps(describe(result, differences)))
    else:
        print_table(_list_rows(result))
        _print_differences(differences)


def compare(one: "Evaluation", other: "Evaluation") -> dict[str, Comparison]:
    """By score how much higher the first is over the cases of both."""
    first, second = turn_scores(one.cases), turn_scores(other.cases)
    return {name: compare_means(first[name], second[name]) for name in first if name in second}


def describe(result: "Evaluation", differences: Mapping[str, Comparison]) -> dict[str, object]:
    """All scores as plain values for JSON, null where a number is not defined."""
    intervals = {name: {"low": interval.low, "high": interval.high} for name, interval in result.intervals.items()}
    document: dict[str, object] = {
        "cases": _replace_nans(result.cases),
        "means": _replace_nan(result.means),
        "intervals": _replace_nans(intervals),
        "groups": _replace_nans(result.group_means),
        "missing": list(result.missing),
    }
    if differences:
        document["against"] = _replace_nans({name: asdict(difference) for name, difference in differences.items()})
    return document


def write_table(result: "Evaluation", path: Path) -> None:
    """Write a row a case, with its group, and rows of means."""
    columns = ["case", "group", *result.means]
    partial = path.with_name(f".{path.name}.writing")
    with partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        for name, scores in _list_rows(result).items():
            writer.writerow({"case": name, "group": result.groups.get(name, "")} | dict(scores))
    partial.replace(path)


def _score(segmentation: str, truth: str, metrics: Sequence[Component], scoring: Scoring) -> "Evaluation":
    with show_log("volumen.metrics"), show_progress("cases") as progress:
        return api.evaluate(segmentation, truth, metrics=metrics, scoring=scoring, progress=progress)


def _list_rows(result: "Evaluation") -> dict[str, Mapping[str, float]]:
    """Every row of a table: cases, groups, all; of several cases also the interval of the mean."""
    groups = {f"mean of {group}": scores for group, scores in result.group_means.items()}
    rows = {**result.cases, **groups, "mean": result.means}
    if len(result.cases) > 1:
        rows["95 % from"] = {name: interval.low for name, interval in result.intervals.items()}
        rows["95 % to"] = {name: interval.high for name, interval in result.intervals.items()}
    return rows


def _print_differences(differences: Mapping[str, Comparison]) -> None:
    if differences:
        print("\nless the other's, over the cases of both (95 % interval; p from flipped signs):")
    for name, found in differences.items():
        print(f"  {name:<24} {found.difference:+.4f}  ({found.low:+.4f} to {found.high:+.4f})  p = {found.p_value:.3g}")


def _replace_nans(rows: Rows) -> dict[str, dict[str, float | None]]:
    return {name: _replace_nan(scores) for name, scores in rows.items()}


def _replace_nan(scores: Mapping[str, float]) -> dict[str, float | None]:
    """JSON has no NaN or infinity: a score that is not defined is null."""
    return {name: value if math.isfinite(value) else None for name, value in scores.items()}
