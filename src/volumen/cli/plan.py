"""`volumen plan`: what training would meet, before it starts."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from volumen import api
from volumen.cli.facts import join_numbers
from volumen.cli.flags import expose_knobs
from volumen.cli.progress import show_progress
from volumen.config import format_yaml
from volumen.data import IGNORE
from volumen.errors import ConfigError
from volumen.inference import Tiling
from volumen.training import PlanOptions
from volumen.viewing import format_duration

if TYPE_CHECKING:
    from volumen.data import CaseFacts, Fingerprint, Fold, LabelFacts
    from volumen.inference import TileForecast
    from volumen.training import Preflight, TrainingForecast

CANNOT_TRAIN = 2
GIBIBYTE = 2**30
# Groups that are named one by one.
_MOST_GROUPS = 12


@expose_knobs
def plan(
    data: Path,
    /,
    *overrides: str,
    recipe: str | None = None,
    predict: str | None = None,
    write: Path | None = None,
    options: PlanOptions = PlanOptions(),
    tiling: Tiling = Tiling(),
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> int:
    """Look at a data set before training: what it is made of, the network for it, memory, time, and all that is wrong.

    Exit code 2 when training could not start.

    Args:
        data: Folder of cases.
        overrides: Settings of --recipe on top, as a.b=c.
        recipe: What would be trained, a packaged name or a path; planned by the rules of nnU-Net when not given.
        predict: A volume, to forecast tiles, time and memory of predicting it.
        write: Where to write the planned recipe, a .yaml that trains as it is.
        as_json: Print one JSON object and nothing else.
    """
    if write is not None:
        if recipe is not None:
            raise ConfigError("--write writes the recipe that is planned, and --recipe names one; give one of them")
        api.check_recipe_path(write, overwrite=False)
    with show_progress("Mvoxels") as progress:
        result = api.plan(
            data,
            recipe=recipe,
            overrides=overrides,
            predict=predict,
            options=options,
            tiling=tiling,
            progress=progress,
        )
    if write is not None and result.can_train:
        api.write_plan(result, write, data=data)
    print(json.dumps(result.to_dict()) if as_json else "\n".join(_tell(data, result)))
    return 0 if result.can_train else CANNOT_TRAIN


def _tell(data: Path, result: "Preflight") -> Iterator[str]:
    if result.data is not None:
        yield f"{data}: {_count(len(result.data.cases), 'case')}"
        lines = list(_tell_data(result.data)) + list(_tell_parts(result))
        width = max(len(name) for name, _ in lines)
        yield from (f"  {name:<{width}}  {told}" for name, told in lines)
    if result.plan is not None:
        yield f"\n{result.plan}"
    if result.training is not None:
        yield f"\n{result.training.memory}"
        yield from _tell_training(result.training)
    if result.prediction is not None:
        yield from _tell_prediction(result.prediction, result.training)
    if result.recipe is not None:
        yield f"\n{format_yaml(result.recipe).rstrip()}"
    if result.findings:
        yield ""
    yield from map(str, sorted(result.findings, key=lambda finding: finding.level != "warning"))


def _tell_data(facts: "Fingerprint") -> Iterator[tuple[str, str]]:
    cases = facts.cases
    yield "shape", _span([case.shape for case in cases])
    channels = {_count(case.channels, "channel") for case in cases}
    yield "image", f"{_list({case.dtype for case in cases})}, {_list(channels)}"
    sizes = [tuple(case.voxel_size) for case in cases if case.voxel_size is not None]
    unknown = len(cases) - len(sizes)
    told = f"{_span(sizes)} nm" if sizes else "unknown"
    yield "voxel size", f"{told}, unknown of {_count(unknown, 'case')}" if sizes and unknown else told
    yield "intensities", _tell_intensities(cases)
    for name in facts.labels:
        yield f"label {name}", _tell_label(facts.list_label(name))


def _tell_intensities(cases: "Sequence[CaseFacts]") -> str:
    images = [case.image for case in cases if case.image is not None]
    if not images:
        return "unknown"
    columns = zip(*(image.percentiles for image in images), strict=True)
    low, middle, high = (sorted(values)[len(values) // 2] for values in columns)
    darkest, brightest = min(image.low for image in images), max(image.high for image in images)
    zero = sum(image.zero_share for image in images) / len(images)
    return (
        f"{darkest:.6g} to {brightest:.6g}; in the case in the middle 0.5 % below {low:.6g}, "
        f"half below {middle:.6g}, 0.5 % above {high:.6g}; {zero:.1%} are 0"
    )


def _tell_label(cases: "Sequence[LabelFacts]") -> str:
    voxels = sum(case.voxels for case in cases)
    labelled = sum(case.labelled * case.voxels for case in cases)
    above = sum(case.foreground * case.labelled * case.voxels for case in cases)
    shares = f"{labelled / max(voxels, 1):.1%} labelled, {above / max(labelled, 1):.1%} of that foreground"
    sampled = ", by a sample" if any(case.sampled for case in cases) else ""
    return f"{_list({case.dtype for case in cases})}, {_tell_values(cases)}; {shares}{sampled}"


def _tell_values(cases: "Sequence[LabelFacts]") -> str:
    """Values with their shares where they are few, else how many objects a case has."""
    if all(case.has_classes or not case.objects for case in cases):
        return _tell_classes(cases)
    if any(case.parted for case in cases):
        return "objects are the parts of a class"
    return (
        f"{_range({case.objects for case in cases})} objects a case, ids up to {max(case.largest for case in cases):,}"
    )


def _tell_classes(cases: "Sequence[LabelFacts]") -> str:
    counts = Counter[int]()
    for case in cases:
        counts.update(case.values)
    ordered = sorted(counts, key=lambda value: (value < 0, value))
    words = ["ignored" if value == IGNORE else str(value) for value in ordered]
    shares = [counts[value] / counts.total() for value in ordered]
    return "values " + ", ".join(f"{word} ({share:.1%})" for word, share in zip(words, shares, strict=True))


def _tell_parts(result: "Preflight") -> Iterator[tuple[str, str]]:
    groups = result.groups or {}
    if groups:
        named = ", ".join(f"{name} ({len(cases)})" for name, cases in list(groups.items())[:_MOST_GROUPS])
        more = f" and {len(groups) - _MOST_GROUPS} more" if len(groups) > _MOST_GROUPS else ""
        yield "groups", f"{len(groups)}: {named}{more}"
    if result.folds:
        yield "folds", f"{len(result.folds)}: {_tell_folds(result.folds)}"


def _tell_folds(folds: "Sequence[Fold]") -> str:
    learning, judging = {len(fold.training) for fold in folds}, {len(fold.validation) for fold in folds}
    return f"{_range(learning)} to learn from, {_range(judging)} held out"


def _tell_training(training: "TrainingForecast") -> Iterator[str]:
    yield (
        f"{training.parameters / 1e6:.2f} M parameters; on {training.device} a batch takes about "
        f"{format_duration(training.step)}, an epoch of {_count(training.batches, 'batch', 'batches')} about "
        f"{format_duration(training.epoch)}, all {_count(training.epochs, 'epoch')} about "
        f"{format_duration(training.seconds)} (network alone)"
    )


def _tell_prediction(prediction: "TileForecast", training: "TrainingForecast | None") -> Iterator[str]:
    where = "" if training is None else f" on {training.device}"
    yield (
        f"\n{prediction.spec}: {join_numbers(prediction.shape)} in {_count(prediction.tiles, 'tile')} of "
        f"{join_numbers(prediction.tile)} that share {join_numbers(prediction.overlap)}: about "
        f"{format_duration(prediction.seconds)}{where}, {prediction.network / GIBIBYTE:.2f} GiB for the network and "
        f"{prediction.buffers / GIBIBYTE:.2f} GiB for what is read and written"
    )


def _span(values: Sequence[Sequence[float]]) -> str:
    """One value for all, or the smallest and the largest along each axis."""
    if len({tuple(value) for value in values}) == 1:
        return join_numbers(values[0])
    lows, highs = ([pick(axis) for axis in zip(*values, strict=True)] for pick in (min, max))
    return f"{join_numbers(lows)} to {join_numbers(highs)}"


def _list(words: set[str]) -> str:
    return " or ".join(sorted(words))


def _range(numbers: set[int]) -> str:
    return f"{min(numbers):,}" if len(numbers) == 1 else f"{min(numbers):,} to {max(numbers):,}"


def _count(number: int, one: str, several: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else several or one + 's'}"
