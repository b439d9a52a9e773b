"""What an nnU-Net v2 results folder says: plans, labels and checkpoints, read without running anything of theirs."""

import json
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

import numpy as np
import torch
from torch import Tensor

from volumen.errors import ModelError
from volumen.geometry import Shape, to_shape

PLANS = "plans.json"
DATASET = "dataset.json"
CHECKPOINT = "checkpoint_final.pth"
EXPECTED = f"nnU-Net's results folder of a trainer holds {PLANS}, {DATASET} and fold_N/{CHECKPOINT}"
# The last words of nnU-Net's class names, and what `staged_unet` calls them.
BLOCKS = {"PlainConvUNet": "plain", "ResidualEncoderUNet": "residual"}
NORMS = {"InstanceNorm": "instance", "BatchNorm": "batch"}
# A checkpoint's log holds NumPy scalars, by one name or another; nothing else beyond torch's own list is let in.
SCALAR = np._core.multiarray.scalar  # type: ignore[attr-defined]  # noqa: SLF001
ALLOWED: list[Any] = [
    (SCALAR, "numpy._core.multiarray.scalar"),
    (SCALAR, "numpy.core.multiarray.scalar"),
    np.dtype,
    *(type(np.dtype(code)) for code in ("f2", "f4", "f8", "i4", "i8", "?")),
]


@dataclass(frozen=True)
class NnunetPlan:
    """One configuration of nnU-Net's plans, axes in the order of the volume.

    Args:
        configuration: its name, as 3d_fullres.
        patch_size: voxels.
        spacing: that volumes should have, in the data set's unit.
        axes: for each axis that the weights know, which axis of the volume it is.
        network: options of `staged_unet`.
        schemes: nnU-Net's normalisation of each channel.
        properties: what it knows of the foreground of each channel.
    """

    configuration: str
    patch_size: Shape
    spacing: tuple[float, ...]
    axes: Shape
    network: dict[str, Any]
    schemes: tuple[str, ...]
    properties: tuple[Mapping[str, float], ...]


@dataclass(frozen=True)
class Checkpoint:
    """Weights by nnU-Net's names, and what they were trained as."""

    weights: Mapping[str, Tensor]
    configuration: str
    trainer: str
    epoch: int


def read_json(path: Path) -> dict[str, Any]:
    """A file of the folder; ModelError says why it is none."""
    if not path.is_file():
        raise ModelError(f"there is no {path}; {EXPECTED}")
    try:
        values = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read as JSON ({error})") from error
    if not isinstance(values, dict):
        raise ModelError(f"{path} holds no mapping; {EXPECTED}")
    return values


def read_checkpoint(path: Path) -> Checkpoint:
    """A checkpoint's weights; torch's safe reader refuses all that could run code."""
    if not path.is_file():
        raise ModelError(f"there is no {path}; {EXPECTED}")
    if not is_zipfile(path):
        raise ModelError(f"{path} is truncated or no checkpoint of torch; copy it again")
    try:
        with torch.serialization.safe_globals(ALLOWED):
            values = torch.load(path, map_location="cpu", weights_only=True)
        return Checkpoint(
            weights=values["network_weights"],
            configuration=values["init_args"]["configuration"],
            trainer=str(values["trainer_name"]),
            epoch=int(values["current_epoch"]),
        )
    except pickle.UnpicklingError as error:
        raise ModelError(f"{path} holds code or foreign objects and is not read: {_first_line(error)}") from error
    except (KeyError, TypeError) as error:
        raise ModelError(f"{path} lacks {error}; it is no checkpoint of nnU-Net v2") from error
    except (OSError, RuntimeError, EOFError, ValueError) as error:
        raise ModelError(f"{path} is damaged ({_first_line(error)}); copy it again") from error


def read_plan(plans: Mapping[str, Any], name: str) -> NnunetPlan:
    """The configuration of that name; ModelError where it needs what volumen does not have."""
    try:
        configuration = _resolve(plans["configurations"], name)
        if "previous_stage" in configuration:
            raise ModelError(
                f"configuration {name} is the second stage of a cascade, which needs the labels of the first; "
                "import 3d_fullres or 3d_lowres"
            )
        axes = to_shape(plans["transpose_forward"])
        flat = len(configuration["patch_size"]) < len(axes)
        properties = plans["foreground_intensity_properties_per_channel"]
        schemes = tuple(configuration["normalization_schemes"])
        if any(configuration["use_mask_for_norm"]):
            raise ModelError(
                f"configuration {name} normalises only what is not zero (use_mask_for_norm), which volumen cannot"
            )
        return NnunetPlan(
            configuration=name,
            patch_size=_lay(configuration["patch_size"], axes, flat=flat),
            spacing=tuple(float(edge) for edge in configuration["spacing"]),
            axes=axes,
            network=_describe_network(configuration, axes, flat=flat),
            schemes=schemes,
            properties=tuple(properties.get(str(channel), {}) for channel in range(len(schemes))),
        )
    except KeyError as error:
        raise ModelError(f"{PLANS} lacks {error} of configuration {name}; it is not of nnU-Net v2") from error


def _resolve(configurations: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A configuration with all that it inherits."""
    own = dict(configurations[name])
    parent = own.pop("inherits_from", None)
    return own if parent is None else _resolve(configurations, parent) | own


def _describe_network(configuration: Mapping[str, Any], axes: Shape, *, flat: bool) -> dict[str, Any]:
    """Options of `staged_unet` for an architecture, be it written as plans are now or were at first."""
    if "architecture" not in configuration:
        return _describe_old(configuration, axes, flat=flat)
    architecture = configuration["architecture"]
    options = architecture["arch_kwargs"]
    block = _find_block(architecture["network_class_name"])
    _check_layers(options)
    blocks = options["n_conv_per_stage" if block == "plain" else "n_blocks_per_stage"]
    count = len(options["features_per_stage"])
    return {
        "block": block,
        "features": list(options["features_per_stage"]),
        "strides": [list(_lay(edges, axes, flat=flat)) for edges in options["strides"]],
        "kernels": [list(_lay(edges, axes, flat=flat)) for edges in options["kernel_sizes"]],
        "blocks": _repeat(blocks, count),
        # nnU-Net counts the decoder from the coarsest stage, volumen every stage from the finest.
        "decoder_blocks": _repeat(options["n_conv_per_stage_decoder"], count - 1)[::-1],
        "normalisation": _find_norm(options["norm_op"]),
        "shared_decoder": True,
    }


def _describe_old(configuration: Mapping[str, Any], axes: Shape, *, flat: bool) -> dict[str, Any]:
    """The same for plans without an architecture."""
    blocks = configuration["n_conv_per_stage_encoder"]
    base, most = configuration["UNet_base_num_features"], configuration["unet_max_num_features"]
    return {
        "block": _find_block(configuration["UNet_class_name"]),
        "features": [min(base * 2**stage, most) for stage in range(len(blocks))],
        "strides": [list(_lay(edges, axes, flat=flat)) for edges in configuration["pool_op_kernel_sizes"]],
        "kernels": [list(_lay(edges, axes, flat=flat)) for edges in configuration["conv_kernel_sizes"]],
        "blocks": list(blocks),
        "decoder_blocks": list(configuration["n_conv_per_stage_decoder"])[::-1],
        "shared_decoder": True,
    }


def _find_block(name: str) -> str:
    kind = name.rsplit(".", 1)[-1]
    if kind not in BLOCKS:
        raise ModelError(f"the network {kind} cannot be imported; {', '.join(BLOCKS)} can")
    return BLOCKS[kind]


def _find_norm(name: str | None) -> str:
    kind = str(name).rsplit(".", 1)[-1][:-2]
    if kind not in NORMS:
        raise ModelError(f"a network with the norm {name} cannot be imported; {', '.join(NORMS)} can")
    return NORMS[kind]


def _check_layers(options: Mapping[str, Any]) -> None:
    """ModelError unless layers are as nnU-Net's own planners write them."""
    wanted = {"conv_bias": True, "dropout_op": None, "nonlin_first": False, "stem_channels": None}
    odd = [f"{key}={options[key]}" for key, value in wanted.items() if options.get(key, value) != value]
    odd += [f"nonlin={options['nonlin']}"] if not options["nonlin"].endswith("LeakyReLU") else []
    norm = options.get("norm_op_kwargs") or {}
    odd += [f"norm_op_kwargs={norm}"] if not norm.get("affine") or norm.get("eps", 1e-5) != 1e-5 else []  # noqa: PLR2004
    odd += [f"block={options['block']}"] if not str(options.get("block", "BasicBlockD")).endswith("BasicBlockD") else []
    if odd:
        raise ModelError(f"a network with {', '.join(odd)} cannot be imported; nnU-Net's own planners write none such")


def _lay(edges: Sequence[int], axes: Shape, *, flat: bool) -> Shape:
    """A number for each axis of the volume, from those of the axes that the weights know."""
    known = [1, *edges] if flat else list(edges)
    return to_shape([known[axes.index(axis)] for axis in range(3)])


def _repeat(count: int | Sequence[int], times: int) -> list[int]:
    return [count] * times if isinstance(count, int) else list(count)


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]
