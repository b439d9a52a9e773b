"""`volumen tune`."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from volumen import api
from volumen.cli.flags import expose_knobs
from volumen.cli.progress import show_log, show_progress
from volumen.config import Component, format_yaml, read_steps, write_steps
from volumen.errors import ExistsError
from volumen.inference import TuneOptions

if TYPE_CHECKING:
    from volumen.inference import TuneReport


@expose_knobs
def tune(
    prediction: Path,
    truth: str,
    /,
    *values: str,
    steps: Annotated[str | None, Parameter(name="--with")] = None,
    options: TuneOptions = TuneOptions(),
    out: Path | None = None,
) -> None:
    """Choose the options of decoding that score best on predictions whose truth is known.

    A share of the cases is held out: the score there is what to expect on volumes that nobody has labelled.

    Args:
        prediction: A .zarr that predict wrote, or a folder of them.
        truth: Labels of the same volume, or a folder with those of the same names.
        values: What to try, as threshold.value=0.3,0.5 or 0.2:0.8:0.1; the usual options of all steps when empty.
        steps: Names of steps with commas between them, or a YAML file; the prediction's own when not said.
        out: A YAML file for the best steps, which `decode --with` takes.
    """
    if out is not None and out.exists():
        raise ExistsError(f"{out} is there already; name another file")
    begun = None if steps is None else read_steps(steps)
    with show_log("volumen.inference"), show_progress("trials") as progress:
        report = api.tune(prediction, truth, steps=begun, values=values, options=options, progress=progress)
    notes = describe(report)
    print("\n".join(notes))
    print(format_yaml({"decoding": list_steps(report.tuned.steps)}), end="")
    if out is not None:
        write_steps(out, report.tuned.steps, notes)


def describe(report: "TuneReport") -> list[str]:
    """What was found, a line each."""
    tuned = report.tuned
    lines = [f"{report.score} {tuned.before:.4f} → {tuned.score:.4f} on {', '.join(report.seen)}"]
    lines[0] += f", {len(tuned.trials)} trials"
    if math.isfinite(report.held_out_after):
        held = ", ".join(report.held_out)
        lines.append(f"held out: {report.held_out_before:.4f} → {report.held_out_after:.4f} on {held}")
    return lines


def list_steps(steps: Sequence[Component]) -> list[dict[str, object]]:
    """Steps as plain values."""
    return [step.model_dump(mode="json") for step in steps]
