"""Checkpoints: only tensors and plain values, written whole or not at all, read without running code."""

import os
import pickle
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

import torch
from lightning.pytorch.plugins.io import TorchCheckpointIO
from typing_extensions import override

from volumen.errors import ModelError, OutputError

FORMAT = "volumen-checkpoint"
VERSION = 1
LOOPS = frozenset({"loops", "epoch", "global_step"})
REMEDY = "remove it or give --overwrite to train anew"


def write_checkpoint(path: Path, values: Mapping[str, Any]) -> None:
    """Writes a checkpoint beside its place, makes sure of it, and moves it there."""
    stamped = {"format": FORMAT, "version": VERSION, **values}
    _replace(path, lambda partial: torch.save(stamped, partial))


def copy_checkpoint(source: Path, target: Path) -> None:
    """Gives a checkpoint a second name, whole or not at all; where files cannot have two, it is copied."""
    _replace(target, lambda partial: _link(source, partial))


def read_checkpoint(path: Path) -> dict[str, Any]:
    """What a checkpoint of ours holds, on the CPU; ModelError says in one line why a file is none."""
    if not path.is_file():
        raise ModelError(f"there is no checkpoint at {path}; a training run leaves them in RUN/fold_N/checkpoints")
    if not is_zipfile(path):
        raise ModelError(f"{path} is truncated or no checkpoint; {REMEDY}")
    try:
        values = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ModelError(f"{path} holds code or foreign objects and is not read; {REMEDY}") from error
    except (OSError, RuntimeError, EOFError, KeyError, ValueError) as error:
        raise ModelError(f"{path} is damaged; {REMEDY}") from error
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise ModelError(f"{path} is a checkpoint of another program; volumen reads its own")
    if values.get("version") != VERSION:
        raise ModelError(f"{path} has version {values.get('version')}, and this program reads version {VERSION}")
    return values


class AtomicCheckpointIO(TorchCheckpointIO):
    """How Lightning writes and reads the state of a run here.

    The progress of Lightning's own loops is left out, as a resumed run is a new fit over the batches that remain; ours
    stands under `run`.
    """

    @override
    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        """Writes the state whole or not at all."""
        write_checkpoint(Path(path), {key: value for key, value in checkpoint.items() if key not in LOOPS})

    @override
    def load_checkpoint(
        self,
        path: Any,
        map_location: Any = None,
        weights_only: bool | None = None,
    ) -> dict[str, Any]:
        """Reads the state to the CPU without running code, whatever is asked for."""
        return read_checkpoint(Path(path))


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    partial = path.with_name(f".{path.name}.writing")
    try:
        partial.unlink(missing_ok=True)  # what a killed run left may be another file's second name
        write(partial)
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    except (OSError, RuntimeError) as error:
        partial.unlink(missing_ok=True)
        raise OutputError(f"{path} cannot be written ({error}); choose another folder or make room") from error
