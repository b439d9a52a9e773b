"""What became of every fold of a run, as data, as a file and as a table."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from volumen.config import files
from volumen.errors import FormatError, OutputError

Status = Literal["completed", "failed"]
SECONDS_PER_HOUR = 3600


@dataclass(frozen=True)
class Best:
    """The best value of what is monitored, and the epoch (from 1) whose weights are in the model folder."""

    monitor: str
    value: float
    epoch: int


@dataclass(frozen=True)
class FoldResult:
    """How one fold ended; seconds are those of all its resumes."""

    fold: int
    status: Status
    seconds: float
    epochs: int = 0
    best: Best | None = None
    error: str | None = None


@dataclass(frozen=True)
class RunSummary:
    """How every fold ended; folds of earlier calls on the same folder are among them."""

    out: Path
    folds: tuple[FoldResult, ...]

    @property
    def failed(self) -> tuple[FoldResult, ...]:
        """Folds that ended with an error."""
        return tuple(result for result in self.folds if result.status == "failed")

    @property
    def seconds(self) -> float:
        """Time of all folds together."""
        return sum(result.seconds for result in self.folds)

    def model(self, fold: int) -> Path:
        """The model folder of a fold: its best weights."""
        return self.out / files.name_fold(fold) / files.MODEL

    def with_result(self, result: FoldResult) -> "RunSummary":
        """The same with one fold's result added or replaced."""
        others = [known for known in self.folds if known.fold != result.fold]
        return RunSummary(self.out, tuple(sorted([*others, result], key=lambda known: known.fold)))

    def to_table(self) -> str:
        """A line a fold with status, time and best, and a last line for all."""
        lines = [_format_result(result) for result in self.folds]
        done = sum(result.status == "completed" for result in self.folds)
        return "\n".join([*lines, f"{done} of {len(self.folds)} folds completed in {format_time(self.seconds)}"])

    def write(self) -> None:
        """Writes OUT/summary.json, whole or not at all."""
        path = self.out / files.SUMMARY
        partial = path.with_name(f".{path.name}.writing")
        values = {"seconds": self.seconds, "folds": [asdict(result) for result in self.folds]}
        try:
            partial.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
            partial.replace(path)
        except OSError as error:
            raise OutputError(f"{path} cannot be written ({error.strerror}); choose another folder") from error


def read_summary(out: Path) -> RunSummary:
    """The summary of a run's folder, empty when none was written yet."""
    path = out / files.SUMMARY
    if not path.is_file():
        return RunSummary(out, ())
    try:
        return RunSummary(out, tuple(_read_results(json.loads(path.read_text(encoding="utf-8"))["folds"])))
    except (ValueError, KeyError, TypeError) as error:
        raise FormatError(f"{path} is no summary of a run ({error}); delete it, and it is written anew") from error


def format_time(seconds: float) -> str:
    """Seconds and hours, as people read them."""
    return f"{seconds:,.2f} seconds ({seconds / SECONDS_PER_HOUR:.2f} hours)"


def _read_results(values: Iterable[dict[str, Any]]) -> Iterable[FoldResult]:
    for value in values:
        best = value.pop("best", None)
        yield FoldResult(**value, best=Best(**best) if best else None)


def _format_result(result: FoldResult) -> str:
    line = f"Fold {result.fold}: {result.status}, {format_time(result.seconds)}, {result.epochs} epochs"
    if result.best is not None:
        line += f", best {result.best.monitor} {result.best.value:.4f} at epoch {result.best.epoch}"
    return f"{line}: {result.error}" if result.error else line
