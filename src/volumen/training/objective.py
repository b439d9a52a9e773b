"""What a network is taught and judged by: targets, losses and scores, without anything of a trainer."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from volumen.config import Component, HeadSection, RunConfig
from volumen.data import IGNORE, Case, LabelTarget, Sample, Wanted, choose_label
from volumen.errors import ConfigError
from volumen.geometry import Shape, VoxelSize
from volumen.heads import HeadSpec
from volumen.losses import LossReport, LossSum, Moment, combine_losses
from volumen.metrics import evaluate_case
from volumen.targets import ArrayTarget, EncodedTarget, Target, build_target, build_targets, plan_heads

Outputs = Mapping[str, Sequence[Tensor]]
LOSS = "loss"
START = Moment()
# Losses that are due in every second, third … step only are not due in this one.
ORDINARY = Moment(step=1)
TRIAL_EDGE = 8


@dataclass(frozen=True)
class Objective:
    """Heads, the labels and targets they learn, the sum of their losses, and how they are scored.

    Among labels and targets are those maps that losses look at beside the heads' own, by the names that the sum of the
    losses gives them.
    """

    heads: tuple[HeadSpec, ...]
    labels: dict[str, str]
    targets: dict[str, Target]
    losses: LossSum
    metrics: tuple[Component, ...]

    @property
    def scored_heads(self) -> tuple[HeadSpec, ...]:
        """Heads that name a label for every voxel; numbers without an activation have none."""
        return tuple(head for head in self.heads if head.activation != "none" and self.targets[head.name].names_voxels)

    @property
    def wanted(self) -> Wanted:
        """What samples carry: every label, and what workers encode, all but maps that few batches need."""
        always = {*(head.name for head in self.heads), *self.losses.list_maps(ORDINARY)}
        encoded = {
            name: LabelTarget(self.labels[name], target)
            for name, target in self.targets.items()
            if name in always and isinstance(target, ArrayTarget)
        }
        return Wanted(tuple(dict.fromkeys(self.labels.values())), encoded)

    def encode(self, sample: Sample, moment: Moment = START) -> dict[str, EncodedTarget]:
        """What every head should give for a batch, and what the losses that are due look at beside."""
        wanted = {*(head.name for head in self.heads), *self.losses.list_maps(moment)}
        return {name: self._encode_target(name, sample) for name in self.targets if name in wanted}

    def judge(
        self,
        outputs: Outputs,
        targets: Mapping[str, EncodedTarget],
        sample: Sample,
        moment: Moment = START,
    ) -> LossReport:
        """The loss of a batch and its parts."""
        return self.losses(outputs, targets, moment, class_ids=sample.class_ids, voxel_size=sample.voxel_size)

    def list_losses(self) -> tuple[str, ...]:
        """Names of the numbers that training and validation log about losses: the sum and its parts."""
        return (LOSS, *(term.name for term in self.losses.terms))

    def list_scores(self) -> tuple[str, ...]:
        """Names of the numbers that validation logs about metrics, those that any data have."""
        empty = np.zeros((1, 1, 1), np.uint8)
        size = VoxelSize(1, 1, 1)  # for metrics in nm
        scores = (
            evaluate_case(empty, empty, self.metrics, voxel_size=size) if self.metrics and self.scored_heads else {}
        )
        known = tuple(scores)
        if len(self.scored_heads) < 2:  # noqa: PLR2004 - one head needs no name
            return known
        return (*known, *(f"{name}@{head.name}" for head in self.scored_heads for name in known))

    def score(
        self, outputs: Outputs, targets: Mapping[str, EncodedTarget], sample: Sample
    ) -> Iterator[dict[str, float]]:
        """Scores of every patch of a batch by their names; of several heads the mean, and each as `score@head`."""
        if not self.metrics:
            return
        labels = {head.name: decide_labels(outputs[head.name][0], 0.0) for head in self.scored_heads}
        for number in range(len(sample)):
            scores = {
                head.name: evaluate_case(
                    labels[head.name][number],
                    decide_labels(targets[head.name].values, 0.5)[number],
                    self.metrics,
                    ignore=(targets[head.name].weight[number, 0] == 0).cpu().numpy(),
                    voxel_size=read_voxel_size(sample.voxel_size[number]),
                )
                for head in self.scored_heads
            }
            yield _join_scores(scores)

    def _encode_target(self, name: str, sample: Sample) -> EncodedTarget:
        encoded = sample.targets[name] if name in sample.targets else self._encode_here(name, sample)
        if sample.weight is None:
            return encoded
        return encoded._replace(weight=encoded.weight * sample.weight)

    def _encode_here(self, name: str, sample: Sample) -> EncodedTarget:
        """A target that no worker encoded; patches together where their voxels are of one size."""
        target = self.targets[name]
        source = sample.image if target.learns_from == "image" else sample.labels[self.labels[name]]
        sizes = [read_voxel_size(edges) for edges in sample.voxel_size]
        if len(set(sizes)) == 1:
            return target.encode(source, voxel_size=sizes[0], ignore=IGNORE)
        each = [
            target.encode(source[number : number + 1], voxel_size=size, ignore=IGNORE)
            for number, size in enumerate(sizes)
        ]
        values, weight = (torch.cat(tensors) for tensors in zip(*(part[:2] for part in each), strict=True))
        return each[0]._replace(values=values, weight=weight)


def build_objective(config: RunConfig, cases: Sequence[Case]) -> Objective:
    """The objective of a recipe for these cases; every contradiction between them is an error here."""
    objective = assemble_objective(config, partial(follow_label, sections=config.heads, cases=cases))
    sizes = [case.voxel_size for case in cases]
    try_objective(objective, config.data.label_size, sizes[0] if sizes and None not in sizes else None)
    return objective


def assemble_objective(config: RunConfig, find_label: Callable[[str], str]) -> Objective:
    """The objective of a recipe; what cannot be whatever the data is an error here.

    Args:
        config: the recipe.
        find_label: names the label that a head learns from.
    """
    heads = plan_heads(config)
    losses = combine_losses(heads, config.heads)
    targets = build_targets(config)
    labels = {name: find_label(name) for name, target in targets.items() if target.learns_from == "labels"}
    patch = config.data.label_size
    maps: dict[str, Target] = {name: build_target(request.target, patch) for name, request in losses.maps.items()}
    return Objective(
        heads=heads,
        labels=labels | {name: labels[request.head] for name, request in losses.maps.items()},
        targets=targets | maps,
        losses=losses,
        metrics=config.validation.metrics,
    )


def follow_label(head: str, sections: Mapping[str, HeadSection], cases: Sequence[Case]) -> str:
    """The label that a head learns from; where `label` names another head and no label of the cases, that one's."""
    known = {label for case in cases for label in case.labels}
    followed = [head]
    while (source := sections[followed[-1]].label) is not None and source not in known and source in sections:
        if source in followed:
            raise ConfigError(f"heads {' and '.join(followed)} name each other as label; name a label of the cases")
        followed.append(source)
    return choose_label(followed[-1], sections[followed[-1]], cases)


def try_objective(objective: Objective, patch: Shape, voxel_size: VoxelSize | None) -> None:
    """Judges logits of zero on a small patch, half of it foreground, so that what does not fit is an error at once."""
    labels = torch.zeros((1, *(min(edge, TRIAL_EDGE) for edge in patch)), dtype=torch.int64)
    labels[..., labels.shape[-1] // 2 :] = 1
    channels = [target.channels for target in objective.targets.values() if target.learns_from == "image"]
    sample = Sample(
        image=torch.zeros(1, max(channels, default=1), *labels.shape[1:]),
        labels=dict.fromkeys(objective.labels.values(), labels),
        cases=("a trial of the losses",),
        origin=torch.zeros(1, 3, dtype=torch.int64),
        voxel_size=torch.tensor([(np.nan,) * 3 if voxel_size is None else tuple(voxel_size)]),
        seed=torch.zeros(1, dtype=torch.int64),
    )
    outputs = {head.name: [torch.zeros(1, head.channels, *labels.shape[1:])] for head in objective.heads}
    with torch.no_grad():
        objective.judge(outputs, objective.encode(sample), sample)


def decide_labels(values: Shaped[Tensor, "b c z y x"], threshold: float) -> Shaped[np.ndarray, "b z y x"]:
    """The label of every voxel: 1 where a lone channel is above the threshold, else the largest channel."""
    decided = values[:, 0] > threshold if values.shape[1] == 1 else values.float().argmax(1)
    labels: Shaped[np.ndarray, "b z y x"] = decided.to(torch.int16).cpu().numpy()
    return labels


def read_voxel_size(edges: Float[Tensor, " 3"]) -> VoxelSize | None:
    """The voxel size of a patch; None where its case does not say."""
    values = edges.tolist()
    return None if any(np.isnan(values)) else VoxelSize.parse(values)


def _join_scores(scores: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Scores of a lone head as they are; of several the mean over those where they are defined, and each head's."""
    if len(scores) == 1:
        return dict(next(iter(scores.values())))
    names = {name: None for values in scores.values() for name in values}
    columns = {name: [values[name] for values in scores.values() if name in values] for name in names}
    means = {name: _average_defined(values) for name, values in columns.items()}
    return means | {f"{name}@{head}": value for head, values in scores.items() for name, value in values.items()}


def _average_defined(values: Sequence[float]) -> float:
    defined = [value for value in values if not np.isnan(value)]
    return sum(defined) / len(defined) if defined else float("nan")
