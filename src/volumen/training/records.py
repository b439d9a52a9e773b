"""What is noted of a fold while it is trained: a line and a row an epoch, its best, pictures, why it ended."""

import logging
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities.types import STEP_OUTPUT
from typing_extensions import override

from volumen.config import files
from volumen.errors import OutputError
from volumen.training.guards import check_finite, check_monitor, prefers_less
from volumen.training.loggers import EpochLogger
from volumen.training.module import Learner
from volumen.viewing import Preview, write_preview

log = logging.getLogger(__name__)
CHECK_EVERY = 50  # batches between looks at the loss, each of which waits for the device
HOURS_EVERY = 10  # batches between looks at the clock, on which all processes agree


class Recorder(Callback):
    """Closes every epoch: reads its numbers, judges, logs them, and says when it is enough."""

    def __init__(self, learner: Learner, folder: Path, loggers: Sequence[EpochLogger]) -> None:
        self._learner = learner
        self._config = learner.config
        self._folder = folder
        self._loggers = loggers
        self._since = 0.0

    @override
    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Starts the clock; a monitor that nobody measures is an error before anything is learnt."""
        check_monitor(self._config.training.monitor, self._learner.list_means())
        self._since = time.monotonic()

    @override
    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: STEP_OUTPUT, batch: Any, batch_idx: int
    ) -> None:
        """Looks now and then whether the loss is still a number, and whether a cap is reached."""
        done = batch_idx + 1
        if done % CHECK_EVERY == 0:
            where = f"at step {self._learner.count_steps()} (epoch {self._learner.state.epoch + 1})"
            check_finite({"train/loss": float(cast("Mapping[str, Any]", outputs)["loss"])}, self._config, where=where)
        if done % self._config.training.accumulate_grad_batches == 0 and self._is_capped(trainer, done):
            trainer.should_stop = True  # Lightning validates once more, which closes the epoch

    @override
    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Closes the epoch."""
        now = time.monotonic()
        state = self._learner.state
        seconds = trainer.strategy.broadcast(now - self._since)  # all processes count the same time, and stop together
        row = self._learner.read_means()
        where = f"in epoch {state.epoch + 1}"
        check_finite({name: row[name] for name in row if name in _LOSSES}, self._config, where=where)
        state.epoch += 1
        state.step = self._learner.count_steps()
        state.batches = self._learner.count_batches(trainer.fit_loop.epoch_loop.batch_idx + 1)
        state.seconds += seconds
        self._since = now
        self._judge(row)
        if trainer.is_global_zero:
            self._note(row | {"seconds": seconds} | read_gpu_memory(self._learner.device))
        stop = state.find_stop(self._config.training)
        if stop is not None:
            log.info("Training ends: %s", stop)
            trainer.should_stop = True

    def close(self) -> None:
        """Lets every logger write what it still holds."""
        for logger in self._loggers:
            logger.finalize("success")

    def _is_capped(self, trainer: Trainer, done: int) -> bool:
        training, state = self._config.training, self._learner.state
        if training.max_hours is None or done % HOURS_EVERY:
            return state.find_cap(training, self._learner.count_steps(), 0.0) is not None
        seconds = state.seconds + time.monotonic() - self._since
        capped = state.find_cap(training, self._learner.count_steps(), seconds) is not None
        return bool(trainer.strategy.reduce_boolean_decision(capped, all=False))

    def _judge(self, row: Mapping[str, float]) -> None:
        monitor = self._config.training.monitor
        state = self._learner.state
        state.losses.append(row.get("val/loss", row.get("train/loss", math.nan)))
        losses = [f"{part}/{name}" for part in ("train", "val") for name in self._learner.objective.list_losses()]
        state.note_score(row.get(monitor, math.nan), lower_is_better=prefers_less(monitor, losses))

    def _note(self, row: dict[str, float]) -> None:
        state = self._learner.state
        if unseen := self._learner.list_unseen():
            log.warning(
                "Epoch %d has no %s: nobody looked at any voxel there; see to data.ignore and the masks",
                state.epoch,
                ", ".join(unseen),
            )
        log.info("%s", format_epoch(row, state.epoch, self._config.training.max_epochs))
        for logger in self._loggers:
            logger.log_metrics(row, step=state.epoch)
        if self._learner.preview is not None:
            self._show(self._learner.preview, state.epoch)
            self._learner.preview = None

    def _show(self, preview: Preview, epoch: int) -> None:
        write_preview(self._folder / files.PREVIEWS / f"epoch_{epoch:03d}", preview)
        for logger in self._loggers:
            logger.log_pictures(preview, step=epoch)


_LOSSES = ("train/loss", "val/loss")
MEMORY = "gpu_gib"


class ProgressReporter(Callback):
    """Tells whoever watches how many batches are done."""

    def __init__(self, learner: Learner, progress: Callable[[int, int], None]) -> None:
        self._learner = learner
        self._progress = progress

    @override
    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: STEP_OUTPUT, batch: Any, batch_idx: int
    ) -> None:
        """Reports this batch."""
        if trainer.is_global_zero:
            total = self._learner.count_batches(int(trainer.num_training_batches))
            self._progress(self._learner.count_batches(batch_idx + 1), total)


def format_epoch(row: Mapping[str, float], epoch: int, epochs: int) -> str:
    """The line about an epoch: losses and scores in all, learning rate, time."""
    shown = [f"{name.replace('/', ' ')} {value:.4f}" for name, value in row.items() if name.count("/") == 1]
    memory = f", {row[MEMORY]:.1f} GiB" if MEMORY in row else ""
    return f"Epoch {epoch}/{epochs}: {', '.join(shown)}, lr {row['lr']:.3g}, {row['seconds']:.1f} s{memory}"


def read_gpu_memory(device: torch.device) -> dict[str, float]:
    """The most that tensors took on a GPU since the last reading, in GiB; nothing on the CPU."""
    if device.type != "cuda":
        return {}
    most = torch.cuda.max_memory_allocated(device) / 2**30
    torch.cuda.reset_peak_memory_stats(device)
    return {MEMORY: most}


@contextmanager
def write_log(path: Path, *, enabled: bool) -> Iterator[None]:
    """Everything this package says from INFO on goes to a file too, line by line, while the block runs.

    An error that ends the block goes there with its traceback. A process that does not write says nothing but warnings.
    """
    package = logging.getLogger("volumen")
    level = package.level
    handler = _open_log(path) if enabled else logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    package.addHandler(handler)
    package.setLevel(min(package.getEffectiveLevel(), logging.INFO) if enabled else logging.WARNING)
    try:
        yield
    except BaseException:
        handler.handle(_make_record())
        raise
    finally:
        package.setLevel(level)
        package.removeHandler(handler)
        handler.close()


def _open_log(path: Path) -> logging.Handler:
    try:
        return logging.FileHandler(path, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror}); choose another folder or make room") from error


def _make_record() -> logging.LogRecord:
    """The error that is being handled, as a line of a log."""
    return log.makeRecord(log.name, logging.ERROR, __file__, 0, "Training failed", (), sys.exc_info())
