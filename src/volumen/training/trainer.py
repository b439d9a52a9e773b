"""Lightning's Trainer as it is used here: one walk over all batches, our own files, no chatter."""

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.utilities import rank_zero_only

from volumen.config import RunConfig, TrainingSection
from volumen.errors import ConfigError, DeviceError
from volumen.training.checkpoints import AtomicCheckpointIO

SHARDED = ("fsdp", "deepspeed_stage_2")
# Lightning's own advice and torch's about Lightning: nothing that who trains could act on.
WARNINGS = (
    r".*LeafSpec.*",
    r".*does not have many workers.*",
    r".*`val_dataloader` .*",
    r".*Starting from v1.9.0, `tensorboardX`.*",
)


def build_trainer(config: TrainingSection, folder: Path, callbacks: Sequence[Callback], device: str) -> Trainer:
    """The trainer of one fold.

    A fold is one of Lightning's epochs, however many of ours it has: the loaders' processes then live as long as the
    fold, and nothing of Lightning's loops has to be resumed. Set `val_check_interval` to the batches of our epoch.
    """
    accelerator = choose_accelerator(device)
    try:
        return Trainer(
            accelerator=accelerator,
            devices=config.devices,
            strategy=config.strategy,
            precision=config.precision,
            plugins=[AtomicCheckpointIO()],
            callbacks=list(callbacks),
            max_epochs=1,
            check_val_every_n_epoch=None,
            accumulate_grad_batches=config.accumulate_grad_batches,
            gradient_clip_val=config.gradient_clip_val,
            num_sanity_val_steps=0,
            use_distributed_sampler=False,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            default_root_dir=folder,
        )
    except (MisconfigurationException, ValueError, RuntimeError) as error:
        given = f"devices={config.devices}, strategy={config.strategy}, precision={config.precision}"
        raise ConfigError(f"training.{given} cannot be had here: {' '.join(str(error).split())}") from error


def check_strategy(recipe: RunConfig) -> None:
    """Raises when the strategy lacks its package, or cannot do what the recipe asks for."""
    config = recipe.training
    if config.strategy == "deepspeed_stage_2" and find_spec("deepspeed") is None:
        raise ConfigError(
            "training.strategy=deepspeed_stage_2 needs a package that is not installed: pip install deepspeed"
        )
    if config.strategy in SHARDED and (config.swa is not None or config.ema is not None):
        raise ConfigError(
            f"training.strategy={config.strategy} keeps weights in parts, which are not averaged: "
            "use ddp, or set training.swa=null and training.ema=null"
        )
    if config.strategy in SHARDED and recipe.validation.decoded is not None and recipe.validation.decoded.of == "cases":
        raise ConfigError(
            f"training.strategy={config.strategy} keeps weights in parts, which cannot predict whole cases: "
            "use ddp, or set validation.decoded.of=patches"
        )


def is_main_process() -> bool:
    """Whether this process is the one that writes; the others of a distributed run only compute."""
    return getattr(rank_zero_only, "rank", 0) == 0


@contextmanager
def quiet_lightning() -> Iterator[None]:
    """Lightning says nothing below a warning, and not the warnings that concern nobody here."""
    logger = logging.getLogger("lightning.pytorch.utilities.rank_zero")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            for message in WARNINGS:
                warnings.filterwarnings("ignore", message)
            yield
    finally:
        logger.setLevel(level)


def choose_accelerator(device: str) -> str:
    """Lightning's name of a kind of device; an error when there is none of it."""
    if device not in {"auto", "cpu", "cuda"}:
        raise DeviceError(f"training runs on auto, cpu or cuda; got {device!r} (training.devices says how many)")
    if device == "cuda" and not torch.cuda.is_available():
        raise DeviceError("device 'cuda' was asked for, and torch finds no GPU; choose auto or cpu")
    return "cuda" if device != "cpu" and torch.cuda.is_available() else "cpu"
