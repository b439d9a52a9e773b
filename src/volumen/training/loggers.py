"""Where the numbers and pictures of every epoch go: a CSV file always, TensorBoard or Weights & Biases beside it."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8

from volumen.config import files
from volumen.errors import ConfigError, OutputError
from volumen.viewing import Preview, draw_stills

if TYPE_CHECKING:
    from lightning.pytorch.loggers import Logger

Pixels = UInt8[np.ndarray, "y x 3"]

EXTRA = "pip install 'volumen[log]'"


@runtime_checkable
class EpochLogger(Protocol):
    """Takes the numbers and the pictures of an epoch."""

    def log_metrics(self, metrics: Mapping[str, float], step: int) -> None:
        """Notes the numbers of one epoch, counted from 1."""
        ...

    def log_pictures(self, preview: Preview, step: int) -> None:
        """Notes what every head makes of a patch in one epoch."""
        ...

    def finalize(self, status: str) -> None:
        """Lets go of what is open."""
        ...


class CsvTable:
    """A row an epoch in a CSV file, on disk as soon as it is logged; rows there before are kept."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._rows = _read_rows(path)
        self._columns = list(self._rows[0]) if self._rows else []

    def log_metrics(self, metrics: Mapping[str, float], step: int) -> None:
        """Adds a row; numbers that no row had before get a column of their own."""
        row = {"epoch": str(step)} | {name: f"{value:.8g}" for name, value in metrics.items()}
        new = [name for name in row if name not in self._columns]
        self._rows.append(row)
        if new:
            self._columns += new
            self._write_all()
        else:
            self._append(row)

    def log_pictures(self, preview: Preview, step: int) -> None:
        """A table has none."""

    def drop_after(self, epoch: int) -> None:
        """Takes out rows of epochs that a resumed run does again."""
        kept = [row for row in self._rows if int(row["epoch"]) <= epoch]
        if len(kept) < len(self._rows):
            self._rows = kept
            self._write_all()

    def finalize(self, status: str) -> None:
        """Nothing is left open."""

    def _append(self, row: Mapping[str, str]) -> None:
        try:
            with self.path.open("a", encoding="utf-8", newline="") as file:
                file.write(_format_rows([row], self._columns))
        except OSError as error:
            raise _explain(self.path, error) from error

    def _write_all(self) -> None:
        partial = self.path.with_name(f".{self.path.name}.writing")
        header = dict(zip(self._columns, self._columns, strict=True))
        try:
            partial.write_text(_format_rows([header, *self._rows], self._columns), encoding="utf-8")
            partial.replace(self.path)
        except OSError as error:
            raise _explain(self.path, error) from error


class Board:
    """Curves, and a picture a head, on one of Lightning's loggers.

    Args:
        logger: takes the numbers.
        show: takes the name of a picture, its pixels and the epoch.
    """

    def __init__(self, logger: "Logger", show: Callable[[str, Pixels, int], None]) -> None:
        self._logger = logger
        self._show = show

    def log_metrics(self, metrics: Mapping[str, float], step: int) -> None:
        """Adds a point to every curve."""
        self._logger.log_metrics(dict(metrics), step)

    def log_pictures(self, preview: Preview, step: int) -> None:
        """Adds a picture a head."""
        for name, pixels in draw_stills(preview).items():
            self._show(f"preview/{name}", pixels, step)

    def finalize(self, status: str) -> None:
        """Lets go of what is open."""
        self._logger.finalize(status)


def build_csv_logger(folder: Path) -> CsvTable:
    """The table `metrics.csv` in a fold's folder, which is always written."""
    return CsvTable(folder / files.METRICS)


def build_tensorboard_logger(folder: Path) -> EpochLogger:
    """Curves for TensorBoard in a fold's folder: `tensorboard --logdir RUN`."""
    from lightning.pytorch.loggers import TensorBoardLogger

    try:
        logger = TensorBoardLogger(save_dir=folder, name="tensorboard", version="")
    except ModuleNotFoundError as error:
        raise ConfigError(f"logger=tensorboard needs a package that is not installed: {EXTRA}") from error
    return Board(logger, lambda name, pixels, step: logger.experiment.add_image(name, pixels, step, dataformats="HWC"))


def build_wandb_logger(
    folder: Path, *, project: str = "volumen", name: str | None = None, offline: bool = False
) -> EpochLogger:
    """Curves for Weights & Biases.

    Args:
        folder: of the fold.
        project: where they are shown.
        name: of the run; the run's and the fold's folder when not said.
        offline: keep them in the folder, to be sent later.
    """
    from lightning.pytorch.loggers import WandbLogger

    title = name or f"{folder.parent.name}-{folder.name}"
    try:
        logger = WandbLogger(save_dir=folder, project=project, name=title, offline=offline)
    except ModuleNotFoundError as error:
        raise ConfigError(f"logger=wandb needs a package that is not installed: {EXTRA}") from error
    return Board(logger, lambda name, pixels, step: logger.log_image(name, [pixels], step))


def _read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a table; a last one that was cut short is left out."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [row for row in rows if row.get("epoch", "").isdigit() and None not in row.values()]


def _format_rows(rows: Sequence[Mapping[str, str]], columns: Sequence[str]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writerows(rows)
    return text.getvalue()


def _explain(path: Path, error: OSError) -> OutputError:
    return OutputError(f"{path} cannot be written ({error.strerror}); choose another folder or make room")
