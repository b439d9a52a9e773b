"""`volumen evaluate`."""

import csv
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from volumen import api
from volumen.cli.flags import expose_knobs
from volumen.cli.progress import show_log, show_progress
from volumen.cli.tables import print_table
from volumen.metrics import Scoring

if TYPE_CHECKING:
    from volumen.metrics import Evaluation


@expose_knobs
def evaluate(
    segmentation: str,
    truth: str,
    /,
    *,
    metric: str = "dice,surface_dice,voi",
    scoring: Scoring = Scoring(),
    table: Annotated[Path | None, Parameter(name="--csv")] = None,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> None:
    """Score a segmentation, or a folder of them, against the truth.

    Args:
        segmentation: A volume, or a folder of volumes.
        truth: A volume, or a folder whose files have the same names.
        metric: Names with commas between them.
        table: Also write the rows to this CSV file.
        as_json: Print one JSON object (cases, means, groups, missing) and nothing else.
    """
    metrics = [name.strip() for name in metric.split(",")]
    with show_log("volumen.metrics"), show_progress("cases") as progress:
        result = api.evaluate(segmentation, truth, metrics=metrics, scoring=scoring, progress=progress)
    if table is not None:
        write_table(result, table)
    print_json(result) if as_json else print_table(_list_rows(result))


def print_json(result: "Evaluation") -> None:
    """Print all scores as one JSON object."""
    document = {
        "cases": _replace_nans(result.cases),
        "means": _replace_nan(result.means),
        "groups": _replace_nans(result.group_means),
        "missing": list(result.missing),
    }
    print(json.dumps(document))


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


def _list_rows(result: "Evaluation") -> dict[str, Mapping[str, float]]:
    """Every row of a table: cases, groups, all."""
    groups = {f"mean of {group}": scores for group, scores in result.group_means.items()}
    return {**result.cases, **groups, "mean": result.means}


def _replace_nans(rows: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float | None]]:
    return {name: _replace_nan(scores) for name, scores in rows.items()}


def _replace_nan(scores: Mapping[str, float]) -> dict[str, float | None]:
    """JSON has no NaN and no infinity: a score that is not defined, or an infinite distance, is null."""
    return {name: value if math.isfinite(value) else None for name, value in scores.items()}
