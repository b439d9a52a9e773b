"""Our own side of the benchmarks: the recipe of the common network, a model with its weights, and its training."""

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from plain_unet import CLASSES, STAGES, PlainUnet
from torch import Tensor

from volumen.config import RunConfig
from volumen.inference import Model, load_model, save_model
from volumen.networks import build_network
from volumen.targets import plan_heads

if TYPE_CHECKING:  # imported where a network is trained: Lightning takes 170 MB that prediction does without
    from volumen.data import Sample
    from volumen.training.module import Learner

HEAD = "labels"


def build_config(
    *, features: int, patch: int, batch: int, deep_supervision: bool, precision: str = "32-true"
) -> RunConfig:
    """The recipe of nnU-Net's plain network, losses and optimiser."""
    return RunConfig.model_validate(
        {
            "data": {"patch_size": patch, "batch_size": batch, "normalisation": "none"},
            "network": {
                "name": "planned_unet",
                "features": features,
                "depth": STAGES - 1,
                "block": "plain",
                "deep_supervision": deep_supervision,
            },
            "heads": {
                HEAD: {
                    "target": {"name": "classes", "classes": CLASSES},
                    "activation": "softmax",
                    "losses": ["dice", "cross_entropy"],
                }
            },
            "optimizer": {"name": "sgd", "lr": 1e-2, "momentum": 0.99, "weight_decay": 3e-5},
            "training": {"gradient_clip_val": 12.0, "devices": 1, "precision": precision},
        }
    )


def save_common_model(folder: Path, network: PlainUnet, *, tile: int) -> Model:
    """A model with our network and the weights of the common one, read from the folder it was written to."""
    features = network.encoder.stages[0][0].convs[0].conv.out_channels
    config = build_config(features=features, patch=tile, batch=1, deep_supervision=False)
    heads = plan_heads(config)
    ours = build_network(config.network, heads=heads, channels=1, patch_size=config.data.patch_size)
    fill_weights(ours, network)
    save_model(folder, ours, config=config, heads=heads, channels=1)
    return load_model(folder, device="cpu")


def fill_weights(ours: torch.nn.Module, common: PlainUnet) -> None:
    """Copy the common network's weights into ours: both list stages, steps and heads in the same order."""
    theirs = [
        *common.encoder.parameters(),
        *common.decoder.transpconvs.parameters(),
        *common.decoder.stages.parameters(),
        *common.decoder.seg_layers[-1].parameters(),
    ]
    with torch.no_grad():
        for own, other in pair_weights(ours, theirs):
            own.copy_(other)


def pair_weights(ours: torch.nn.Module, theirs: list[Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
    """Weights of both networks in turn; an error where their shapes differ."""
    for own, other in zip(ours.parameters(), theirs, strict=True):
        if own.shape != other.shape:
            raise SystemExit(f"the networks differ: {tuple(own.shape)} beside {tuple(other.shape)}")
        yield own, other


def build_learner(options: argparse.Namespace, image: Tensor, labels: Tensor) -> "tuple[Learner, Sample]":
    """What Lightning drives, and one batch for it."""
    from volumen.data import Case, Sample
    from volumen.training.module import Learner
    from volumen.training.objective import build_objective
    from volumen.training.state import RunState

    precision = "32-true" if options.device == "cpu" else "16-mixed"
    shape = {"features": options.features, "patch": options.patch, "batch": options.batch}
    config = build_config(**shape, deep_supervision=True, precision=precision)
    objective = build_objective(config, [Case("case", "image.tif", {HEAD: "labels.tif"})])
    network = build_network(config.network, heads=objective.heads, channels=1, patch_size=config.data.patch_size)
    sample = Sample(
        image=image,
        labels={HEAD: labels},
        cases=("case",) * options.batch,
        origin=torch.zeros((options.batch, 3), dtype=torch.int64),
        voxel_size=torch.full((options.batch, 3), torch.nan),
        seed=torch.arange(options.batch),
    )
    return Learner(network, objective, config=config, state=RunState()), sample


def fit(learner: "Learner", samples: "Iterable[Sample]", *, count: int, folder: Path, device: str = "cpu") -> None:
    """Learn from samples as a fold does, without validation and records."""
    from volumen.training.module import Batches
    from volumen.training.trainer import build_trainer, quiet_lightning

    trainer = build_trainer(learner.config.training, folder, [], device)
    with quiet_lightning():
        trainer.fit(learner, train_dataloaders=Batches(samples, count))
