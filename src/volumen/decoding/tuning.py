"""Options of decoding chosen by a score on predictions that are there: nothing is forwarded again.

One option after the other is set to the best of its values with the others held, round after round, until nothing gets
better or the trials are spent (coordinate descent on a grid: nothing random). The labels after each step are kept as
long as they fit a bound, so that a change of a late step does not decode anew.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from volumen.config import Component
from volumen.decoding.decode import Chain, Source, build_chain, number_mask
from volumen.decoding.grids import Knob
from volumen.decoding.step import Labels
from volumen.errors import ConfigError, VolumenError
from volumen.geometry import VoxelSize
from volumen.metrics import evaluate_case, is_lower_better

# Bytes of labels between steps that are kept.
KEPT_BYTES = 2**30

Steps = tuple[Component, ...]
Truth = np.ndarray


@dataclass(frozen=True)
class Example:
    """A prediction beside its truth; both are read whole.

    Args:
        name: of the case.
        source: what is decoded.
        truth: labels that it should give.
        ignore: their value where nobody looked.
        voxel_size: of the truth; the source's when not said.
        restore: labels at the truth's voxels, from those at the source's; None where they are the same.
    """

    name: str
    source: Source
    truth: Truth
    ignore: int | None = None
    voxel_size: VoxelSize | None = None
    restore: Callable[[Labels], Labels] | None = None


@dataclass(frozen=True)
class Trial:
    """Steps that were tried, and the mean of their scores; NaN where they cannot run."""

    steps: Steps
    score: float


@dataclass(frozen=True)
class Tuned:
    """The best steps of all trials, and all trials in their order; the first is what it began with."""

    steps: Steps
    trials: tuple[Trial, ...]

    @property
    def before(self) -> float:
        """The score that it began with."""
        return self.trials[0].score

    @property
    def score(self) -> float:
        """The score of the best."""
        return next(trial.score for trial in self.trials if trial.steps == self.steps)


def tune_decoding(
    examples: Sequence[Example],
    steps: Sequence[Component],
    metric: Component,
    *,
    knobs: Sequence[Knob],
    trials: int = 100,
    progress: Callable[[int, int], None] | None = None,
) -> Tuned:
    """The steps whose options score best on average over the examples.

    Args:
        examples: what to tune on; keep others to see what it is worth.
        steps: where to begin.
        metric: a component of the kind `metric`; its first number counts.
        knobs: options to turn, and their values.
        trials: how many settings are tried at most, the first included.
        progress: called with trials done and trials in all.
    """
    if not knobs:
        raise ConfigError("nothing is tuned: none of these steps has a usual option to try; name some, as a.b=1,2,3")
    search = _Search(Judge(examples, metric), trials, progress)
    best = search.try_out(tuple(steps))
    while not search.is_spent:
        before = best
        for knob in knobs:
            best = search.turn(knob, best)
        if best.steps == before.steps:
            break
    return Tuned(best.steps, tuple(search.done.values()))


class Judge:
    """Decodes examples and scores them; labels between steps are kept up to a bound, the oldest dropped first."""

    def __init__(self, examples: Sequence[Example], metric: Component, *, keep: int = KEPT_BYTES) -> None:
        self._examples = examples
        self._metric = metric
        self._keep = keep
        self._held: OrderedDict[tuple[int, str], Labels] = OrderedDict()

    def score(self, steps: Steps) -> float:
        """The mean of the metric's first number over the examples; NaN where options exclude each other."""
        try:
            chain = build_chain(steps)
        except VolumenError:
            return float("nan")
        scores = [self._score_one(number, chain) for number in range(len(self._examples))]
        return float(np.mean(scores))

    def name_score(self) -> str:
        """The flat name of the number that counts."""
        empty = np.zeros((1, 1, 1), np.uint8)
        return next(iter(evaluate_case(empty, empty, [self._metric])))

    def _score_one(self, number: int, chain: Chain) -> float:
        example = self._examples[number]
        decoded = number_mask(self._decode(number, chain))
        labels = decoded if example.restore is None else example.restore(decoded)
        size = example.voxel_size or example.source.voxel_size
        return next(
            iter(evaluate_case(labels, example.truth, [self._metric], ignore=example.ignore, voxel_size=size).values())
        )

    def _decode(self, number: int, chain: Chain) -> Labels:
        """The labels after all steps, from the last ones that are still held."""
        keys = [(number, repr(chain.components[: end + 1])) for end in range(len(chain.components))]
        done = next((end for end in reversed(range(len(keys))) if keys[end] in self._held), None)
        labels = chain.begin(self._examples[number].source) if done is None else self._held[keys[done]]
        start = 0 if done is None else done
        self._hold(keys[start], labels)
        for end in range(start + 1, len(keys)):
            labels = chain.go_on(end, labels)
            self._hold(keys[end], labels)
        return labels

    def _hold(self, key: tuple[int, str], labels: Labels) -> None:
        self._held[key] = labels
        self._held.move_to_end(key)
        while len(self._held) > 1 and sum(kept.nbytes for kept in self._held.values()) > self._keep:
            self._held.popitem(last=False)


class _Search:
    """Trials by their steps; none is made twice."""

    def __init__(self, judge: Judge, trials: int, progress: Callable[[int, int], None] | None) -> None:
        if trials < 1:
            raise ConfigError(f"tuning needs at least one trial; got {trials}")
        self.done: dict[str, Trial] = {}
        self._judge = judge
        self._trials = trials
        self._progress = progress
        self._lower = is_lower_better(judge.name_score())

    @property
    def is_spent(self) -> bool:
        """Whether no further trial may be made."""
        return len(self.done) >= self._trials

    def turn(self, knob: Knob, best: Trial) -> Trial:
        """The best of what there is and of all values of a knob."""
        for steps in (knob.turn(best.steps, value) for value in knob.values):
            if repr(steps) not in self.done and self.is_spent:
                break
            trial = self.try_out(steps)
            best = trial if self._is_better(trial, best) else best
        return best

    def try_out(self, steps: Steps) -> Trial:
        """A trial, made now unless it was before."""
        key = repr(steps)
        if key not in self.done:
            self.done[key] = Trial(steps, self._judge.score(steps))
            if self._progress:
                self._progress(len(self.done), self._trials)
        return self.done[key]

    def _is_better(self, one: Trial, other: Trial) -> bool:
        """Strictly better, so that of equal settings the first stays; anything is better than NaN."""
        if np.isnan(one.score) or np.isnan(other.score):
            return bool(np.isnan(other.score) and not np.isnan(one.score))
        return one.score < other.score if self._lower else one.score > other.score
