"""What a fold leaves: checkpoints to go on from, model folders to predict with."""

import shutil
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor
from typing_extensions import override

from volumen.config import RunConfig, files
from volumen.errors import ModelError
from volumen.geometry import VoxelSize
from volumen.heads import HeadSpec
from volumen.inference import save_model
from volumen.networks import Network
from volumen.training.averages import WeightAverage, WeightAverager, Weights
from volumen.training.checkpoints import copy_checkpoint, read_checkpoint, write_checkpoint
from volumen.training.module import Learner
from volumen.training.state import RunState
from volumen.training.warm_start import read_warm_start

PREFIX = "network."


@dataclass(frozen=True)
class ModelWriter:
    """Writes model folders of one fold; `network` is a spare whose weights are written over.

    Memory: the spare's weights on the CPU, whatever the training runs on.
    """

    folder: Path
    config: RunConfig
    heads: tuple[HeadSpec, ...]
    channels: int
    voxel_size: VoxelSize | None
    network: Network

    def write(self, name: str, weights: Mapping[str, Tensor], training: Mapping[str, Any]) -> None:
        """Writes the model folder of that name, with what is known of how it came about."""
        self.fill(weights)
        save_model(
            self.folder / name,
            self.network,
            config=self.config,
            heads=self.heads,
            channels=self.channels,
            plan={"voxel_size": list(self.voxel_size) if self.voxel_size else None},
            training=training,
        )

    def fill(self, weights: Mapping[str, Tensor]) -> None:
        """Puts weights into the spare network."""
        self.network.load_state_dict(dict(weights))

    def describe(self, state: RunState, kind: str) -> dict[str, Any]:
        """What a model folder says of its training."""
        monitor = self.config.training.monitor
        best = {"monitor": monitor, "value": state.best, "epoch": state.best_epoch}
        warm = read_warm_start(self.folder)
        known = {"weights": kind, "epoch": state.epoch, "step": state.step, "best": best}
        return known if warm is None else known | {"warm_start": warm}


class Checkpointer(Callback):
    """Saves the state of the fold after every epoch, and the model whenever it is the best so far or the epoch is kept.

    The last checkpoint is written after all others: whatever a killed run left, going on from `last.ckpt` does the
    epoch again and writes them anew. Checkpoints and models of epochs that are no longer kept go at the end.
    """

    def __init__(self, learner: Learner, writer: ModelWriter, averager: WeightAverager) -> None:
        self._learner = learner
        self._writer = writer
        self._averager = averager

    @override
    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Saves; all processes come here, one writes."""
        state, training = self._learner.state, self._writer.config.training
        folder = self._writer.folder / files.CHECKPOINTS
        kept = {files.name_epoch(epoch) for epoch in state.list_kept(best=training.keep_best, last=training.keep_last)}
        own = [files.name_epoch(state.epoch)] if files.name_epoch(state.epoch) in kept else []
        chosen = [*own, *([files.BEST] if state.best_epoch == state.epoch else [])]
        if chosen:
            self._write_models(trainer, [files.name_model(name) for name in chosen])
        first, *others = (folder / name for name in (*chosen, files.LAST))
        trainer.save_checkpoint(first, weights_only=False)
        if trainer.is_global_zero:
            for other in others:
                copy_checkpoint(first, other)
            self._drop_old(kept)
        trainer.strategy.barrier()

    def _drop_old(self, kept: Set[str]) -> None:
        """Removes checkpoints and models of epochs but those that are kept."""
        for checkpoint in (self._writer.folder / files.CHECKPOINTS).glob(files.EPOCHS):
            if checkpoint.name not in kept:
                checkpoint.unlink()
        models = {files.name_model(name) for name in kept}
        for model in self._writer.folder.glob(files.MODEL_EPOCHS):
            if model.name not in models:
                shutil.rmtree(model)

    def _write_models(self, trainer: Trainer, names: Sequence[str]) -> None:
        """Writes the weights that validation has just seen into model folders."""
        weights = strip_prefix(trainer.strategy.lightning_module_state_dict())
        average, kind = self._averager.validated, "trained"
        if average is not None:
            weights, kind = weights | average.tensors, "ema"
        if trainer.is_global_zero:
            for name in names:
                self._writer.write(name, weights, self._writer.describe(self._learner.state, kind))


def strip_prefix(state: Mapping[str, Tensor]) -> Weights:
    """Weights by their names in the network, from the names they have in checkpoints."""
    return {name.removeprefix(PREFIX): tensor for name, tensor in state.items() if name.startswith(PREFIX)}


def check_weights(network: Network, path: Path) -> None:
    """Raises when a checkpoint's weights are not those of the recipe's network."""
    wanted = network.state_dict()
    given = strip_prefix(read_checkpoint(path)["state_dict"])
    odd = [name for name in wanted.keys() | given.keys() if not _is_alike(wanted.get(name), given.get(name))]
    if odd:
        raise ModelError(
            f"{path} is of another network ({len(odd)} tensors differ, {min(odd)} among them); "
            "resume it with its own recipe, or give --overwrite"
        )


def _is_alike(one: Tensor | None, other: Tensor | None) -> bool:
    return one is not None and other is not None and one.shape == other.shape


def write_average(writer: ModelWriter, average: WeightAverage, state: RunState, *, kind: str) -> None:
    """Writes the checkpoint and the model folder of an average."""
    writer.write(f"{files.MODEL}_{kind}", writer.network.state_dict(), writer.describe(state, kind))
    checkpoint = {
        "kind": kind,
        "count": average.count,
        "run": state.to_dict(),
        "state_dict": {PREFIX + name: tensor.cpu() for name, tensor in writer.network.state_dict().items()},
    }
    write_checkpoint(writer.folder / files.CHECKPOINTS / f"{kind}.ckpt", checkpoint)
