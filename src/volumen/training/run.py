"""Folds, one after the other, and what became of each."""

import logging
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal

import torch

from volumen.config import RunConfig, files, read_config, write_config
from volumen.data import (
    Case,
    Division,
    Draft,
    Fold,
    NamedProgress,
    check_leaks,
    divide_cases,
    fit_normalisations,
    gather_cases,
    name_progress,
    read_folds,
    write_folds,
)
from volumen.errors import ConfigError, ExistsError, OutputError, PartFailedError, VolumenError
from volumen.inference import set_threads, tune_allocator
from volumen.training.folds import find_best, read_state, train_fold
from volumen.training.options import RunOptions
from volumen.training.recipe_checks import check_batch
from volumen.training.resume import check_same_run
from volumen.training.setup import settle_config
from volumen.training.state import RunState
from volumen.training.summary import FoldResult, RunSummary, read_summary
from volumen.training.trainer import check_strategy, choose_accelerator, is_main_process
from volumen.viewing import collect_run, write_report

log = logging.getLogger(__name__)
Folds = int | Literal["all"]


def train_folds(
    config: RunConfig,
    *,
    out: str | Path,
    folds: Folds = 0,
    cases: Sequence[Case] | None = None,
    options: RunOptions | None = None,
    progress: NamedProgress | None = None,
) -> RunSummary:
    """How every fold ended, those of earlier calls included; all files lie in `out`.

    A fold that fails ends the run, or with `continue_on_error` leaves the others to go on; then a PartFailedError names
    it when all are done. Its traceback is in its `train.log`, and the summary is written either way.

    Args:
        config: the recipe.
        out: the run's folder. One that is there already is an error unless `options` says what to do with it.
        folds: which one, or all.
        cases: what to learn from; found under `config.data.root` when not given.
        options: how to go about it.
        progress: told what is done of what is measured and learned from, how much, and how much there is in all.
    """
    options, out = options or RunOptions(), Path(out)
    progress = progress if is_main_process() else None
    config = settle_config(config, fast=options.fast)
    check_strategy(config)
    tune_allocator()
    set_threads(config.training.threads)
    draft = gather_cases(config.data) if cases is None else Draft(list(cases))
    summary = _open_run(config, out, options)
    division = _settle_folds(config, out, draft, anew=options.overwrite and folds == "all")
    chosen = _choose_folds(division.folds, folds)
    _advise(config, options)
    if options.overwrite and is_main_process():
        for fold in chosen:
            shutil.rmtree(out / files.name_fold(fold.number), ignore_errors=True)
    maps = fit_normalisations(
        division.cases, config.data.normalisation, progress=name_progress(progress, "cases measured")
    )
    for fold in chosen:
        folder = out / files.name_fold(fold.number)
        train = partial(train_fold, config, cases=division.cases, fold=fold, out=folder, options=options, maps=maps)
        result, error = _try_fold(partial(train, progress=progress), fold, folder, config)
        summary = summary.with_result(result)
        if is_main_process():
            _publish(summary, folder)
        if error is not None and not options.continue_on_error:
            raise error
    return _conclude(summary, chosen)


def _advise(config: RunConfig, options: RunOptions) -> None:
    """Says once what makes training slower than it need be."""
    if is_main_process():
        for finding in check_batch(config.data.batch_size, torch.device(choose_accelerator(options.device))):
            log.warning("%s", finding.text)


def _open_run(config: RunConfig, out: Path, options: RunOptions) -> RunSummary:
    """What is known of earlier folds, once the folder is there and may be written to."""
    if not is_main_process():
        return RunSummary(out, ())
    try:
        _check_folder(config, out, options)
        out.mkdir(parents=True, exist_ok=True)
        write_config(config, out / files.CONFIG)
    except OSError as error:
        if isinstance(error, VolumenError):
            raise
        raise OutputError(f"{out} cannot be written to ({error.strerror}); choose another folder") from error
    return read_summary(out)


def _check_folder(config: RunConfig, out: Path, options: RunOptions) -> None:
    """Raises unless the folder is empty, or holds a run that may be gone on with or replaced."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not (out / files.CONFIG).is_file():
        raise ExistsError(f"{out} is there already and is no training run; choose another folder")
    if not (options.resume or options.overwrite):
        raise ExistsError(f"{out} holds a training run; give --resume to go on with it, or --overwrite")
    if options.resume:
        check_same_run(read_config(out / files.CONFIG), config)


def _settle_folds(config: RunConfig, out: Path, draft: Draft, *, anew: bool) -> Division:
    """The cases as they are used and the folds of the run's file, drawn and written when there is none."""
    path = out / files.FOLDS
    division = divide_cases(draft.cases, config.data, published=draft.folds)
    if path.is_file() and not anew:
        folds = read_folds(path, division.cases)
        if len(folds) != len(division.folds):
            raise ConfigError(f"{path} has {len(folds)} folds, and the recipe {len(division.folds)}; make them agree")
        check_leaks(division.cases, folds)
        return replace(division, folds=folds)
    if is_main_process():
        write_folds(path, division.folds)
    return division


def _choose_folds(every: Sequence[Fold], folds: Folds) -> list[Fold]:
    chosen = [fold for fold in every if folds in ("all", fold.number)]
    if not chosen:
        raise ConfigError(f"there is no fold {folds}; choose 0 to {len(every) - 1}, or all")
    return chosen


def _try_fold(
    train: Callable[[], FoldResult], fold: Fold, folder: Path, config: RunConfig
) -> tuple[FoldResult, Exception | None]:
    """How a fold ended, and the error that ended it; the traceback is in the fold's log."""
    started = time.monotonic()
    try:
        return train(), None
    except Exception as error:  # noqa: BLE001 - a border that must go on: the other folds
        log.error("Fold %d failed: %s", fold.number, error)  # noqa: TRY400 - the traceback is in the fold's log
        state = _read_state(folder)
        seconds = max(state.seconds, time.monotonic() - started)
        line = " ".join(str(error).split()) or type(error).__name__
        return FoldResult(fold.number, "failed", seconds, state.epoch, find_best(config, state), line), error


def _publish(summary: RunSummary, folder: Path) -> None:
    """Writes the summary, and the reports of the fold that ended and of the run."""
    summary.write()
    for place in (folder, summary.out):
        if any(place.rglob(files.METRICS)):
            write_report(place / files.REPORT, collect_run(place))


def _read_state(folder: Path) -> RunState:
    """How far a failed fold has come, as far as its files tell."""
    try:
        return read_state(folder)
    except VolumenError:
        return RunState()


def _conclude(summary: RunSummary, chosen: Sequence[Fold]) -> RunSummary:
    """The summary, said; an error when one of the folds of this call failed."""
    if is_main_process():
        for line in summary.to_table().splitlines():
            log.info("%s", line)
    numbers = {fold.number for fold in chosen}
    failed = [result for result in summary.failed if result.fold in numbers]
    if failed:
        names = "; ".join(f"fold {result.fold}: {result.error}" for result in failed)
        raise PartFailedError(
            f"{len(failed)} of {len(chosen)} folds failed ({names}); {summary.out / files.SUMMARY} has all"
        )
    return summary
