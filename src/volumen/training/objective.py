"""What a network is taught and judged by: targets, losses and scores, without anything of a trainer."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from volumen.config import Component, RunConfig
from volumen.data import IGNORE, Case, Sample, choose_label
from volumen.geometry import VoxelSize
from volumen.heads import HeadSpec
from volumen.losses import LossReport, LossSum, combine_losses
from volumen.metrics import evaluate_case
from volumen.targets import EncodedTarget, Target, build_targets, plan_heads

Outputs = Mapping[str, Sequence[Tensor]]
LOSS = "loss"


@dataclass(frozen=True)
class Objective:
    """Heads, the labels and targets they learn, the sum of their losses, and how they are scored."""

    heads: tuple[HeadSpec, ...]
    labels: dict[str, str]
    targets: dict[str, Target]
    losses: LossSum
    metrics: tuple[Component, ...]

    @property
    def scored_heads(self) -> tuple[HeadSpec, ...]:
        """Heads that name a label for every voxel; numbers without an activation have none."""
        return tuple(head for head in self.heads if head.activation != "none")

    def encode(self, sample: Sample) -> dict[str, EncodedTarget]:
        """What every head should give for a batch."""
        return {name: self._encode_head(name, sample) for name in self.targets}

    def judge(self, outputs: Outputs, targets: Mapping[str, EncodedTarget], sample: Sample, step: int) -> LossReport:
        """The loss of a batch and its parts."""
        return self.losses(outputs, targets, step, class_ids=sample.class_ids)

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

    def _encode_head(self, name: str, sample: Sample) -> EncodedTarget:
        labels = sample.labels[self.labels[name]]
        encoded = self.targets[name].encode(labels, voxel_size=read_voxel_size(sample.voxel_size[0]), ignore=IGNORE)
        if sample.weight is None:
            return encoded
        return EncodedTarget(encoded.values, encoded.weight * sample.weight)


def build_objective(config: RunConfig, cases: Sequence[Case]) -> Objective:
    """The objective of a recipe for these cases; every contradiction between them is an error here."""
    heads = plan_heads(config)
    return Objective(
        heads=heads,
        labels={name: choose_label(name, section, cases) for name, section in config.heads.items()},
        targets=build_targets(config),
        losses=combine_losses(heads, config.heads),
        metrics=config.validation.metrics,
    )


def decide_labels(values: Float[Tensor, "b c z y x"], threshold: float) -> Shaped[np.ndarray, "b z y x"]:
    """The label of every voxel: 1 where a lone channel is above the threshold, else the largest channel."""
    decided = values[:, 0] > threshold if values.shape[1] == 1 else values.argmax(1)
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
