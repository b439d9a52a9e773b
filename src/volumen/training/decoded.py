"""Scores of what held-out data decode to: the real predictor, the recipe's decoding, any metric."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float32, Int64
from torch import Tensor

from volumen.config import Component, DecodedSection, RunConfig
from volumen.data import IGNORE, Case, Sample, read_case
from volumen.decoding import Source, decode_heads
from volumen.errors import ConfigError, suggest_nearest
from volumen.geometry import VoxelSize
from volumen.heads import HeadSpec
from volumen.inference import Compute, Model, Tiling, activate_logits
from volumen.metrics import evaluate_case
from volumen.networks import Network
from volumen.training.objective import Objective, Outputs, read_voxel_size
from volumen.volumes import IntensityMap

Planes = Float32[np.ndarray, "... z y x"]
TRIAL_SHAPE = (4, 4, 4)


@dataclass(frozen=True)
class DecodedScores:
    """What decoded predictions of held-out data are worth.

    Args:
        section: what is scored, and when.
        config: the recipe; its `decoding` makes labels.
        objective: its heads.
        label: what is compared with.
        cases: the held-out ones that are scored.
        maps: intensities by case.
        channels: of the images.
    """

    section: DecodedSection
    config: RunConfig
    objective: Objective
    label: str
    cases: tuple[Case, ...]
    maps: Mapping[str, IntensityMap]
    channels: int

    def is_due(self, epoch: int, of: Literal["cases", "patches"]) -> bool:
        """Whether whole cases, or patches, are scored in an epoch, counted from 0; always in the last."""
        last = epoch + 1 == self.config.training.max_epochs
        return self.section.of == of and (last or (epoch + 1) % self.section.every == 0)

    def list_scores(self) -> tuple[str, ...]:
        """Names of the numbers, those that any data have."""
        empty = np.zeros(TRIAL_SHAPE, np.uint8)
        return tuple(evaluate_case(empty, empty, self.section.metrics, voxel_size=VoxelSize(1, 1, 1)))

    def score_cases(self, network: Network, rank: int, ranks: int) -> Iterator[dict[str, float]]:
        """Scores of this process's share of the cases; each is held whole with its probabilities while it is scored."""
        model = self._build_model(network)
        execution = Compute(
            threads=self.config.training.threads,
            layout="channels_last" if self.config.training.channels_last else "contiguous",
        )
        for case in self.cases[rank::ranks]:
            whole = read_case(case, self.label, intensities=self.maps[case.name], ignore=self.config.data.ignore)
            with torch.inference_mode(mode=False), torch.no_grad():
                heads = model.predict_probabilities(whole.image, tiling=Tiling(batch=1), compute=execution)
            yield from self._score(heads, whole.labels, case.voxel_size)

    def score_patches(self, outputs: Outputs, sample: Sample) -> Iterator[dict[str, float]]:
        """Scores of every patch of a batch, each decoded by itself."""
        labels = sample.labels[self.label].cpu().numpy()
        for number in range(len(sample)):
            heads = {
                head.name: _drop_sole(activate_logits(_to_numpy(outputs[head.name][0][number]), head.activation))
                for head in self.objective.heads
            }
            yield from self._score(heads, labels[number], read_voxel_size(sample.voxel_size[number]))

    def try_out(self) -> None:
        """Decodes zeros, so that a decoding that does not fit the heads is an error at once."""
        heads = {head.name: _make_zeros(head) for head in self.objective.heads}
        list(self._score(heads, np.zeros(TRIAL_SHAPE, np.int64), VoxelSize(1, 1, 1)))

    def _score(
        self, heads: Mapping[str, Planes], labels: Int64[np.ndarray, "z y x"], voxel_size: VoxelSize | None
    ) -> Iterator[dict[str, float]]:
        """The scores of one prediction; none where nobody looked at anything."""
        ignored = labels == IGNORE
        if ignored.all():
            return
        source = Source(heads.__getitem__, self.objective.heads, voxel_size=voxel_size)
        decoded = decode_heads(source, self.config.decoding).labels
        truth = np.where(ignored, 0, labels)
        yield evaluate_case(decoded, truth, self.section.metrics, ignore=ignored, voxel_size=voxel_size)

    def _build_model(self, network: Network) -> Model:
        """The network as it is now, for images that are normalised already."""
        data = self.config.data.model_copy(update={"normalisation": Component(name="none")})
        return Model(
            config=self.config.model_copy(update={"data": data}),
            heads=self.objective.heads,
            channels=self.channels,
            network=network,
            device=next(network.parameters()).device,
            plan={},
            training={},
            folder=Path("the network in training"),
            weights_hash="",
        )


def plan_decoded(
    config: RunConfig,
    objective: Objective,
    cases: Sequence[Case],
    *,
    maps: Mapping[str, IntensityMap],
    channels: int,
) -> DecodedScores | None:
    """What is decoded in validation; None when the recipe asks for nothing, an error when it cannot be."""
    section = config.validation.decoded
    if section is None:
        return None
    label = section.label or next(iter(objective.labels.values()), None)
    known = sorted({name for case in cases for name in case.labels})
    if label is None or label not in known:
        asked = "none is named" if label is None else f"{label!r} is none; {suggest_nearest(label, known)}"
        raise ConfigError(f"validation.decoded.label is a label of the held-out cases, and {asked}")
    if section.of == "patches" and label not in objective.labels.values():
        raise ConfigError(f"validation.decoded.label={label!r} is learnt by no head: patches lack it; set of: cases")
    chosen = tuple(case for case in cases if label in case.labels)[: section.at_most]
    decoded = DecodedScores(section, config, objective, label, chosen, maps, channels)
    decoded.try_out()
    return decoded


def _make_zeros(head: HeadSpec) -> Planes:
    return _drop_sole(np.zeros((head.channels, *TRIAL_SHAPE), np.float32))


def _to_numpy(logits: Tensor) -> Float32[np.ndarray, "c z y x"]:
    planes: Float32[np.ndarray, "c z y x"] = logits.float().cpu().numpy()
    return planes


def _drop_sole(planes: Float32[np.ndarray, "c z y x"]) -> Planes:
    return planes[0] if len(planes) == 1 else planes
