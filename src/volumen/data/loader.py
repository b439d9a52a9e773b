"""Batches of samples, from this process or from spawned workers, always the same ones."""

import logging
import math
import traceback
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch.utils.data import DataLoader, Dataset, Sampler, get_worker_info

from volumen.config import DataSection, build_component
from volumen.data.cases import Case
from volumen.data.datasets import read_weights
from volumen.data.drawing import SamplePlan, draw_sample
from volumen.data.encoding import Wanted
from volumen.data.measures import Measured, count_cores, measure_cases
from volumen.data.patches import PatchReader
from volumen.data.samples import Sample, collate_samples
from volumen.errors import DataError, MemoryBudgetError, VolumenError

logger = logging.getLogger(__name__)


def build_loader(
    cases: Sequence[Case],
    config: DataSection,
    *,
    wanted: Wanted,
    seed: int,
    first: int,
    count: int,
    training: bool,
    measured: Measured | None = None,
) -> "SampleLoader":
    """A loader that yields `count` batches, the first of them being batch number `first` of an endless stream.

    Sample i, counted over all batches, depends on (seed, i) and nothing else, so that any number of workers gives the
    same batches and a run goes on where it stopped. Where torch.distributed runs, each rank takes its share of every
    batch number. In training each case comes once in `len(cases)` samples, shuffled. In validation cases come in
    order, patch after patch, always the same and never augmented; the last batch is shorter when that lets every case
    come equally often.

    No more workers are started than this process has cores: they would wait for one another, each with its own memory.

    Memory: `config.cache_bytes` of decoded volumes, shared out among the workers: each keeps some of its own.

    Args:
        cases: what patches are cut from.
        config: patch, batch, sampling, augmentation and workers.
        wanted: labels and targets that samples carry.
        seed: of everything drawn.
        first: number of the first batch.
        count: how many batches.
        training: whether to shuffle and augment.
        measured: what `measure_cases` gave for these cases; done here when left out, which reads every image.
    """
    plan = plan_samples(cases, config, wanted=wanted, seed=seed, training=training, measured=measured)
    numbers = BatchNumbers(first, count, size=config.batch_size, even=None if training else len(cases))
    workers = min(config.num_workers, count, count_cores())
    return SampleLoader(
        PatchDataset(plan, build_reader(cases, config, workers=workers)),
        batch_sampler=numbers,
        num_workers=workers,
        collate_fn=collate_parts,
        pin_memory=config.pin_memory and torch.cuda.is_available(),
        multiprocessing_context="spawn" if workers else None,
        persistent_workers=bool(workers),
        generator=torch.Generator(),  # or every walk would take a number from torch's global stream
    )


def plan_samples(
    cases: Sequence[Case],
    config: DataSection,
    *,
    wanted: Wanted,
    seed: int,
    training: bool,
    measured: Measured | None = None,
) -> SamplePlan:
    """What all samples of a loader are made from; see `build_loader`."""
    if not cases:
        raise DataError("there are no cases to cut patches from")
    measured = (measured or measure_cases(cases, config, wanted, training=training)).select(cases)
    return SamplePlan(
        cases=tuple(cases),
        wanted=wanted,
        patch=config.patch_size,
        ignore=config.ignore,
        maps=measured.maps,
        sampling=build_component("sampling", config.sampling),
        transforms=tuple(build_component("augmentation", component) for component in config.augmentations),
        seed=seed,
        training=training,
        weights=read_weights(config.datasets),
        indexes=measured.indexes,
        layers=config.layers,
    )


def build_reader(cases: Sequence[Case], config: DataSection, *, workers: int) -> PatchReader:
    """What each of so many workers reads with (0: this process); it keeps its share of decoded volumes."""
    return PatchReader(config.cache_bytes // max(workers, 1), list_kept(cases, config.cache_rate))


def list_kept(cases: Sequence[Case], rate: float) -> frozenset[str]:
    """Specs of the volumes of so large a share of the cases, taken evenly from all of them."""
    chosen = [case for number, case in enumerate(cases) if math.floor((number + 1) * rate) > math.floor(number * rate)]
    return frozenset(spec for case in chosen for spec in case.list_specs())


class Made(NamedTuple):
    """A sample, and what a user should be told once."""

    sample: Sample
    notice: str | None


class Failed(NamedTuple):
    """What went wrong where a sample was due; carried out of a worker as it is."""

    error: VolumenError


class PatchDataset(Dataset[Any]):
    """Samples by number, for the processes of a loader."""

    def __init__(self, plan: SamplePlan, reader: PatchReader) -> None:
        self._plan = plan
        self._reader = reader

    def __getitem__(self, number: int) -> Made | Failed:
        try:
            return Made(*draw_sample(self._plan, number, self._reader))
        except VolumenError as error:
            if get_worker_info() is not None:  # a traceback does not leave its process
                error.add_note(traceback.format_exc())
            return Failed(error)


def collate_parts(parts: Sequence[Made | Failed]) -> Made | Failed:
    """One batch with the first notice of its samples, or the first failure."""
    made = []
    for part in parts:
        if isinstance(part, Failed):
            return part
        made.append(part)
    notice = next((part.notice for part in made if part.notice is not None), None)
    return Made(collate_samples([part.sample for part in made]), notice)


class BatchNumbers(Sampler[list[int]]):
    """Sample numbers of each batch, from `first` on; of every batch number each rank takes its own part.

    Args:
        first: number of the first batch.
        count: how many batches.
        size: samples of a batch.
        even: shorten the last batch when the samples then divide by this number.
    """

    def __init__(self, first: int, count: int, *, size: int, even: int | None = None) -> None:
        self._first = first
        self._count = count
        self._size = size
        self._even = even

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[list[int]]:
        rank, ranks = _find_rank()
        end = (self._first + self._count) * ranks * self._size
        surplus = end % self._even if self._even else 0
        end -= surplus if surplus < self._size else 0
        for batch in range(self._first, self._first + self._count):
            start = (batch * ranks + rank) * self._size
            yield list(range(start, min(start + self._size, end)))


def _find_rank() -> tuple[int, int]:
    """Which of how many training processes this is."""
    distributed = torch.distributed
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1


class SampleLoader(DataLoader[Sample]):
    """A DataLoader whose workers' errors come out as they were raised, and whose notices are told once."""

    _told = False

    def __iter__(self) -> Iterator[Sample]:  # type: ignore[override]  # the parts it makes are opened here
        try:
            for part in super().__iter__():
                yield self._open(part)
        except (RuntimeError, ConnectionError, EOFError) as error:
            if not is_worker_lost(error):
                raise
            raise MemoryBudgetError(
                f"a process that loads patches was ended from outside, most often for lack of memory ({error}): "
                "lower data.num_workers, data.batch_size or data.patch_size"
            ) from error

    def _open(self, part: Made | Failed) -> Sample:
        if isinstance(part, Failed):
            raise part.error
        if part.notice is not None and not self._told:
            logger.warning("%s", part.notice)
            self._told = True
        return part.sample


def is_worker_lost(error: Exception) -> bool:
    """Whether an error says that a worker is gone, by torch's watchman or by the end of the pipe to it."""
    raised_by_worker = "Caught" in str(error)  # torch's word for what came out of a worker that lives
    return not raised_by_worker and (not isinstance(error, RuntimeError) or "DataLoader worker (pid" in str(error))
