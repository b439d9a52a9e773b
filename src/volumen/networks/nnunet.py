"""nnU-Net's weights for our U-Nets: the same tensors under other names, and axes in the order of the volume."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from volumen.errors import ModelError
from volumen.networks.blocks import ResidualBlock
from volumen.networks.unet import UNet

# What data-parallel and compiled training put before a name.
WRAPPINGS = ("module.", "_orig_mod.")
KERNEL_AXES = 2
VOLUME_KERNEL = 5


def fill_from_nnunet(network: UNet, weights: Mapping[str, Tensor], axes: Sequence[int]) -> None:
    """Copies a checkpoint's weights in; ModelError names what is missing or of another shape.

    Args:
        network: of the plans that the weights were trained with.
        weights: by nnU-Net's names, of a plain or residual-encoder U-Net in 3D or 2D.
        axes: for each axis that the weights know, which axis of the volume it is (`transpose_forward`).
    """
    given = {_unwrap(name): tensor for name, tensor in weights.items()}
    order = [axes.index(axis) for axis in range(3)]
    with torch.no_grad():
        for ours, name in _pair_parameters(network):
            ours.copy_(_check(_lay_axes(_find(given, name), order), ours, name))
        decoder: Any = network.decoders[0]
        for level, heads in enumerate(decoder.heads):
            name = f"decoder.seg_layers.{len(network.plan.stages) - 2 - level}"
            for part in ("weight", "bias"):
                _fill_heads(heads.convolutions, _lay_axes(_find(given, f"{name}.{part}"), order), part, name)


def _pair_parameters(network: UNet) -> Iterator[tuple[Tensor, str]]:
    """Every weight but those of the heads, with nnU-Net's name for it."""
    for module, name in _pair_modules(network):
        for part, parameter in module.named_parameters():
            yield parameter, f"{name}.{part}"


def _pair_modules(network: UNet) -> Iterator[tuple[nn.Module, str]]:
    """Every convolution and norm but the heads', with nnU-Net's name for it."""
    encoder: Any = network.encoder
    decoder: Any = network.decoders[0]
    if len(encoder.stem):
        yield from _pair_unit(encoder.stem[0], "encoder.stem.convs.0")
    for number, stage in enumerate(encoder.stages):
        for place, block in enumerate(stage):
            if isinstance(block, ResidualBlock):
                yield from _pair_residual(block, f"encoder.stages.{number}.blocks.{place}")
            else:
                yield from _pair_unit(block, f"encoder.stages.{number}.0.convs.{place}")
    for number, (step, stage) in enumerate(zip(decoder.steps, decoder.stages, strict=True)):
        yield step, f"decoder.transpconvs.{number}"
        for place, block in enumerate(stage):
            yield from _pair_unit(block, f"decoder.stages.{number}.convs.{place}")


def _pair_unit(unit: Any, name: str) -> Iterator[tuple[nn.Module, str]]:
    yield unit[0], f"{name}.conv"
    yield unit[1], f"{name}.norm"


def _pair_residual(block: ResidualBlock, name: str) -> Iterator[tuple[nn.Module, str]]:
    yield from _pair_unit(block.first, f"{name}.conv1")
    yield from _pair_unit((block.second, block.norm), f"{name}.conv2")
    convolutions = [place for place, layer in enumerate(block.shortcut) if isinstance(layer, nn.Conv3d)]
    for place in convolutions:
        yield from _pair_unit(block.shortcut[place:], f"{name}.skip.{place}")


def _fill_heads(convolutions: Any, given: Tensor, part: str, name: str) -> None:
    """Gives each head its channels of the layer that makes them all."""
    wanted = sum(convolution.out_channels for convolution in convolutions)
    if len(given) != wanted:
        raise ModelError(f"the checkpoint's {name} gives {len(given)} channels, and its data set has {wanted} labels")
    parts = torch.split(given, [convolution.out_channels for convolution in convolutions])
    for convolution, channels in zip(convolutions, parts, strict=True):
        ours = getattr(convolution, part)
        ours.copy_(_check(channels, ours, name))


def _find(given: Mapping[str, Tensor], name: str) -> Tensor:
    if name not in given:
        raise ModelError(f"the checkpoint lacks {name}; it is not of the network that plans.json describes")
    return given[name]


def _check(tensor: Tensor, ours: Tensor, name: str) -> Tensor:
    if tensor.shape != ours.shape:
        raise ModelError(
            f"the checkpoint's {name} is {tuple(tensor.shape)}, and plans.json describes {tuple(ours.shape)}"
        )
    return tensor


def _lay_axes(tensor: Tensor, order: Sequence[int]) -> Tensor:
    """A kernel with the axes of the volume; what is no kernel stays. Kernels of images span one slice."""
    if tensor.ndim == VOLUME_KERNEL - 1:
        tensor = tensor.unsqueeze(KERNEL_AXES)
    if tensor.ndim < VOLUME_KERNEL:
        return tensor
    return tensor.permute(0, 1, *(KERNEL_AXES + axis for axis in order))


def _unwrap(name: str) -> str:
    for wrapping in WRAPPINGS:
        name = name.removeprefix(wrapping)
    return name
