"""What is noted of a fold while it is trained: a line and a row an epoch, its best, pictures, why it ended."""

import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, Trainer

from volumen.config import RunConfig, files
from volumen.errors import OutputError
from volumen.training.guards import check_finite, check_monitor, prefers_less
from volumen.training.loggers import EpochLogger
from volumen.training.module import Learner

log = logging.getLogger(__name__)
CHECK_EVERY = 50  # batches between looks at the loss, each of which waits for the device
HOURS_EVERY = 10  # batches between looks at the clock, on which all processes agree


class Recorder(Callback):
    """Closes every epoch: reads its numbers, judges, logs them, and says when it is enough."""

    def __init__(self, config: RunConfig, folder: Path, loggers: Sequence[EpochLogger]) -> None:
        self._config = config
        self._folder = folder
        self._loggers = loggers
        self._since = 0.0

    def on_train_start(self, trainer: Trainer, pl_module: Learner) -> None:  # type: ignore[override]  # noqa: ARG002
        """Starts the clock; a monitor that nobody measures is an error before anything is learnt."""
        check_monitor(self._config.training.monitor, pl_module.list_means())
        self._since = time.monotonic()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: Learner, outputs: Mapping[str, Any], batch: object, batch_idx: int
    ) -> None:  # type: ignore[override]
        """Looks now and then whether the loss is still a number, and whether a cap is reached."""
        done = batch_idx + 1
        if done % CHECK_EVERY == 0:
            where = f"at step {pl_module.count_steps()} (epoch {pl_module.state.epoch + 1})"
            check_finite({"train/loss": float(outputs["loss"])}, self._config, where=where)
        if done % self._config.training.accumulate_grad_batches == 0 and self._is_capped(trainer, pl_module, done):
            trainer.should_stop = True  # Lightning validates once more, which closes the epoch

    def on_validation_end(self, trainer: Trainer, pl_module: Learner) -> None:  # type: ignore[override]
        """Closes the epoch."""
        now = time.monotonic()
        state, seconds = pl_module.state, now - self._since
        row = pl_module.read_means()
        where = f"in epoch {state.epoch + 1}"
        check_finite({name: row[name] for name in row if name in _LOSSES}, self._config, where=where)
        state.epoch += 1
        state.step = pl_module.count_steps()
        state.batches = pl_module.count_batches(trainer.fit_loop.epoch_loop.batch_idx + 1)
        state.seconds += seconds
        self._since = now
        self._judge(pl_module, row)
        if trainer.is_global_zero:
            self._note(pl_module, row | {"seconds": seconds})
        stop = state.find_stop(self._config.training)
        if stop is not None:
            log.info("Training ends: %s", stop)
            trainer.should_stop = True

    def _is_capped(self, trainer: Trainer, learner: Learner, done: int) -> bool:
        training, state = self._config.training, learner.state
        if training.max_hours is None or done % HOURS_EVERY:
            return state.find_cap(training, learner.count_steps(), 0.0) is not None
        seconds = state.seconds + time.monotonic() - self._since
        capped = state.find_cap(training, learner.count_steps(), seconds) is not None
        return bool(trainer.strategy.reduce_boolean_decision(capped, all=False))

    def _judge(self, learner: Learner, row: Mapping[str, float]) -> None:
        monitor = self._config.training.monitor
        value = row.get(monitor, math.nan)
        losses = [f"{part}/{name}" for part in ("train", "val") for name in learner.objective.list_losses()]
        if not math.isnan(value):
            learner.state.note_score(value, lower_is_better=prefers_less(monitor, losses))

    def _note(self, learner: Learner, row: dict[str, float]) -> None:
        state = learner.state
        log.info("%s", format_epoch(row, state.epoch, self._config.training.max_epochs))
        for logger in self._loggers:
            logger.log_metrics(row, step=state.epoch)
        if learner.snapshot is not None:
            learner.snapshot.write(self._folder / files.PREVIEWS / f"epoch_{state.epoch:03d}")
            learner.snapshot = None


_LOSSES = ("train/loss", "val/loss")


class ProgressReporter(Callback):
    """Tells whoever watches how many batches are done."""

    def __init__(self, progress: Callable[[int, int], None], total: int) -> None:
        self._progress = progress
        self._total = total

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: Learner, outputs: object, batch: object, batch_idx: int
    ) -> None:  # type: ignore[override]
        """Reports this batch."""
        if trainer.is_global_zero:
            self._progress(min(pl_module.count_batches(batch_idx + 1), self._total), self._total)


def format_epoch(row: Mapping[str, float], epoch: int, epochs: int) -> str:
    """The line about an epoch: losses and scores in all, learning rate, time."""
    shown = [f"{name.replace('/', ' ')} {value:.4f}" for name, value in row.items() if name.count("/") == 1]
    return f"Epoch {epoch}/{epochs}: {', '.join(shown)}, lr {row['lr']:.3g}, {row['seconds']:.1f} s"


@contextmanager
def write_log(path: Path) -> Iterator[None]:
    """Everything this package says from INFO on goes to a file too, line by line, while the block runs."""
    package = logging.getLogger("volumen")
    level = package.level
    try:
        handler = logging.FileHandler(path, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror}); choose another folder or make room") from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    package.addHandler(handler)
    if not package.isEnabledFor(logging.INFO):
        package.setLevel(logging.INFO)
    try:
        yield
    finally:
        package.setLevel(level)
        package.removeHandler(handler)
        handler.close()
