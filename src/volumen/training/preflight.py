"""What training would meet, before it starts: the data, the network, memory, time, and all that is wrong."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from math import prod
from pathlib import Path
from typing import Any, TypeVar

import torch

from volumen.config import DataSection, RunConfig, parse_config
from volumen.data import (
    IGNORE,
    Case,
    Draft,
    Finding,
    Fingerprint,
    Fold,
    divide_cases,
    find_copies,
    find_faults,
    gather_cases,
    gather_warnings,
    judge_copies,
    rescale_cases,
    take_fingerprint,
)
from volumen.errors import ConfigError, DataError, ShapeError, VolumenError
from volumen.geometry import VoxelSize
from volumen.inference import (
    TileForecast,
    Tiling,
    forecast_prediction,
    resolve_device,
    set_threads,
    tune_allocator,
)
from volumen.networks import (
    Memory,
    Network,
    TrainingPlan,
    build_network,
    count_parameters,
    forecast_memory,
    forecast_seconds,
)
from volumen.training.drafting import Recipe, draft_recipe
from volumen.training.guards import explain_memory_errors
from volumen.training.objective import Objective, build_objective
from volumen.training.options import PlanOptions
from volumen.training.recipe_checks import check_batch, check_labels, check_memory, check_patch
from volumen.training.setup import find_channels, find_voxel_size, settle_config
from volumen.volumes import Volume, open_volume

Progress = Callable[[int, int], None]
Made = TypeVar("Made")

# Any patch of one slice, so that cases of one slice are let in until a network is planned for them.
SLICES = (1, 128, 128)
# What stands for "nobody looked" in labels that hold nothing above it, as when scores are taken.
UNSEEN = 2
_DTYPES = {"16-mixed": torch.float16, "bf16-mixed": torch.bfloat16}


@dataclass(frozen=True)
class TrainingForecast:
    """What training a fold will take.

    Args:
        device: where times were measured.
        parameters: numbers that are learned.
        memory: bytes in float32.
        step: seconds of a batch, losses and loading left out.
        forward: seconds of the forward of one patch.
        batches: of an epoch, to learn from.
        judged: patches of an epoch, to be judged by.
        epochs: as the recipe says; training may stop earlier.
        hours: that the recipe allows; None for any.
    """

    device: str
    parameters: int
    memory: Memory
    step: float
    forward: float
    batches: int
    judged: int
    epochs: int
    hours: float | None

    @property
    def epoch(self) -> float:
        """Seconds of an epoch."""
        return self.batches * self.step + self.judged * self.forward

    @property
    def seconds(self) -> float:
        """Seconds of all epochs, or what the recipe allows."""
        return min(self.epochs * self.epoch, math.inf if self.hours is None else self.hours * 3600)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        memory = {"training": self.memory.training, "prediction": self.memory.prediction, **asdict(self.memory)}
        return {**asdict(self), "memory": memory, "epoch": self.epoch, "seconds": self.seconds}


@dataclass(frozen=True)
class Preflight:
    """What training would meet; None for what could not be found out.

    Args:
        data: the data set's fingerprint.
        groups: names of cases by group.
        folds: what is learned from, and what judges.
        plan: what was planned; None where a recipe was given.
        recipe: what the plan says as a recipe; likewise.
        training: memory and time of training.
        prediction: tiles, memory and time of predicting the volume that was asked about.
        findings: all that should be known; an error is what training would end in.
    """

    data: Fingerprint | None = None
    groups: Mapping[str, Sequence[str]] | None = None
    folds: tuple[Fold, ...] = ()
    plan: TrainingPlan | None = None
    recipe: Recipe | None = None
    training: TrainingForecast | None = None
    prediction: TileForecast | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def can_train(self) -> bool:
        """Whether nothing was found that training would end in."""
        return all(finding.level != "error" for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "can_train": self.can_train,
            "findings": [asdict(finding) for finding in self.findings],
            "data": None if self.data is None else self.data.to_dict(),
            "groups": {name: list(cases) for name, cases in (self.groups or {}).items()},
            "folds": [asdict(fold) for fold in self.folds],
            "plan": None if self.plan is None else str(self.plan),
            "recipe": self.recipe,
            "training": None if self.training is None else self.training.to_dict(),
            "prediction": None if self.prediction is None else self.prediction.to_dict(),
        }


def run_preflight(
    data: str | Path,
    config: RunConfig | None = None,
    *,
    predict: str | Path | None = None,
    tiling: Tiling | None = None,
    options: PlanOptions | None = None,
    progress: Progress | None = None,
) -> Preflight:
    """What training on a data set would meet, with a recipe or with the one that is planned for it.

    Held: a piece of a file at a time, ids of labels, then the network and a step of a small patch.

    Args:
        data: the data set's folder.
        config: the recipe, its data.root included; planned when not given.
        predict: a volume, to forecast its prediction.
        tiling: how that is cut; as the recipe says where it says nothing.
        options: what the network is planned for, and where times are measured.
        progress: called with millions of voxels read and in all.
    """
    options, findings = options or PlanOptions(), list[Finding]()
    if config is not None and options != PlanOptions(device=options.device):
        raise ConfigError("size, gigabytes and flat choose the network that is planned; the recipe names its own")
    device = resolve_device(options.device)
    source = None if predict is None else open_volume(predict)
    with gather_warnings(findings):
        section = config.data if config is not None else DataSection(root=str(data), patch_size=SLICES, ignore=UNSEEN)
        draft = _attempt(partial(gather_cases, section), findings, DataError)
        if draft is None:
            return Preflight(findings=tuple(findings))
        facts = take_fingerprint(draft.cases, ignore=section.ignore, progress=progress)
        result = Preflight(data=facts)
        if config is None:
            facts, ignore = _settle_ignored(facts, draft, findings, progress)
            result = Preflight(data=facts)
            result, config = plan_run(result, facts, draft, ignore=ignore, options=options, findings=findings)
            draft = _rescale(draft, config)
        findings += find_faults(facts, section if config is None else config.data)
        if config is not None:
            run = Run(settle_config(config, fast=False), draft, device)
            result = look_ahead(result, facts, run, source=source, tiling=tiling or Tiling(), findings=findings)
    return replace(result, findings=tuple(findings))


def _settle_ignored(
    facts: Fingerprint, draft: Draft, findings: list[Finding], progress: Progress | None
) -> tuple[Fingerprint, int | None]:
    """The fingerprint, and what stands for "nobody looked": nothing where there are ids above the usual value."""
    if facts.doubtful:
        text = f"there are ids above {UNSEEN}, so it is taken for an id and not for nobody looked: data.ignore is null"
        findings.append(Finding("warning", f"label {', '.join(facts.doubtful)}: {text}"))
        return take_fingerprint(draft.cases, ignore=None, progress=progress), None
    silent = {name for case in draft.cases for name in case.labels if case.find_values(name).ignore is None}
    plain = [name for name in facts.labels if name in silent]
    borrowed = [name for name in plain if any(IGNORE in label.values for label in facts.list_label(name))]
    if borrowed:
        text = f"{UNSEEN} is taken for nobody looked, as nothing is above it: data.ignore is {UNSEEN} in the plan"
        findings.append(Finding("warning", f"label {', '.join(borrowed)}: {text}; set it to null where it is a class"))
    return facts, UNSEEN if borrowed else None


def _rescale(draft: Draft, config: RunConfig | None) -> Draft:
    """The cases at the voxel size that was planned."""
    if config is None or config.data.voxel_size is None:
        return draft
    return replace(draft, cases=rescale_cases(draft.cases, VoxelSize(*config.data.voxel_size)))


@dataclass(frozen=True)
class Run:
    """What would be trained: a recipe, the cases there are, and where."""

    config: RunConfig
    draft: Draft
    device: torch.device


def plan_run(
    result: Preflight,
    facts: Fingerprint,
    draft: Draft,
    *,
    ignore: int | None,
    options: PlanOptions,
    findings: list[Finding],
) -> tuple[Preflight, RunConfig | None]:
    """The result with a plan and its recipe, and what that recipe is; as it was where nothing can be planned."""
    planned = _attempt(partial(draft_recipe, facts, draft, options=options, ignore=ignore), findings)
    if planned is None:
        return result, None
    plan, recipe = planned
    return replace(result, plan=plan, recipe=recipe), parse_config(recipe, "the planned recipe")


def look_ahead(
    result: Preflight,
    facts: Fingerprint,
    run: Run,
    *,
    source: Volume | None,
    tiling: Tiling,
    findings: list[Finding],
) -> Preflight:
    """The result with folds, and what training and prediction will take, as far as nothing stands in the way."""
    config, cases = run.config, run.draft.cases
    division = _attempt(partial(divide_cases, cases, config.data, published=run.draft.folds), findings)
    if division is not None:
        result = replace(result, groups=_gather_groups(division.cases), folds=division.folds)
    findings += judge_copies(find_copies(cases, facts), result.folds)
    findings += check_patch(config.data.patch_size, {case.name: case.shape for case in facts.cases})
    findings += check_batch(config.data.batch_size, run.device)
    objective = _attempt(partial(build_objective, config, cases), findings)
    if objective is None:
        return result
    findings += check_labels(objective, facts)
    network = _attempt(partial(build_untrained, run, objective), findings)
    if network is None:
        return result
    training = _attempt(partial(forecast_training, config, network, result.folds), findings)
    if training is None:
        return result
    findings += check_memory(training.memory, run.device)
    result = replace(result, training=training)
    if source is None:
        return result
    return replace(result, prediction=forecast_tiles(training, config, network, source=source, tiling=tiling))


def build_untrained(run: Run, objective: Objective) -> Network:
    """The network that would be trained, where it would be."""
    tune_allocator()
    set_threads(run.config.training.threads)
    with torch.random.fork_rng(devices=[]):
        return build_network(
            run.config.network,
            heads=objective.heads,
            channels=find_channels(run.draft.cases),
            patch_size=run.config.data.patch_size,
            voxel_size=find_voxel_size(run.draft.cases),
        ).to(run.device)


def forecast_tiles(
    training: TrainingForecast, config: RunConfig, network: Network, *, source: Volume, tiling: Tiling
) -> TileForecast:
    """Tiles, memory and time of predicting a volume; a tile takes the time of its share of a patch."""
    if (source.channels or 1) != network.channels:
        raise ShapeError(f"{source.spec} has {source.channels or 1} channels, and the network takes {network.channels}")
    tile, batch = tiling.tile or config.tile, tiling.batch or 1
    return forecast_prediction(
        source,
        tile=tile,
        overlap=config.prediction.overlap if tiling.overlap is None else tiling.overlap,
        outputs=sum(head.channels for head in network.head_specs),
        memory=forecast_memory(network, tile, batch=batch),
        seconds=training.forward * prod(tile) / prod(config.data.patch_size),
        batch=batch,
    )


def forecast_training(config: RunConfig, network: Network, folds: Sequence[Fold]) -> TrainingForecast:
    """What training a fold, the first, will take where the network is."""
    data, training = config.data, config.training
    with explain_memory_errors(config):
        memory = forecast_memory(network, data.patch_size, batch=data.batch_size)
        seconds = forecast_seconds(
            network, data.patch_size, batch=data.batch_size, dtype=_DTYPES.get(training.precision)
        )
    learning, judging = (len(folds[0].training), len(folds[0].validation)) if folds else (0, 0)
    steps = training.steps_per_epoch or math.ceil(learning / (data.batch_size * training.accumulate_grad_batches))
    epochs = training.max_epochs
    if training.max_steps is not None:
        epochs = min(epochs, math.ceil(training.max_steps / max(steps, 1)))
    return TrainingForecast(
        device=str(next(network.parameters()).device),
        parameters=count_parameters(network),
        memory=memory,
        step=seconds.step,
        forward=seconds.forward,
        batches=steps * training.accumulate_grad_batches,
        judged=judging * config.validation.patches_per_case,
        epochs=epochs,
        hours=training.max_hours,
    )


def _attempt(
    action: Callable[[], Made], findings: list[Finding], kind: type[VolumenError] = VolumenError
) -> Made | None:
    """What an action gives; None where it ends in an error of a kind, which goes among the findings."""
    try:
        return action()
    except kind as error:
        findings.append(Finding("error", " ".join(str(error).split())))
        return None


def _gather_groups(cases: Sequence[Case]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for case in cases:
        if case.group is not None:
            groups.setdefault(case.group, []).append(case.name)
    return groups
