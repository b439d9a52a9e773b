"""Where the time of a training step goes, by a true clock, and what to change."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch

from volumen.config import RunConfig
from volumen.data import (
    NamedProgress,
    ReadingLoad,
    Sample,
    SamplePlan,
    StageSeconds,
    collate_samples,
    count_cores,
    divide_cases,
    fit_normalisations,
    gather_cases,
    measure_reading,
    name_progress,
    plan_samples,
    time_samples,
)
from volumen.errors import ConfigError
from volumen.inference import resolve_device, set_threads, tune_allocator
from volumen.losses import Moment
from volumen.training.guards import explain_memory_errors
from volumen.training.module import Learner
from volumen.training.options import ProfileOptions
from volumen.training.setup import FoldSetup, set_up_fold, settle_config
from volumen.training.state import RunState

# Steps before the clock counts: buffers are allocated, algorithms chosen, workers started.
WARM_STEPS = 2
# Samples made first, so that volumes that are kept are there; more would take minutes for data sets of hundreds.
WARM_SAMPLES = 32
# Share of the time for which waiting does not matter.
LITTLE = 0.05
_DTYPES = {"16-mixed": torch.float16, "bf16-mixed": torch.bfloat16}


@dataclass(frozen=True)
class Spread:
    """Seconds of many repetitions: the one in the middle, and between which half of them lie."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Spread":
        """The spread of measured seconds."""
        low, median, high = np.percentile(seconds, (25, 50, 75)).tolist()
        return cls(median, low, high)


@dataclass(frozen=True)
class Loop:
    """Training as it runs, with so many workers.

    Args:
        workers: processes that make patches; 0 when the training process does.
        wait: seconds for which a step waits for its batch.
        step: seconds of the step itself, beside what the workers do.
        waiting: share of all the time that is spent waiting.
        batches_a_second: as they were learned from.
    """

    workers: int
    wait: Spread
    step: Spread
    waiting: float
    batches_a_second: float


@dataclass(frozen=True)
class Profile:
    """Seconds a batch takes in each stage, each measured alone; then training as it runs.

    Args:
        device: where the network is.
        batch_size: patches of a batch.
        cores: that this process may run on.
        reading: to choose places and read them, in one process.
        augmentation: in one process.
        encoding: targets that loaders make, in one process.
        targets: those that are made where the network is.
        network: forward, losses, backward and optimiser.
        loops: training as it runs, with the recipe's workers first.
        verdict: what holds training back, and what to change.
    """

    device: str
    batch_size: int
    cores: int
    reading: Spread
    augmentation: Spread
    encoding: Spread
    targets: Spread
    network: Spread
    loops: tuple[Loop, ...]
    verdict: str

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def profile_training(
    config: RunConfig, *, options: ProfileOptions | None = None, progress: NamedProgress | None = None
) -> Profile:
    """Where the time of a training step goes; nothing is written, and no weights are kept.

    Held: what training holds.

    Args:
        config: the recipe.
        options: how much is measured, and where.
        progress: told what is done of what is measured, how much, and how much there is in all.
    """
    options = options or ProfileOptions()
    device = resolve_device(options.device)
    tune_allocator()
    set_threads(config.training.threads)
    setup = set_up(settle_config(config, fast=False), options.fold, progress)
    counter = _Counter(progress, options.steps * (4 if options.without_workers and config.data.num_workers else 3))
    with explain_memory_errors(config):
        batches, stages = time_stages(setup, options.steps, counter)
        stepper = Stepper(setup, device)
        targets, network = time_steps(stepper, batches, options.steps, counter)
        everyone = _list_workers(config, options)
        loops = [run_loop(setup, stepper, workers=each, steps=options.steps, counter=counter) for each in everyone]
    load = measure_reading(_plan(setup), config.data, workers=loops[0].workers)
    parts = {name: Spread.of([getattr(seconds, name) for seconds in stages]) for name in ("read", "augment", "encode")}
    return Profile(
        device=str(device),
        batch_size=config.data.batch_size,
        cores=count_cores(),
        reading=parts["read"],
        augmentation=parts["augment"],
        encoding=parts["encode"],
        targets=Spread.of(targets),
        network=Spread.of(network),
        loops=tuple(loops),
        verdict=judge_loop(loops[0], parts, load, device=device.type, cores=count_cores()),
    )


def set_up(config: RunConfig, number: int, progress: NamedProgress | None) -> FoldSetup:
    """A fold as it would be trained."""
    draft = gather_cases(config.data)
    division = divide_cases(draft.cases, config.data, published=draft.folds)
    fold = next((fold for fold in division.folds if fold.number == number), None)
    if fold is None:
        raise ConfigError(f"there is no fold {number}; choose 0 to {len(division.folds) - 1}")
    used = [case for case in division.cases if case.name in {*fold.training, *fold.validation}]
    maps = fit_normalisations(used, config.data.normalisation, progress=name_progress(progress, "cases measured"))
    return set_up_fold(config, cases=division.cases, fold=fold, folder=Path(), maps=maps, progress=progress)


def time_stages(setup: FoldSetup, steps: int, counter: "_Counter") -> tuple[list[Sample], list[StageSeconds]]:
    """A few batches, and the seconds of each stage for each batch, when all patches are made in this process."""
    size = setup.config.data.batch_size
    first = size * math.ceil(min(len(setup.training), WARM_SAMPLES) / size)
    made = time_samples(_plan(setup), setup.config.data, range(first + steps * size))
    batches, stages = list[Sample](), list[StageSeconds]()
    for number, together in enumerate(_group(made, size)):
        if number < first // size:
            continue
        counter.advance()
        stages.append(_add_up([seconds for _, seconds in together]))
        if len(batches) < WARM_STEPS:
            batches.append(collate_samples([sample for sample, _ in together]))
    return batches, stages


class Stepper:
    """A training step outside of a trainer: forward, losses, backward, optimiser."""

    def __init__(self, setup: FoldSetup, device: torch.device) -> None:
        self.device = device
        self._config = setup.config
        self._learner = Learner(setup.build_network(), setup.objective, config=setup.config, state=RunState()).to(
            device
        )
        self._learner.train()
        self._optimizer = self._learner.configure_optimizers()

    def encode(self, sample: Sample) -> None:
        """Makes the targets that are made beside the network."""
        self._learner.objective.encode(sample)

    def step(self, sample: Sample) -> None:
        """Learns from a batch, targets included."""
        self._optimizer.zero_grad()
        with self._compute():
            report = self._learner.judge(sample, Moment())
            self._learner.balance.learn(report.costs, self._learner.network.parameters())
            total: torch.Tensor = self._learner.balance(report.costs, report.start)
        total.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()

    def synchronise(self) -> None:
        """Waits until the device has done what it was given."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def time(self, action: Callable[[Sample], None], sample: Sample) -> float:
        """Seconds of an action, its work on the device included."""
        self.synchronise()
        began = perf_counter()
        action(sample)
        self.synchronise()
        return perf_counter() - began

    def _compute(self) -> AbstractContextManager[Any]:
        dtype = _DTYPES.get(self._config.training.precision)
        return nullcontext() if dtype is None else torch.autocast(self.device.type, dtype=dtype)


def time_steps(
    stepper: Stepper, batches: Sequence[Sample], steps: int, counter: "_Counter"
) -> tuple[list[float], list[float]]:
    """Seconds for targets beside the network, and for the rest of a step, of batches that are at hand."""
    held = [batch.to(stepper.device) for batch in batches]
    targets, network = [], []
    for number in range(-WARM_STEPS, steps):
        sample = held[number % len(held)]
        encoding, whole = stepper.time(stepper.encode, sample), stepper.time(stepper.step, sample)
        if number >= 0:
            counter.advance()
            targets.append(encoding)
            network.append(max(whole - encoding, 0.0))
    return targets, network


def run_loop(setup: FoldSetup, stepper: Stepper, *, workers: int, steps: int, counter: "_Counter") -> Loop:
    """Training for so many steps, once what workers had ready in advance is used up."""
    data = setup.config.data.model_copy(update={"num_workers": workers})
    setup = replace(setup, config=setup.config.model_copy(update={"data": data}))
    ahead = WARM_STEPS + 2 * min(workers, count_cores())  # torch lets each worker prepare two
    waits, taken, times = [], [], [perf_counter()]
    for number, sample in enumerate(setup.build_training_loader(0, ahead + steps)):
        arrived = perf_counter()
        waits.append(arrived - times[-1])
        stepper.step(sample.to(stepper.device, non_blocking=True))
        stepper.synchronise()
        times.append(perf_counter())
        taken.append(times[-1] - arrived)
        if number >= ahead:
            counter.advance()
    waits, taken, times = waits[ahead:], taken[ahead:], times[ahead:]
    whole = sum(end - start for start, end in pairwise(times))
    return Loop(
        workers=min(workers, count_cores()),
        wait=Spread.of(waits),
        step=Spread.of(taken),
        waiting=sum(waits) / whole,
        batches_a_second=len(taken) / whole,
    )


def judge_loop(loop: Loop, parts: dict[str, Spread], load: ReadingLoad, *, device: str, cores: int) -> str:
    """One sentence: what holds training back, and what to change."""
    share = f"{loop.waiting:.0%} of the time goes by waiting for patches"
    if loop.waiting <= LITTLE:
        return f"nothing to change: the network is the limit ({share})"
    making = sum(part.median for part in parts.values())
    free = cores if device == "cuda" else max(cores - 1, 1)
    needed = min(max(math.ceil(making / loop.step.median), 1), free)
    if loop.workers < needed:
        return f"loading holds training back ({share}): set data.num_workers={needed}, it is {loop.workers}"
    slowest = max(parts, key=lambda name: parts[name].median)
    whole = f"loading holds training back ({share}), and no more workers than {loop.workers} would help"
    if slowest == "read" and (advice := load.advise()) is not None:
        return f"{whole}; reading takes longest: {advice}"
    cures = {
        "read": "reading takes longest: put the data on a faster disk, or sample uniformly (data.sampling)",
        "augment": "augmentation takes longest: drop or thin out data.augmentations",
        "encode": "targets take longest: a smaller reach or a simpler target of the heads costs less",
    }
    return f"{whole}; {cures[slowest]}" + ("" if device == "cuda" else "; all of it shares the cores with the network")


class _Counter:
    """Tells how much is measured."""

    def __init__(self, progress: NamedProgress | None, total: int) -> None:
        self._report, self._total, self._done = name_progress(progress, "batches"), total, 0

    def advance(self) -> None:
        """One batch more."""
        self._done += 1
        if self._report is not None:
            self._report(self._done, self._total)


def _plan(setup: FoldSetup) -> SamplePlan:
    return plan_samples(
        setup.training,
        setup.config.data,
        wanted=setup.objective.wanted,
        seed=setup.config.training.seed,
        training=True,
        measured=setup.measured,
    )


def _list_workers(config: RunConfig, options: ProfileOptions) -> list[int]:
    workers = config.data.num_workers
    return [workers, 0] if options.without_workers and workers else [workers]


def _group(made: Iterator[tuple[Sample, StageSeconds]], size: int) -> Iterator[list[tuple[Sample, StageSeconds]]]:
    """Samples by batches."""
    together = []
    for each in made:
        together.append(each)
        if len(together) == size:
            yield together
            together = []


def _add_up(seconds: Sequence[StageSeconds]) -> StageSeconds:
    return StageSeconds(
        sum(each.read for each in seconds), sum(each.augment for each in seconds), sum(each.encode for each in seconds)
    )
