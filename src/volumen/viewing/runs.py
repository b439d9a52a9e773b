"""What a training run left in its folder, gathered into a report; a run that is not over yet, too."""

import csv
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from volumen.config import files
from volumen.errors import FormatError, MissingError
from volumen.viewing.curves import Chart, Mark, Series
from volumen.viewing.report import format_duration, list_environment, show_recipe
from volumen.viewing.scenes import COMPARED
from volumen.viewing.sections import (
    Column,
    CurveSection,
    Figure,
    Picture,
    PictureSection,
    Report,
    Section,
    TableSection,
)

LOG_FROM = 20.0  # a loss whose largest value is this many times its smallest is drawn on a log scale
STILLS = 3  # previews shown: the first, the middle one, the last

Table = dict[str, Series]
Summary = Mapping[str, Any]


def collect_run(folder: str | Path) -> Report:
    """The report of a run, OUT or one OUT/fold_N, from its recipe, summary, metrics and previews."""
    root = Path(folder)
    if (root / files.METRICS).is_file():
        return _collect_folds(root, [root], _read_summary(root.parent))
    folds = sorted((fold for fold in root.glob("fold_*") if fold.is_dir()), key=_sort_naturally)
    if not folds:
        raise MissingError(f"{root} holds no {files.METRICS} and no fold folders; name the --out folder of a training")
    return _collect_folds(root, folds, _read_summary(root))


def read_metrics(path: Path) -> Table:
    """Columns of a metrics file as lines over epochs; blank cells and a line cut short are left out."""
    columns: dict[str, list[tuple[float, float]]] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            epoch = row.pop("epoch", None)
            for name, text in row.items():
                if epoch and name and text:
                    columns.setdefault(name, []).append((_read_number(path, epoch), _read_number(path, text)))
    return {
        name: Series(name, tuple(epoch for epoch, _ in points), tuple(value for _, value in points))
        for name, points in columns.items()
    }


def chart_metrics(table: Table, marks: tuple[Mark, ...] = ()) -> tuple[Chart, ...]:
    """The charts of one fold: loss, scores, the loss part by part, learning rate; those there is something for."""
    losses = [table[name] for name in ("train/loss", "val/loss") if name in table]
    scores = _select(table, r"val/(?!loss$)[^/]+")
    shares = [series for series in scores if _is_share(series)]
    others = [series for series in scores if series not in shares]
    rate = [table["lr"]] if "lr" in table else []
    charts = [
        Chart(
            "Loss", tuple(losses), log=_spans_much(losses), marks=marks, caption=_caption("Mean of every epoch.", marks)
        ),
        Chart(
            "Scores",
            tuple(shares),
            marks=marks,
            caption=_caption("On patches of the held-out cases, not on whole volumes.", marks),
        ),
        Chart(
            "Decoded",
            tuple(_select(table, "decoded/.*")),
            marks=marks,
            caption=_caption("Of objects, as a prediction has them.", marks),
        ),
        *(Chart(series.name, (series,), marks=marks) for series in others),
        Chart(
            "Loss, part by part", tuple(_select(table, "[^/]+/[^/]+/.+")), caption="The terms that the loss is made of."
        ),
        Chart("Learning rate", tuple(rate), log=_spans_much(rate)),
    ]
    return tuple(chart for chart in charts if chart.series)


def _select(table: Table, pattern: str) -> list[Series]:
    return [series for name, series in table.items() if re.fullmatch(pattern, name)]


def _is_share(series: Series) -> bool:
    """Whether all that was measured lies from 0 to 1."""
    return all(0 <= value <= 1 for value in series.y if math.isfinite(value))


def _caption(sentence: str, marks: Sequence[Mark]) -> str:
    return f"{sentence} The dotted line is the epoch whose weights were kept." if marks else sentence


def _collect_folds(root: Path, folds: Sequence[Path], summary: Summary) -> Report:
    results = {files.name_fold(result["fold"]): result for result in summary.get("folds", ())}
    tables = {fold.name: read_metrics(fold / files.METRICS) for fold in folds if (fold / files.METRICS).is_file()}
    shown = {fold.name: results[fold.name] for fold in folds if fold.name in results}
    sections: list[Section] = [_tabulate_results(shown)] if shown else []
    if len(tables) > 1:
        sections.append(_compare_folds(tables))
    for fold in folds:
        sections += _describe_fold(fold, tables.get(fold.name, {}), results.get(fold.name, {}))
    config = root / files.CONFIG
    if config.is_file():
        sections.append(show_recipe(config.read_text(encoding="utf-8")))
    sections.append(list_environment())
    name = root.name if root.name not in results else f"{root.parent.name}, {root.name}"
    return Report(f"Training of {name}", _summarise(shown, folds), _list_figures(shown), tuple(sections))


def _describe_fold(fold: Path, table: Table, result: Summary) -> Iterator[Section]:
    title = fold.name.replace("_", " ").capitalize()
    best = result.get("best") or {}
    marks = (Mark(best["epoch"], "kept"),) if "epoch" in best else ()
    if table:
        yield CurveSection(title, chart_metrics(table, marks))
    stills = _pick_stills(fold / files.PREVIEWS)
    if stills:
        caption = "The slice in the middle of a preview patch, at the first, a middle and the last preview there is."
        yield PictureSection(f"{title}: previews", tuple((still,) for still in stills), COMPARED, caption)


def _compare_folds(tables: Mapping[str, Table]) -> CurveSection:
    names = [name for name in ("val/loss", "train/loss") if any(name in table for table in tables.values())][:1]
    names += sorted({name for table in tables.values() for name in table if re.fullmatch(r"val/(?!loss)[^/]+", name)})
    charts = []
    for name in names:
        lines = [Series(fold, table[name].x, table[name].y) for fold, table in tables.items() if name in table]
        charts.append(Chart(name, tuple(lines), log=name.endswith("/loss") and _spans_much(lines)))
    return CurveSection("Folds side by side", tuple(charts))


def _tabulate_results(results: Mapping[str, Summary]) -> TableSection:
    columns = ("fold", "status", "time", "epochs", "monitor", "best", "at epoch", "error")
    rows = [
        (
            name,
            result["status"],
            format_duration(result["seconds"]),
            result.get("epochs"),
            (result.get("best") or {}).get("monitor"),
            (result.get("best") or {}).get("value"),
            (result.get("best") or {}).get("epoch"),
            result.get("error"),
        )
        for name, result in results.items()
    ]
    shown = [index for index in range(len(columns)) if index < len(columns) - 1 or any(row[index] for row in rows)]
    return TableSection(
        "Folds",
        tuple(Column(columns[index]) for index in shown),
        tuple(tuple(row[index] for index in shown) for row in rows),
    )


def _summarise(results: Mapping[str, Summary], folds: Sequence[Path]) -> str:
    if not results:
        return "No fold has ended yet; what is here was written so far."
    done = sum(result["status"] == "completed" for result in results.values())
    seconds = sum(result["seconds"] for result in results.values())
    noun = "fold" if len(folds) == 1 else "folds"
    return f"{done} of {len(folds)} {noun} completed, {format_duration(seconds)} of training."


def _list_figures(results: Mapping[str, Summary]) -> tuple[Figure, ...]:
    """The best value of each fold by the monitored metric."""
    return tuple(
        Figure(
            name.replace("_", " "),
            f"{result['best']['value']:.3f}",
            f"{result['best']['monitor']}, epoch {result['best']['epoch']}",
        )
        for name, result in results.items()
        if result.get("best")
    )


def _pick_stills(folder: Path) -> list[Picture]:
    """The middle frame of the first, the middle and the last preview."""
    from PIL import Image

    previews = sorted((path for path in folder.glob("*") if path.suffix in {".gif", ".png"}), key=_sort_naturally)
    picked = sorted({round(index * (len(previews) - 1) / (STILLS - 1)) for index in range(STILLS)}) if previews else []
    stills = []
    for path in (previews[index] for index in picked):
        with Image.open(path) as image:
            image.seek(getattr(image, "n_frames", 1) // 2)
            stills.append(Picture(np.asarray(image.convert("RGB")), _name_still(path)))
    return stills


def _name_still(path: Path) -> str:
    """`epoch 5` from `epoch_0005.gif`."""
    return re.sub(r"\b0+(?=\d)", "", path.stem.replace("_", " "))


def _read_summary(root: Path) -> Summary:
    path = root / files.SUMMARY
    if not path.is_file():
        return {}
    try:
        summary: Summary = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise FormatError(f"{path} is not JSON ({error}); train with --resume to write it anew") from error
    return summary


def _read_number(path: Path, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise FormatError(f"{path} holds {text!r} where a number belongs; was it edited?") from error


def _spans_much(lines: Sequence[Series]) -> bool:
    values = [value for series in lines for value in series.y if math.isfinite(value)]
    return bool(values) and min(values) > 0 and max(values) > LOG_FROM * min(values)


def _sort_naturally(path: Path) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path.name)]
