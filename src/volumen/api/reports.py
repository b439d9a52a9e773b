"""The verb on reports."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from volumen.config import files
from volumen.volumes import name_volume, open_volume

if TYPE_CHECKING:
    from volumen.decoding import Decoded
    from volumen.viewing import Report


def write_report(
    run: str | Path,
    out: str | Path | None = None,
    *,
    image: str | Path | None = None,
    truth: str | Path | None = None,
    prediction: str | Path | None = None,
    scores: Mapping[str, Mapping[str, float]] | None = None,
    decoded: "Decoded | None" = None,
    ignore: int | None = 2,
) -> Path:
    """The report written: curves, previews and recipe of a training run, or how a prediction was made; and pictures.

    Args:
        run: the --out folder of a training, one of its folds, or a prediction (.zarr).
        out: the HTML file; report.html in the run's folder, or NAME.html beside a prediction, when not said.
        image: a volume to show in three directions.
        truth: its labels.
        prediction: its predicted labels.
        scores: rows of the score table by what they are the scores of.
        decoded: what the clean-up of the prediction did.
        ignore: value of the truth where nobody looked.
    """
    from volumen.viewing import Scene, collect_run, show_scene, tabulate_scores, tabulate_steps
    from volumen.viewing import write_report as write

    folder = Path(run)
    is_prediction = folder.suffix == ".zarr"
    report = _describe_prediction(folder) if is_prediction else collect_run(folder)
    sections = [tabulate_scores(scores)] if scores else []
    if image is not None:
        true, predicted = (None if spec is None else open_volume(spec) for spec in (truth, prediction))
        volume = open_volume(image)
        scene = Scene(volume, truth=true, prediction=predicted, ignore=ignore, voxel_size=volume.voxel_size)
        report = replace(report, sections=(show_scene(name_volume(image), scene), *report.sections))
    if decoded is not None:
        sections.append(tabulate_steps(decoded.steps))
    place = folder.with_suffix(".html") if is_prediction else folder / files.REPORT
    return write(out or place, replace(report, sections=(*sections, *report.sections)))


def _describe_prediction(path: Path) -> "Report":
    """How a prediction was made, as its file says."""
    from volumen.inference import open_prediction
    from volumen.viewing import Column, Report, TableSection, list_environment

    prediction = open_prediction(path)
    heads = ", ".join(f"{head.name} ({head.channels} × {head.activation})" for head in prediction.heads)
    facts = {"models": ", ".join(prediction.models), "heads": heads, "stored as": prediction.stored}
    facts |= {
        key: str(value) for key, value in prediction.attributes["plan"].items() if key not in {"heads", "members"}
    }
    table = TableSection("How it was made", (Column("what"), Column("value")), tuple(facts.items()))
    shape = " × ".join(map(str, prediction.shape))
    return Report(f"Prediction {path.stem}", f"{shape} voxels.", sections=(table, list_environment()))
