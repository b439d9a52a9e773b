"""One fold from its cases to its model folders."""

import logging
import time
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from lightning.pytorch import Callback, Trainer

from volumen.config import RunConfig, build_component, files, read_config, write_config
from volumen.data import Case, Fold, NamedProgress, name_progress
from volumen.errors import OutputError
from volumen.networks import count_parameters
from volumen.training.averages import WeightAverager, renew_batch_norm
from volumen.training.checkpoints import read_checkpoint
from volumen.training.export import Checkpointer, ModelWriter, check_weights, strip_prefix, write_average
from volumen.training.guards import explain_memory_errors
from volumen.training.loggers import EpochLogger, build_csv_logger
from volumen.training.module import Batches, Learner
from volumen.training.options import RunOptions
from volumen.training.records import ProgressReporter, Recorder, write_log
from volumen.training.resume import check_same_run
from volumen.training.setup import FoldSetup, set_up_fold, settle_config
from volumen.training.state import RunState
from volumen.training.summary import Best, FoldResult, format_time
from volumen.training.trainer import build_trainer, check_strategy, is_main_process, quiet_lightning
from volumen.training.warm_start import start_warm
from volumen.volumes import IntensityMap

log = logging.getLogger(__name__)


class Start(NamedTuple):
    """Where training begins: on which device, from which checkpoint."""

    device: str
    checkpoint: Path | None


def train_fold(
    config: RunConfig,
    *,
    cases: Sequence[Case],
    fold: Fold,
    out: Path,
    options: RunOptions | None = None,
    maps: Mapping[str, IntensityMap] | None = None,
    progress: NamedProgress | None = None,
) -> FoldResult:
    """How one fold ended: trained to its end, all its files in `out`.

    Args:
        config: the recipe.
        cases: all there are.
        fold: which of them to learn from, which to be judged by.
        out: the fold's folder; it is made when missing.
        options: whether to resume, or to do one batch only.
        maps: intensities that were measured already, by case.
        progress: told what is done, here blocks of labels and training batches, how many are, and how many there are.
    """
    options = options or RunOptions()
    config = settle_config(config, fast=options.fast)
    check_strategy(config)
    state, last = _prepare_folder(config, out, options)
    started = time.monotonic() - state.seconds
    with write_log(out / files.LOG, enabled=is_main_process()):
        log.info("Found %d image-label pairs", len({case.images for case in cases}))
        limit = 1 if options.fast else None
        setup = set_up_fold(config, cases=cases, fold=fold, folder=out, maps=maps or {}, limit=limit, progress=progress)
        with explain_memory_errors(config), quiet_lightning():
            _train(setup, state, Start(options.device, last), progress)
        seconds = time.monotonic() - started
        log.info("Fold %d complete: %s", fold.number, format_time(seconds))
    return FoldResult(fold.number, "completed", seconds, state.epoch, find_best(config, state))


def find_best(config: RunConfig, state: RunState) -> Best | None:
    """The best epoch so far; None before there is one."""
    if state.best is None or state.best_epoch is None:
        return None
    return Best(config.training.monitor, state.best, state.best_epoch)


def read_state(folder: Path) -> RunState:
    """How far the fold in a folder has come, by its last checkpoint; the start when there is none."""
    last = folder / files.CHECKPOINTS / files.LAST
    return RunState.from_dict(read_checkpoint(last)["run"]) if last.exists() else RunState()


def _prepare_folder(config: RunConfig, out: Path, options: RunOptions) -> tuple[RunState, Path | None]:
    """How far the fold has come, and the checkpoint to go on from; the folders and the recipe in them."""
    last = out / files.CHECKPOINTS / files.LAST
    resumed = options.resume and last.exists()
    if resumed and (out / files.CONFIG).is_file():
        check_same_run(read_config(out / files.CONFIG), config)
    state = read_state(out) if resumed else RunState()
    if is_main_process():
        try:
            for folder in (files.CHECKPOINTS, files.PREVIEWS):
                (out / folder).mkdir(parents=True, exist_ok=True)
            write_config(config, out / files.CONFIG)
        except OSError as error:
            raise OutputError(f"{out} cannot be written to ({error.strerror}); choose another folder") from error
    return state, last if resumed else None


def _train(setup: FoldSetup, state: RunState, start: Start, progress: NamedProgress | None) -> None:
    """Trains what remains of a fold and writes what it leaves; `state` says how far it has come."""
    network = setup.build_network()
    if start.checkpoint is not None:
        check_weights(network, start.checkpoint)
    elif setup.config.training.warm_start is not None:
        start_warm(network, setup.config.training.warm_start, setup.folder, is_main=is_main_process())
    _describe(setup, count_parameters(network))
    learner = Learner(network, setup.objective, config=setup.config, state=state, decoded=setup.decoded)
    writer, averager = setup.build_writer(network), WeightAverager(learner)
    recorder = Recorder(learner, setup.folder, _build_loggers(setup, state))
    callbacks: list[Callback] = [averager, recorder, Checkpointer(learner, writer, averager)]
    if (count := name_progress(progress, "batches")) is not None:
        callbacks.append(ProgressReporter(learner, count))
    trainer = build_trainer(setup.config.training, setup.folder, callbacks, start.device)
    stop = state.find_stop(setup.config.training)
    if stop is None:
        _fit(setup, trainer, learner, start.checkpoint)
    else:
        log.info("Nothing is left to train: %s", stop)
    recorder.close()
    if is_main_process():
        _write_last_models(setup, writer, averager, trainer)


def _fit(setup: FoldSetup, trainer: Trainer, learner: Learner, checkpoint: Path | None) -> None:
    """Walks over the batches that remain."""
    state, ranks = learner.state, trainer.world_size
    epoch = setup.count_batches(ranks)
    count = (setup.config.training.max_epochs - state.epoch) * epoch
    trainer.val_check_interval = epoch
    log.info("%s fold %d at epoch %d", "Resuming" if checkpoint else "Starting", setup.number, state.epoch + 1)
    validation = setup.build_validation_loader(ranks)
    trainer.fit(
        learner,
        train_dataloaders=Batches(setup.build_training_loader(state.batches, count), count),
        val_dataloaders=Batches(validation, len(validation)),
        ckpt_path=checkpoint,
        weights_only=True,
    )


def _build_loggers(setup: FoldSetup, state: RunState) -> list[EpochLogger]:
    """The CSV file, and beside it what the recipe names."""
    if not is_main_process():
        return []
    table = build_csv_logger(setup.folder)
    table.drop_after(state.epoch)
    component = setup.config.logger
    return [table, *([] if component.name == "csv" else [build_component("logger", component, folder=setup.folder)])]


def _describe(setup: FoldSetup, parameters: int) -> None:
    """Says what is about to be trained."""
    config = setup.config
    log.info("Fold %d: %d train, %d val", setup.number, len(setup.training), len(setup.validation))
    log.info("Network: %s", _format_component(config.network))
    log.info("Model parameters: %s", f"{parameters:,}")
    for name in setup.objective.losses.list_never(config.training.max_epochs):
        log.warning("Loss %s begins after the last epoch: training.max_epochs=%d", name, config.training.max_epochs)
    log.info("Optimizer: %s", _format_component(config.optimizer))
    log.info("Schedule: %s", _format_component(config.schedule))
    if (swa := config.training.swa) is not None:
        log.info("SWA enabled: starts after epoch %d with share %g, lr %s", swa.start_epoch, swa.share, swa.lr)
    if (ema := config.training.ema) is not None:
        log.info("EMA enabled: starts after step %d with decay %g", ema.start_step, ema.decay)


def _format_component(component: Any) -> str:
    options = ", ".join(f"{name}={value}" for name, value in component.options.items())
    return f"{component.name} ({options})" if options else str(component.name)


def _write_last_models(setup: FoldSetup, writer: ModelWriter, averager: WeightAverager, trainer: Trainer) -> None:
    """Writes the models of the fold's end, from its last checkpoint: the last weights and the averages."""
    checkpoint = read_checkpoint(setup.folder / files.CHECKPOINTS / files.LAST)
    state, weights = RunState.from_dict(checkpoint["run"]), strip_prefix(checkpoint["state_dict"])
    averager.load_state_dict(checkpoint["callbacks"][averager.state_key])
    writer.write(files.MODEL_LAST, weights, writer.describe(state, "last"))
    for kind, average in (("ema", averager.ema), ("swa", averager.swa)):
        if getattr(setup.config.training, kind) is None:
            continue
        if average.count == 0:
            log.warning("No %s model: training ended at epoch %d, before the average began", kind.upper(), state.epoch)
            continue
        writer.fill(weights | average.tensors)
        if kind == "swa":
            _renew(setup, writer, state, trainer)
        write_average(writer, average, state, kind=kind)


def _renew(setup: FoldSetup, writer: ModelWriter, state: RunState, trainer: Trainer) -> None:
    """Measures the averaged network's batch-norm statistics on training batches, where the training ran."""
    swa = setup.config.training.swa
    if swa is None or swa.renew_batches == 0:
        return
    device = trainer.strategy.root_device
    loader = setup.build_training_loader(state.batches, swa.renew_batches)
    images = (sample.image.to(device) for sample in islice(loader, swa.renew_batches))
    with trainer.precision_plugin.forward_context():
        count = renew_batch_norm(writer.network.to(device), images)
    writer.network.cpu()
    log.info("SWA: batch-norm statistics renewed on %d batches", count)
