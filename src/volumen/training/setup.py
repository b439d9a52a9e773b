"""All that a fold is trained with, built from the recipe and its cases."""

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from volumen.config import RunConfig
from volumen.data import (
    Case,
    Fold,
    Measured,
    NamedProgress,
    SampleLoader,
    build_loader,
    check_leaks,
    count_channels,
    measure_cases,
)
from volumen.errors import DataError
from volumen.geometry import VoxelSize
from volumen.networks import Network, build_network, compile_network, put_channels_last, settle_network
from volumen.training.decoded import DecodedScores, plan_decoded
from volumen.training.export import ModelWriter
from volumen.training.objective import Objective, build_objective
from volumen.volumes import IntensityMap


@dataclass(frozen=True)
class FoldSetup:
    """One fold's recipe, folder, cases by part, and what was measured on them.

    Args:
        limit: the most validation batches an epoch; None for all.
    """

    config: RunConfig
    folder: Path
    number: int
    training: tuple[Case, ...]
    validation: tuple[Case, ...]
    measured: Measured
    objective: Objective
    decoded: DecodedScores | None
    channels: int
    voxel_size: VoxelSize | None
    limit: int | None = None

    def count_batches(self, ranks: int) -> int:
        """Training batches that each of `ranks` processes gets in an epoch: as the recipe says, else each case once."""
        training = self.config.training
        together = self.config.data.batch_size * training.accumulate_grad_batches * ranks
        steps = training.steps_per_epoch or math.ceil(len(self.training) / together)
        return steps * training.accumulate_grad_batches

    def build_training_loader(self, first: int, count: int) -> SampleLoader:
        """Batches to learn from, from number `first` on."""
        return self._build_loader(self.training, first, count, training=True)

    def build_validation_loader(self, ranks: int) -> SampleLoader:
        """The batches of every validation: the same patches of each held-out case."""
        patches = len(self.validation) * self.config.validation.patches_per_case
        count = math.ceil(patches / (self.config.data.batch_size * ranks))
        return self._build_loader(self.validation, 0, min(count, self.limit or count), training=False)

    def build_network(self) -> Network:
        """The network with the weights that the recipe's seed gives it, laid out and compiled as the recipe says."""
        torch.manual_seed(self.config.training.seed)
        network = build_network(
            self.config.network,
            heads=self.objective.heads,
            channels=self.channels,
            patch_size=self.config.data.patch_size,
            voxel_size=self.voxel_size,
        )
        if self.config.training.channels_last:
            put_channels_last(network)
        if self.config.training.compile:
            compile_network(network)
        return network

    def build_writer(self, network: Network) -> ModelWriter:
        """What writes this fold's model folders."""
        spare = copy.deepcopy(network).cpu().eval()
        return ModelWriter(self.folder, self.config, self.objective.heads, self.channels, self.voxel_size, spare)

    def _build_loader(self, cases: Sequence[Case], first: int, count: int, *, training: bool) -> SampleLoader:
        data = self.config.data
        share = len(cases) / (len(self.training) + len(self.validation))  # both loaders keep volumes at a time
        return build_loader(
            cases,
            data.model_copy(update={"cache_bytes": int(data.cache_bytes * share)}),
            wanted=self.objective.wanted,
            seed=self.config.training.seed,
            first=first,
            count=count,
            training=training,
            measured=self.measured,
        )


def set_up_fold(
    config: RunConfig,
    *,
    cases: Sequence[Case],
    fold: Fold,
    folder: Path,
    maps: Mapping[str, IntensityMap],
    limit: int | None = None,
    progress: NamedProgress | None = None,
) -> FoldSetup:
    """What a fold is trained with; what is not known of its cases, as intensities in `maps` are, is measured now."""
    known = {case.name: case for case in cases}
    check_leaks(cases, [fold])
    training = tuple(known[name] for name in fold.training)
    validation = tuple(known[name] for name in fold.validation)
    objective = build_objective(config, (*training, *validation))
    measure = partial(measure_cases, config=config.data, wanted=objective.wanted, maps=maps, progress=progress)
    measured = measure(training, training=True).join(measure(validation, training=False))
    channels = find_channels((*training, *validation))
    return FoldSetup(
        config=config,
        folder=folder,
        number=fold.number,
        training=training,
        validation=validation,
        measured=measured,
        objective=objective,
        decoded=plan_decoded(config, objective, validation, maps=measured.maps, channels=channels),
        channels=channels,
        voxel_size=find_voxel_size((*training, *validation)),
        limit=limit,
    )


def find_channels(cases: Sequence[Case]) -> int:
    """Channels that every image has; an error that names an odd one out."""
    counts = {case.name: count_channels(case) for case in cases}
    first = next(iter(counts))
    odd = [name for name, count in counts.items() if count != counts[first]]
    if odd:
        raise DataError(
            f"{first} has {counts[first]} channels, and {odd[0]} has {counts[odd[0]]}; all must have as many"
        )
    return counts[first]


def find_voxel_size(cases: Sequence[Case]) -> VoxelSize | None:
    """The median edges of all voxels; None when some case does not say."""
    edges = [tuple(case.voxel_size) for case in cases if case.voxel_size is not None]
    return VoxelSize.parse(np.median(edges, axis=0).tolist()) if len(edges) == len(cases) else None


def settle_config(config: RunConfig, *, fast: bool) -> RunConfig:
    """The recipe as it is trained and written down: what depends on this machine decided, and shortened if asked."""
    settled = config.model_copy(update={"network": settle_network(config.network)})
    return shrink_config(settled) if fast else settled


def shrink_config(config: RunConfig) -> RunConfig:
    """The recipe for one batch of everything: one step, one epoch, averages, late losses and a picture included."""
    training = config.training
    swa = training.swa and training.swa.model_copy(update={"start_epoch": 0, "renew_batches": 1})
    ema = training.ema and training.ema.model_copy(update={"start_step": 0})
    short = {"max_epochs": 1, "steps_per_epoch": 1, "accumulate_grad_batches": 1, "previews": 1, "swa": swa, "ema": ema}
    now = {"start_epoch": 0, "every": 1, "ramp": 0}
    heads = {
        name: section.model_copy(update={"losses": tuple(loss.model_copy(update=now) for loss in section.losses)})
        for name, section in config.heads.items()
    }
    decoded = config.validation.decoded and config.validation.decoded.model_copy(update={"every": 1, "at_most": 1})
    validation = config.validation.model_copy(update={"decoded": decoded})
    update = {"training": training.model_copy(update=short), "heads": heads, "validation": validation}
    return config.model_copy(update=update)
