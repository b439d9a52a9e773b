"""A trained network with all that is needed to use it, in a folder and in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32, Integer
from pydantic import ValidationError
from torch import Tensor

from volumen.config import Component, RunConfig
from volumen.decoding import Source, decode_heads
from volumen.errors import ModelError, UnknownNameError, VolumenError, suggest_nearest
from volumen.geometry import VoxelSize
from volumen.heads import HeadSpec
from volumen.inference.devices import resolve_device
from volumen.inference.knobs import Compute, Tiling
from volumen.inference.memory import tune_allocator
from volumen.inference.model_files import ModelFiles, read_model_files, write_model_files
from volumen.networks import Network, build_network
from volumen.targets import plan_heads


@dataclass(frozen=True)
class Model:
    """A network in evaluation mode, its recipe, its heads and where it came from.

    Args:
        plan: what the network was built for beside the recipe, such as its voxel size.
        training: what its training left, such as epoch and best score.
        folder: where it was read from.
        weights_hash: SHA-256 of its weights file; part of every prediction's plan.
    """

    config: RunConfig
    heads: tuple[HeadSpec, ...]
    channels: int
    network: Network
    device: torch.device
    plan: Mapping[str, Any]
    training: Mapping[str, Any]
    folder: Path
    weights_hash: str

    @property
    def normalisation(self) -> Component:
        """How the recipe brings voxel values to a common range."""
        return self.config.data.normalisation

    @property
    def voxel_size(self) -> VoxelSize | None:
        """What the recipe brings all images to; None where it leaves them as they are."""
        edges = self.config.data.voxel_size
        return VoxelSize.parse(edges) if edges else None

    @property
    def learned_voxel_size(self) -> VoxelSize | None:
        """The median of the images that it was trained on; None where they did not say."""
        edges = self.plan.get("voxel_size")
        return VoxelSize.parse(edges) if edges else None

    def find_head(self, name: str | None = None) -> HeadSpec:
        """The head of that name, the first when none is said."""
        return find_head(self.heads, name)

    def move(self, device: str) -> "Model":
        """The model on another device; `auto` leaves it where it is."""
        if device == "auto":
            return self
        target = resolve_device(device)
        return replace(self, network=self.network.to(target), device=target)

    def predict(
        self,
        array: np.ndarray,
        *,
        head: str | None = None,
        tiling: Tiling | None = None,
        compute: Compute | None = None,
    ) -> Integer[np.ndarray, "z y x"]:
        """Labels of an array `z y x` or `c z y x`: normalised by its own statistics, tiled, decoded by the recipe.

        Args:
            array: any real type; NaN is an error.
            head: which head is decoded; the first that the steps can read when not said.
            tiling: how it is cut, when not as the recipe says.
            compute: what it is computed with.
        """
        probabilities = self.predict_probabilities(array, tiling=tiling, compute=compute)
        return decode_heads(Source(probabilities.__getitem__, self.heads, main=head), self.config.decoding).labels

    def predict_probabilities(
        self, array: np.ndarray, *, tiling: Tiling | None = None, compute: Compute | None = None
    ) -> dict[str, Float32[np.ndarray, "... z y x"]]:
        """Probabilities of an array by head: `z y x` for a head of one channel, else `c z y x`."""
        from volumen.inference.predictor import predict_in_memory

        return predict_in_memory([self], array, tiling=tiling or Tiling(), compute=compute or Compute())

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles as the folder it came from: a worker process reads it there, once."""
        return _load_again, (self.folder, str(self.device), self.weights_hash)


def find_head(heads: Sequence[HeadSpec], name: str | None) -> HeadSpec:
    """The head of that name, the first when none is said."""
    known = {head.name: head for head in heads}
    if name is None:
        return heads[0]
    if name not in known:
        raise UnknownNameError(f"no head is called {name!r}; {suggest_nearest(name, known)}")
    return known[name]


def save_model(
    folder: Path,
    network: Network,
    *,
    config: RunConfig,
    heads: Sequence[HeadSpec],
    channels: int,
    plan: Mapping[str, Any] | None = None,
    training: Mapping[str, Any] | None = None,
) -> None:
    """Writes a model folder, whole or not at all, over one that was there.

    Args:
        folder: usually RUN/fold_N/model.
        network: what `build_network` makes from the rest.
        config: the resolved recipe.
        heads: the heads it was built with.
        channels: channels of its images.
        plan: plain values for JSON; `voxel_size` (nm, z y x) is given to `build_network` again.
        training: plain values for JSON, such as epoch and best score.
    """
    document = {
        "config": config.to_dict(),
        "normalisation": config.data.normalisation.model_dump(mode="json"),
        "heads": [head.to_dict() for head in heads],
        "channels": channels,
        "plan": dict(plan or {}),
        "training": dict(training or {}),
    }
    write_model_files(Path(folder), document, network.state_dict())


def load_model(folder: str | Path, *, device: str = "auto") -> Model:
    """The model in a folder, ready to predict; ModelError says what is wrong with a folder that holds none.

    No code is run from it: weights are read as plain numbers, the recipe as plain values.
    """
    target = resolve_device(device)
    if target.type == "cpu":
        tune_allocator()
    found = read_model_files(Path(folder))
    try:
        model = _build_model(found, target)
    except (ValidationError, TypeError, ValueError, LookupError) as error:
        raise ModelError(
            f"{found.folder} describes a network that cannot be built here: {_shorten(error)}; "
            f"it was written by volumen {found.document.get('volumen')}"
        ) from error
    _fill_weights(model, found)
    return model


def build_model(config: RunConfig, *, channels: int = 1, device: str = "auto") -> Model:
    """The model that training starts from: the recipe's network with the weights its seed draws."""
    target = resolve_device(device)
    heads = plan_heads(config)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.training.seed)
        network = build_network(config.network, heads=heads, channels=channels, patch_size=config.data.patch_size)
    return Model(
        config=config,
        heads=heads,
        channels=channels,
        network=network.to(target).eval(),
        device=target,
        plan={},
        training={},
        folder=Path(),
        weights_hash="untrained",
    )


def _build_model(found: ModelFiles, device: torch.device) -> Model:
    document = found.document
    config = RunConfig.model_validate(document["config"])
    heads = tuple(HeadSpec.from_dict(head) for head in document["heads"])
    voxel_size = document["plan"].get("voxel_size")
    with torch.random.fork_rng(devices=[]):  # the weights drawn now are replaced, and must not move a run's randomness
        network = build_network(
            config.network,
            heads=heads,
            channels=document["channels"],
            patch_size=config.data.patch_size,
            voxel_size=VoxelSize.parse(voxel_size) if voxel_size else None,
        )
    return Model(
        config=config,
        heads=heads,
        channels=document["channels"],
        network=network.to(device).eval(),
        device=device,
        plan=document["plan"],
        training=document["training"],
        folder=found.folder,
        weights_hash=found.weights_hash,
    )


def _fill_weights(model: Model, found: ModelFiles) -> None:
    """Copies the weights in; tensors that the network lacks, or that are missing or of another shape, are named."""
    faults = _compare_tensors(model.network.state_dict(), found.weights)
    if faults:
        more = f" and {len(faults) - 3} more" if len(faults) > 3 else ""  # noqa: PLR2004 - three show the pattern
        raise ModelError(
            f"the weights in {found.folder} do not fit the network {model.config.network.name!r}: "
            f"{', '.join(faults[:3])}{more}; the recipe in model.json is not the one they were trained with"
        )
    model.network.load_state_dict(found.weights)


def _compare_tensors(wanted: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> list[str]:
    missing = [f"{name} is missing" for name in wanted if name not in given]
    extra = [f"{name} is not part of it" for name in given if name not in wanted]
    misshaped = [
        f"{name} is {tuple(given[name].shape)}, not {tuple(tensor.shape)}"
        for name, tensor in wanted.items()
        if name in given and given[name].shape != tensor.shape
    ]
    return missing + extra + misshaped


def _shorten(error: Exception) -> str:
    """The error in one line."""
    if isinstance(error, VolumenError):
        return str(error)
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


@lru_cache(maxsize=8)
def _load_again(folder: Path, device: str, weights_hash: str) -> Model:
    model = load_model(folder, device=device)
    if model.weights_hash != weights_hash:
        raise ModelError(f"the model in {folder} was replaced while it was in use; start again")
    return model
