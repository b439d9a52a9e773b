"""The model folder: `model.json` beside `weights.safetensors`, written whole or not at all, read without trust."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from volumen.config import files
from volumen.errors import ModelError, OutputError

FORMAT = "volumen-model"
FORMAT_VERSION = 2  # since heads say what their numbers stand for
READABLE = (1, 2)
EXPECTED = f"a model folder holds {files.MODEL_JSON} and {files.WEIGHTS} (RUN/fold_0/{files.MODEL})"
# Files of these kinds are pickles, or archives of pickles: reading them runs code.
PICKLES = {".pth", ".pt", ".ckpt", ".pkl", ".pickle", ".bin", ".joblib"}


@dataclass(frozen=True)
class ModelFiles:
    """What a model folder says, and its weights, checked against each other."""

    folder: Path
    document: dict[str, Any]
    weights: dict[str, Tensor]

    @property
    def weights_hash(self) -> str:
        """SHA-256 of the weights file."""
        return str(self.document["weights"]["sha256"])


def write_model_files(folder: Path, document: Mapping[str, Any], weights: Mapping[str, Tensor]) -> None:
    """Writes the folder beside its place and moves it there, over one that was there before."""
    temporary = folder.with_name(f".{folder.name}.writing")
    previous = folder.with_name(f".{folder.name}.previous")
    try:
        for leftover in (temporary, previous):
            shutil.rmtree(leftover, ignore_errors=True)
        temporary.mkdir(parents=True)
        path = temporary / files.WEIGHTS
        save_file({name: _detach(tensor) for name, tensor in weights.items()}, path)
        stamped = {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "volumen": version("volumen"),
            **document,
            "weights": {"sha256": hash_file(path), "tensors": len(weights)},
        }
        (temporary / files.MODEL_JSON).write_text(json.dumps(stamped, indent=2) + "\n")
        if folder.exists():
            folder.rename(previous)
        temporary.rename(folder)
        shutil.rmtree(previous, ignore_errors=True)
    except (OSError, SafetensorError) as error:
        shutil.rmtree(temporary, ignore_errors=True)
        raise OutputError(f"the model could not be written to {folder}: {error}; give a folder with room") from error


def read_model_files(folder: Path) -> ModelFiles:
    """The document and the weights of a folder; ModelError says what is wrong with it."""
    _check_place(folder)
    document = _read_document(folder / files.MODEL_JSON)
    return ModelFiles(folder, document, _read_weights(folder / files.WEIGHTS, document))


def hash_file(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _detach(tensor: Tensor) -> Tensor:
    """A copy of its own on the CPU: tensors that share memory cannot be written."""
    return tensor.detach().to("cpu", copy=True, memory_format=torch.contiguous_format).contiguous()


def _check_place(folder: Path) -> None:
    """Says what is at a path that is no model folder."""
    if folder.suffix in PICKLES:
        raise ModelError(f"{folder} is a {folder.suffix} file, which can run code when it is read; {_suggest(folder)}")
    if not folder.exists():
        raise ModelError(f"there is no model at {folder}; {EXPECTED}")
    if not folder.is_dir():
        raise ModelError(f"{folder} is a file; {EXPECTED}")
    if (folder / files.MODEL_JSON).exists():
        return
    nested = sorted(path.parent for path in folder.glob(f"**/{files.MODEL}/{files.MODEL_JSON}"))
    hint = f"did you mean {nested[0]}?" if nested else EXPECTED
    raise ModelError(f"{folder} has no {files.MODEL_JSON}; {hint}")


def _suggest(checkpoint: Path) -> str:
    """The model folder with the weights of a run's checkpoint, if that is what was meant."""
    model = checkpoint.parent.parent / files.name_model(checkpoint.name)
    return f"did you mean {model}?" if (model / files.MODEL_JSON).is_file() else EXPECTED


def _read_document(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read as JSON ({error}); copy the model again or train it anew") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ModelError(f"{path} is not a model of volumen; {EXPECTED}")
    if document.get("version") not in READABLE:
        raise ModelError(
            f"{path} has format version {document.get('version')}, written by volumen {document.get('volumen')}; "
            f"this is volumen {version('volumen')}, which reads versions to {FORMAT_VERSION}: install a newer volumen"
        )
    missing = {"config", "heads", "channels", "plan", "training", "weights"} - document.keys()
    if missing:
        raise ModelError(f"{path} lacks {', '.join(sorted(missing))}; copy the model again or train it anew")
    return document


def _read_weights(path: Path, document: dict[str, Any]) -> dict[str, Tensor]:
    remedy = "copy the model again or train it anew"
    if not path.is_file():
        raise ModelError(f"{path} is missing; {remedy}")
    try:
        if hash_file(path) != document["weights"]["sha256"]:
            raise ModelError(f"{path} is damaged: it is not what {files.MODEL_JSON} was written with; {remedy}")
        return load_file(path)
    except (OSError, SafetensorError, KeyError, TypeError) as error:
        raise ModelError(f"{path} cannot be read ({error}); {remedy}") from error
