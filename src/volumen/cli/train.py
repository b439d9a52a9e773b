"""`volumen train`."""

from pathlib import Path
from typing import Literal

from volumen import api
from volumen.cli.flags import expose_knobs
from volumen.cli.progress import show_log, show_named_progress
from volumen.errors import ConfigError
from volumen.training import RunOptions

EVERY_FOLD = {"all", "-1"}


@expose_knobs
def train(
    recipe: str,
    /,
    *overrides: str,
    data: Path | None = None,
    out: Path = Path("runs/run"),
    fold: str = "0",
    options: RunOptions = RunOptions(),
) -> None:
    """Train one fold or all of them; each leaves a model folder that `volumen predict` takes.

    Args:
        recipe: A packaged name or a path.
        overrides: Settings on top, as a.b=c.
        data: Folder of cases; the recipe's data.root when not given.
        out: Folder of the run.
        fold: Which fold, or all.
    """
    with show_log("volumen.training"), show_named_progress() as progress:
        summary = api.train(
            recipe,
            data=data,
            out=out,
            fold=read_fold(fold),
            overrides=overrides,
            options=options,
            progress=progress,
        )
    for result in summary.folds:
        if result.status == "completed":
            print(summary.model(result.fold))


def read_fold(text: str) -> int | Literal["all"]:
    """The fold that a word names."""
    if text in EVERY_FOLD:
        return "all"
    if not text.isdecimal():
        raise ConfigError(f"--fold takes a number from 0 or the word all; got {text!r}")
    return int(text)
