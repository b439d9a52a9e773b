"""`volumen evaluate`."""

import json
import math
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from volumen import api
from volumen.cli.progress import show_progress
from volumen.cli.tables import print_table


def evaluate(
    segmentation: Path,
    truth: Path,
    /,
    *,
    metric: str = "dice,surface_dice,voi",
    ignore: int | None = 2,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> None:
    """Score a segmentation, or a folder of them, against the truth.

    Args:
        segmentation: A volume, or a folder of volumes.
        truth: A volume, or a folder whose files have the same names.
        metric: Names with commas between them.
        ignore: Truth value of voxels that nobody looked at; None when every voxel counts.
        as_json: Print one JSON object (cases, means) and nothing else.
    """
    names = [name.strip() for name in metric.split(",")]
    with show_progress("cases") as progress:
        result = api.evaluate(segmentation, truth, metrics=names, ignore=ignore, progress=progress)
    if as_json:
        cases = {case: _replace_nan(scores) for case, scores in result.cases.items()}
        print(json.dumps({"cases": cases, "means": _replace_nan(result.means)}))
    else:
        print_table(result.cases | {"mean": result.means})


def _replace_nan(scores: dict[str, float]) -> dict[str, float | None]:
    """JSON has no NaN and no infinity: a score that is not defined, or an infinite distance, is null."""
    return {name: value if math.isfinite(value) else None for name, value in scores.items()}
