"""What is measured on cases before the first patch is cut: intensities, and where labels lie."""

import logging
import os
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from threading import Lock

import numpy as np

from volumen.config import DataSection, build_component
from volumen.data.cases import Case
from volumen.data.encoding import Wanted
from volumen.data.index import PatchIndex
from volumen.data.index_cache import identify_index, read_index, write_index
from volumen.data.indexed_sampling import IndexedSampling
from volumen.data.indexing import build_index, plan_blocks
from volumen.data.intensities import fit_normalisations
from volumen.data.patches import PatchReader
from volumen.data.progress import NamedProgress
from volumen.errors import DataError, OutputError, VolumenError
from volumen.geometry import Shape
from volumen.volumes import IntensityMap

logger = logging.getLogger(__name__)

# Seconds after which somebody who waits is told how far it is, and between one word and the next.
FIRST_WORD, NEXT_WORD = 2.0, 15.0

# Cases or labels that a message names before it counts the rest.
MOST_NAMED = 5


@dataclass(frozen=True)
class Measured:
    """What is known of cases, by their names.

    Args:
        maps: what normalisation does to each.
        indexes: where labels lie in each that has some; empty when the sampling does not go by it.
    """

    maps: Mapping[str, IntensityMap]
    indexes: Mapping[str, PatchIndex] = field(default_factory=dict)

    def join(self, other: "Measured") -> "Measured":
        """What is known of the cases of both."""
        return Measured({**self.maps, **other.maps}, {**self.indexes, **other.indexes})

    def select(self, cases: Iterable[Case]) -> "Measured":
        """What is known of some cases."""
        names = {case.name for case in cases}
        maps = {name: map_ for name, map_ in self.maps.items() if name in names}
        return Measured(maps, {name: index for name, index in self.indexes.items() if name in names})


def measure_cases(
    cases: Sequence[Case],
    config: DataSection,
    wanted: Wanted,
    *,
    training: bool,
    maps: Mapping[str, IntensityMap] | None = None,
    progress: NamedProgress | None = None,
) -> Measured:
    """All that a loader needs to know of cases; reads their images, and their labels where the sampling goes by them.

    Args:
        cases: what patches are cut from.
        config: normalisation and sampling.
        wanted: the labels that samples carry.
        training: whether cases that lack what the sampling looks for are told, and are an error where all do.
        maps: intensities that were measured already, by case.
        progress: told how far it is; the log is where nobody is to be told.
    """
    known = maps or {}
    fitted = fit_normalisations([case for case in cases if case.name not in known], config.normalisation)
    measured = {case.name: known.get(case.name) or fitted[case.name] for case in cases}
    sampling = build_component("sampling", config.sampling)
    if not isinstance(sampling, IndexedSampling):
        return Measured(measured)
    indexes = index_cases(cases, wanted, ignore=config.ignore, progress=progress)
    if training:
        check_places(sampling, cases, indexes, config.label_size)
    return Measured(measured, indexes)


def index_cases(
    cases: Sequence[Case], wanted: Wanted, *, ignore: int | None, progress: NamedProgress | None = None
) -> dict[str, PatchIndex]:
    """Where labels lie in each case that has some: from files of earlier runs, else looked through, a few at a time."""
    keys: dict[str, str] = {}
    seen: dict[str, tuple[Case, str]] = {}  # cases of one key have the same labels
    for case in cases:
        label = wanted.find_seen(case)
        if label is not None:
            keys[case.name] = identify_index(case, label, reader=PatchReader(0), ignore=ignore)
            seen.setdefault(keys[case.name], (case, label))
    with ThreadPoolExecutor(count_cores(), "index") as pool:
        kept = {key: index for key, index in zip(seen, pool.map(read_index, seen), strict=True) if index is not None}
        new = {key: pair for key, pair in seen.items() if key not in kept}
        report = _Report(dict(zip(new, pool.map(_count_blocks, new.values()), strict=True)), progress)
        made = list(pool.map(partial(_index_case, ignore=ignore, report=report), new, new.values()))
    report.close()
    indexes = kept | {key: index for key, (index, _) in zip(new, made, strict=True)}
    unkept = next((error for _, error in made if error is not None), None)
    if unkept is not None:
        logger.warning("where labels lie is looked through again in the next run: %s", unkept)
    return {name: indexes[key] for name, key in keys.items()}


def check_places(
    sampling: IndexedSampling, cases: Sequence[Case], indexes: Mapping[str, PatchIndex], patch: Shape
) -> None:
    """Says which cases lack what a sampling looks for, and which labels none has; an error where all cases lack it."""
    lacks: dict[str, list[str]] = defaultdict(list)
    for case in cases:
        lack = sampling.find_lack(indexes[case.name], patch) if case.name in indexes else "no labels"
        if lack is not None:
            lacks[lack].append(case.name)
    if len(cases) == sum(map(len, lacks.values())):
        raise DataError(
            f"data.sampling cannot choose a patch: {_tell_lacks(lacks)}{_tell_labels(indexes)}; change data.sampling"
        )
    if lacks:
        logger.warning("%s: their patches are cut anywhere", _tell_lacks(lacks))
    missing = [label for label in sampling.named if not any(index.holds(label) for index in indexes.values())]
    if missing:
        logger.warning("data.sampling names labels that no case has: %s%s", missing, _tell_labels(indexes))


def count_cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Report:
    """Tells how far it is: whoever wants to know after every block, else the log once it takes a while."""

    def __init__(self, blocks: Mapping[str, int], progress: NamedProgress | None) -> None:
        self._progress = progress
        self._what = f"blocks of labels in {len(blocks)} case{'s' * (len(blocks) != 1)}"
        self._total = sum(blocks.values())
        self._done = dict.fromkeys(blocks, 0)
        self._lock = Lock()
        self._began = time.monotonic()
        self._next = self._began + FIRST_WORD

    def advance(self, part: str, done: int, _total: int) -> None:
        """Take note of blocks done of a part; called by several threads."""
        with self._lock:
            self._done[part] = done
            self._tell(sum(self._done.values()))

    def close(self) -> None:
        """Tell what it took, when that was a while."""
        seconds = time.monotonic() - self._began
        if self._total and seconds >= FIRST_WORD:
            logger.info("looked through labels in %.0f s", seconds)

    def _tell(self, done: int) -> None:
        if self._progress is not None:
            self._progress(self._what, done, self._total)
        elif time.monotonic() >= self._next:
            self._next = time.monotonic() + NEXT_WORD
            logger.info("looking through labels for where patches may lie: %.0f %%", 100 * done / self._total)


def _count_blocks(seen: tuple[Case, str]) -> int:
    """Blocks of a label of a case."""
    return len(plan_blocks(*seen, PatchReader(0)))


def _index_case(
    key: str, seen: tuple[Case, str], *, ignore: int | None, report: _Report
) -> tuple[PatchIndex, OutputError | None]:
    """The index of a label of a case, and why it is not kept for the next run when it is not."""
    case, label = seen
    try:
        reader = PatchReader(0)
        index = build_index(case, label, reader=reader, ignore=ignore, progress=partial(report.advance, key))
    except VolumenError as error:
        raise type(error)(f"case {case.name}: {error}") from error
    try:
        write_index(key, index)
    except OutputError as error:
        return index, error
    return index, None


def _tell_lacks(lacks: Mapping[str, Sequence[str]]) -> str:
    return "; ".join(
        f"{_join_names(names)} {'has' if len(names) == 1 else 'have'} {lack}" for lack, names in lacks.items()
    )


def _tell_labels(indexes: Mapping[str, PatchIndex]) -> str:
    """The labels there are, in the words that end a message."""
    labels = np.unique(np.concatenate([index.labels for index in indexes.values()])) if indexes else ()
    return f" (labels there are: {_join_names([str(label) for label in labels])})" if len(labels) else ""


def _join_names(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    return ", ".join(names[:MOST_NAMED]) + (f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else "")
