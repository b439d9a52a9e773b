"""Scores of many cases: a row each, means of all and of groups, shared out among processes."""

import logging
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Literal

from volumen.config import Component
from volumen.errors import ConfigError
from volumen.geometry import to_shape
from volumen.metrics.confidence import Interval, bound_mean, turn_scores
from volumen.metrics.evaluate import evaluate_case
from volumen.metrics.pairing import Pair, Pairs
from volumen.metrics.skeleton_files import read_skeletons
from volumen.metrics.skeletons import Skeletons
from volumen.metrics.sources import Source, plan_boxes, read_labels
from volumen.volumes import to_volume

Scores = Mapping[str, float]
Progress = Callable[[int, int], None]

# What labels of scrolls say where nobody looked.
UNLABELLED = 2
# A case's own skeletons in a folder: a file, or a folder of .swc.
SKELETON_ENDINGS = (".npz", ".json", ".swc", "")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Scoring:
    """How cases are scored and gathered.

    Args:
        ignore: truth value of voxels that nobody looked at; auto takes 2 where a truth holds nothing above 2, as labels
            of scrolls do, and else none.
        group: cases averaged apart: a regular expression whose first group is in their names, or a CSV (name, group).
        allow_missing: score what there is when a case lacks its segmentation or its truth.
        skeletons: for erl: a file (.npz, .json, .swc), or for folders of cases a folder with one named like each; when
            not said they are traced in the truth.
        workers: cases scored at once, each in a process; a lone case has as many threads.
    """

    ignore: int | Literal["auto", "none"] = "auto"
    group: str | None = None
    allow_missing: bool = False
    skeletons: str | None = None
    workers: int = 1

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise ConfigError(f"at least one worker is needed; got {self.workers}")


@dataclass(frozen=True)
class Evaluation:
    """Scores by case, and their means where they are numbers: over all cases, and over those of each group.

    Args:
        cases: scores of each case by their flat names.
        groups: which group a case belongs to; empty when nobody said.
        missing: cases that were left out because one side lacks them.
    """

    cases: Mapping[str, Scores]
    groups: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()

    @property
    def means(self) -> dict[str, float]:
        """Mean of every score over all cases."""
        return _average_scores(list(self.cases.values()))

    @property
    def intervals(self) -> dict[str, Interval]:
        """The mean of every score with its bootstrap interval over the cases."""
        return {name: bound_mean(scores) for name, scores in turn_scores(self.cases).items()}

    @property
    def group_means(self) -> dict[str, dict[str, float]]:
        """Mean of every score over the cases of each group, in the order of the groups' names."""
        members: dict[str, list[Scores]] = {}
        for case, group in sorted(self.groups.items(), key=lambda item: item[1]):
            members.setdefault(group, []).append(self.cases[case])
        return {group: _average_scores(scores) for group, scores in members.items()}


def evaluate_cases(
    pairs: Pairs,
    metrics: Sequence[Component],
    *,
    scoring: Scoring | None = None,
    groups: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Scores of every case, in the order of their names.

    Several cases are scored at once in spawned processes, each of which holds what its metrics hold; a lone case has
    all workers to itself, where a metric can use them.

    Args:
        pairs: what `pair_cases` found.
        metrics: components of the kind `metric`.
        scoring: what to ignore, and how many cases are scored at once.
        groups: which group each case belongs to.
        progress: called with cases done and in all.
    """
    scores: dict[str, Scores] = {}
    for name, row in _score(pairs.cases, tuple(metrics), scoring or Scoring()):
        scores[name] = row
        if progress:
            progress(len(scores), len(pairs.cases))
    return Evaluation({name: scores[name] for name in pairs.cases}, groups or {}, pairs.missing)


def find_ignored(truth: Source) -> int | None:
    """2 where a truth holds 2 and nothing above it, as labels of scrolls do; read until more is seen."""
    highest = 0
    for box in plan_boxes(to_shape(truth.shape), truth):
        highest = max(highest, int(read_labels(truth, box, name="truth").max(initial=0)))
        if highest > UNLABELLED:
            return None
    return UNLABELLED if highest == UNLABELLED else None


def choose_ignored(scoring: Scoring, truth: Source) -> int | None:
    """The truth's value that is ignored."""
    if scoring.ignore == "auto":
        return find_ignored(truth)
    return None if scoring.ignore == "none" else scoring.ignore


@dataclass(frozen=True)
class _ScoreCase:
    """What is done with one case, here or in another process."""

    metrics: tuple[Component, ...]
    scoring: Scoring
    workers: int

    def __call__(self, name: str, pair: Pair) -> dict[str, float]:
        segmentation, truth = map(to_volume, pair)
        return evaluate_case(
            segmentation,
            truth,
            self.metrics,
            ignore=choose_ignored(self.scoring, truth),
            voxel_size=truth.voxel_size or segmentation.voxel_size,
            skeletons=self._read_skeletons(name),
            workers=self.workers,
        )

    def _read_skeletons(self, name: str) -> Skeletons | None:
        """The case's own file of a folder, or the file."""
        if self.scoring.skeletons is None:
            return None
        place = Path(self.scoring.skeletons)
        own = [place / f"{name}{ending}" for ending in SKELETON_ENDINGS]
        return read_skeletons(next((path for path in own if path.exists()), place))


def _score(
    cases: Mapping[str, Pair], metrics: tuple[Component, ...], scoring: Scoring
) -> Iterator[tuple[str, dict[str, float]]]:
    """Every case as it is done."""
    if scoring.workers == 1 or len(cases) == 1:
        alone = _ScoreCase(metrics, scoring, scoring.workers)
        for name, pair in cases.items():
            yield name, alone(name, pair)
        return
    with ProcessPoolExecutor(min(scoring.workers, len(cases)), get_context("spawn")) as pool:
        score = _ScoreCase(metrics, scoring, 1)
        waiting = {pool.submit(score, name, pair): name for name, pair in cases.items()}
        try:
            for future in as_completed(waiting):
                yield waiting[future], future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _average_scores(rows: Sequence[Scores]) -> dict[str, float]:
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: _average([row.get(name, math.nan) for row in rows]) for name in names}


def _average(values: Sequence[float]) -> float:
    numbers = [value for value in values if not math.isnan(value)]
    return sum(numbers) / len(numbers) if numbers else math.nan
