"""Training that begins with the weights of another model, and the record of which ones."""

import json
from pathlib import Path
from typing import Any

from volumen.config import files
from volumen.inference import load_model
from volumen.networks import Network, transfer_weights


def start_warm(network: Network, model: str, folder: Path, *, is_main: bool) -> None:
    """Fills a network with what fits of a model's weights; what was and was not loaded is logged and written down.

    Args:
        network: what is about to be trained.
        model: a model folder, whatever its heads.
        folder: of the fold.
        is_main: whether this process writes.
    """
    source = load_model(model, device="cpu")
    transfer = transfer_weights(source.network, network)
    transfer.log(model)
    if is_main:
        record = {"model": model, "weights": source.weights_hash, **transfer.to_dict()}
        (folder / files.WARM_START).write_text(json.dumps(record, indent=2) + "\n")


def read_warm_start(folder: Path) -> dict[str, Any] | None:
    """What a fold's training began with, in short; None when it began anew."""
    path = folder / files.WARM_START
    if not path.is_file():
        return None
    record = json.loads(path.read_text())
    return {key: len(value) if isinstance(value, list) else value for key, value in record.items()}
