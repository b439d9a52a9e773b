"""Predictions on disk and their truth, parted into what decoding is tuned on and what shows what that is worth."""

import json
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from volumen.config import Component, files
from volumen.decoding import Example, Judge, Source, Tuned, list_knobs, tune_decoding
from volumen.errors import ConfigError, DataError, MissingError, ShapeError
from volumen.geometry import Box, to_shape
from volumen.inference.prediction_files import Prediction, open_prediction
from volumen.inference.stream import Progress
from volumen.inference.voxel_sizes import SourceGrid, match_grid
from volumen.metrics import Scoring, choose_ignored
from volumen.volumes import Volume, list_volumes, name_volume, open_volume

log = logging.getLogger(__name__)

SEED = 42
ZARR = ".zarr"


@dataclass(frozen=True)
class TuneOptions:
    """How decoding is tuned.

    Args:
        metric: name of the score; its first number counts.
        held_out: share of the cases that tuning does not see, of a lone case half along its longest axis; 0 tunes on
            all, and then nothing tells what it is worth.
        trials: how many settings are tried at most.
        ignore: truth value of voxels that nobody looked at; auto takes 2 where a truth holds nothing above 2.
    """

    metric: str = "dice"
    held_out: float = 0.5
    trials: int = 100
    ignore: int | Literal["auto", "none"] = "auto"

    def __post_init__(self) -> None:
        if not 0 <= self.held_out < 1:
            raise ConfigError(f"held_out is a share of the cases below 1; got {self.held_out}")


@dataclass(frozen=True)
class TuneReport:
    """What tuning found, and what it is worth on what it did not see.

    Args:
        tuned: the steps, and every trial.
        score: the name of the number that counted.
        seen: cases, or parts of one, that were tuned on.
        held_out: those that were not.
        held_out_before: their score with the first settings; NaN without any.
        held_out_after: their score with the best.
    """

    tuned: Tuned
    score: str
    seen: tuple[str, ...]
    held_out: tuple[str, ...]
    held_out_before: float
    held_out_after: float


def pair_predictions(prediction: str | Path, truth: str | Path) -> dict[str, tuple[str | Path, str | Path]]:
    """Prediction and truth of every case: of two paths one, of two folders those that share a name."""
    one, other = Path(prediction), Path(truth)
    if one.suffix == ZARR:
        return {one.stem: (prediction, truth)}
    if not one.is_dir():
        raise MissingError(f"there is no prediction at {prediction}: a .zarr, or a folder of them")
    predictions = {path.stem: path for path in sorted(one.glob(f"*{ZARR}")) if not path.name.startswith(".")}
    if not predictions:
        raise MissingError(f"{prediction} holds no prediction; `volumen predict … --probabilities` keeps them")
    truths = {name_volume(path): path for path in list_volumes(other)}
    lacking = sorted(predictions.keys() - truths.keys())
    if lacking:
        raise MissingError(f"{truth} lacks the truth of {', '.join(lacking)}")
    return {name: (path, truths[name]) for name, path in predictions.items()}


def tune_predictions(
    pairs: Mapping[str, tuple[str | Path, str | Path]],
    *,
    steps: Sequence[Component] | None = None,
    values: Sequence[str] = (),
    metric: Component | None = None,
    options: TuneOptions | None = None,
    progress: Progress | None = None,
) -> TuneReport:
    """The best options of decoding for predictions whose truth is known.

    Held: the truth of all cases, what is decoded of one, and up to 1 GB of labels between steps.

    Args:
        pairs: prediction and truth of each case by its name.
        steps: where to begin; the first prediction's own when not said.
        values: what to try, as `threshold.value=0.3,0.5`; the usual options of the steps when empty.
        metric: the score with options of its own, in place of `options.metric`.
        options: score, share held out, trials.
        progress: called with trials done and in all.
    """
    options = options or TuneOptions()
    metric = metric or Component(name=options.metric)
    opened = {name: (open_prediction(one), open_volume(other)) for name, (one, other) in pairs.items()}
    begun = tuple(steps or next(iter(opened.values()))[0].decoding)
    for prediction, _ in opened.values():
        warn_of_training(prediction)
    seen, unseen = split_examples(opened, options)
    knobs = list_knobs(begun, values)
    tuned = tune_decoding(seen, begun, metric, knobs=knobs, trials=options.trials, progress=progress)
    judge = Judge(unseen, metric)
    return TuneReport(
        tuned=tuned,
        score=judge.name_score(),
        seen=tuple(example.name for example in seen),
        held_out=tuple(example.name for example in unseen),
        held_out_before=judge.score(begun) if unseen else math.nan,
        held_out_after=judge.score(tuned.steps) if unseen else math.nan,
    )


def split_examples(
    opened: Mapping[str, tuple[Prediction, Volume]], options: TuneOptions
) -> tuple[list[Example], list[Example]]:
    """What to tune on, and what not: cases drawn by a fixed seed, or the halves of a lone one."""
    cuts = {name: _Cut(name, prediction, truth, options.ignore) for name, (prediction, truth) in opened.items()}
    if options.held_out == 0:
        return [cut.read() for cut in cuts.values()], []
    if len(cuts) == 1:
        (cut,) = cuts.values()
        one, other = (cut.read(box) for box in halve_box(cut.truth.shape))
        return [one], [other]
    names = sorted(cuts)
    count = min(len(names) - 1, max(1, round(options.held_out * len(names))))
    held = {names[place] for place in np.random.default_rng(SEED).permutation(len(names))[:count]}
    return [cuts[name].read() for name in names if name not in held], [cuts[name].read() for name in sorted(held)]


def halve_box(shape: Sequence[int]) -> tuple[Box, Box]:
    """The two halves of a volume across its longest axis."""
    axis = int(np.argmax(shape))
    middle = shape[axis] // 2
    if middle == 0:
        raise ShapeError(f"a volume of {tuple(shape)} has no halves; set held_out to 0")
    cut = [middle if at == axis else extent for at, extent in enumerate(shape)]
    start = [middle if at == axis else 0 for at in range(len(shape))]
    return Box((0, 0, 0), to_shape(cut)), Box(to_shape(start), to_shape(shape))


def warn_of_training(prediction: Prediction) -> None:
    """Say it when a prediction is of a case that its model was trained on: settings then flatter."""
    case = Path(str(prediction.attributes["plan"].get("source", ""))).stem
    for model in prediction.models:
        if case in _list_training(Path(model)):
            log.warning(
                "%s is of %s, which %s was trained on: what is tuned on it suits other volumes less; "
                "take predictions of held-out cases",
                prediction.path,
                case,
                model,
            )


def _list_training(model: Path) -> set[str]:
    """Cases that a model learnt from, where its run lies about it."""
    try:
        folds = json.loads((model.parent.parent / files.FOLDS).read_text())["folds"]
        own = next(fold for fold in folds if files.name_fold(fold["number"]) == model.parent.name)
        return set(own["training"])
    except (OSError, ValueError, LookupError, TypeError, StopIteration):
        return set()


@dataclass(frozen=True)
class _Cut:
    """A case of which parts can be cut."""

    name: str
    prediction: Prediction
    truth: Volume
    ignore: int | Literal["auto", "none"]

    def read(self, box: Box | None = None) -> Example:
        """The case, or the part of it in a box."""
        prediction, truth, grid = self.prediction, self.truth, self._find_grid()
        part = box if grid is None else grid.cut(box).part.relative_to(grid.part.start)
        size = prediction.voxel_size or truth.voxel_size
        example = Example(
            name=self.name if box is None else f"{self.name}, {box}",
            source=Source(lambda head: prediction.read(head, part), prediction.heads, voxel_size=size),
            truth=truth.read(box),
            ignore=choose_ignored(Scoring(ignore=self.ignore), truth),
        )
        if grid is None:
            return example
        return replace(example, voxel_size=grid.voxel_size, restore=grid.cut(box).bring_back)

    def _find_grid(self) -> SourceGrid | None:
        """The truth's own voxels, where the prediction has others; an error where they are of no one volume."""
        prediction, truth = self.prediction, self.truth
        if truth.shape == prediction.shape:
            return None
        grid = prediction.source_grid or match_grid(truth, prediction.shape, prediction.voxel_size)
        if grid is None or grid.box.shape != truth.shape:
            wanted = prediction.shape if grid is None else grid.box.shape
            raise DataError(
                f"{prediction.path} has the shape {prediction.shape} and {truth.spec} {truth.shape}; "
                f"give labels of the volume, or of the part of it, that was predicted, of shape {wanted}"
            )
        return grid
