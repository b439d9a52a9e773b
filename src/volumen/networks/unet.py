"""The U-Net family: one encoder, a decoder for each head or one for all, plain or residual, 2D as z = 1 or 3D."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor, nn

from volumen.errors import ShapeError
from volumen.geometry import Shape
from volumen.heads import HeadSpec
from volumen.networks.blocks import (
    Layers,
    build_blocks,
    build_unit,
    build_upsampling,
    initialise_weights,
)
from volumen.networks.network import Network
from volumen.networks.planner import NetworkPlan, check_divides


@dataclass(frozen=True)
class Outputs:
    """What a U-Net gives and where it branches.

    Args:
        heads: one list of maps each.
        deep_supervision: in training also the coarser maps, but for the coarsest, which nnU-Net weighs zero.
        shared_decoder: one decoder for all heads, which then differ in a 1³ convolution; otherwise a decoder each.
    """

    heads: tuple[HeadSpec, ...]
    deep_supervision: bool = False
    shared_decoder: bool = False


class UNet(Network):
    """Encoder and decoders with skip connections (Ronneberger et al. 2015; Çiçek et al. 2016; Isensee et al. 2021)."""

    def __init__(self, plan: NetworkPlan, *, channels: int, outputs: Outputs, layers: Layers) -> None:
        super().__init__()
        self.plan = plan
        self.channels = channels
        self.layers = layers
        self.names = [head.name for head in outputs.heads]
        self.encoder = Encoder(plan, layers, channels=channels)
        levels = max(1, len(plan.stages) - 2) if outputs.deep_supervision else 1
        widths = [head.channels for head in outputs.heads]
        groups = [widths] if outputs.shared_decoder else [[width] for width in widths]
        self.decoders = nn.ModuleList(Decoder(plan, layers, widths=group, levels=levels) for group in groups)
        initialise_weights(self)

    @property
    def divisor(self) -> Shape:
        """What every side of an image must be a multiple of."""
        return self.plan.divisor

    def forward(self, image: Float[Tensor, "b c z y x"]) -> dict[str, list[Tensor]]:
        """Logits of every head, finest first."""
        if image.shape[1] != self.channels:
            raise ShapeError(f"this network takes {self.channels} channels; got an image of {image.shape[1]}")
        check_divides(image.shape[2:], self.divisor)
        self._check_bottom(image)
        skips = self.encoder(image)
        maps = [head for decoder in self.decoders for head in decoder(skips)]
        return dict(zip(self.names, maps, strict=True))

    def _check_bottom(self, image: Tensor) -> None:
        """Norms learn nothing from a single voxel."""
        voxels = math.prod(edge // step for edge, step in zip(image.shape[2:], self.divisor, strict=True))
        if self.training and voxels * (image.shape[0] if self.layers.normalisation == "batch" else 1) == 1:
            raise ShapeError(
                f"patches of {tuple(image.shape[2:])} leave one voxel after pooling by {self.divisor}; "
                "use larger patches or fewer poolings"
            )


class Encoder(nn.Module):
    """Features of every stage, finest first."""

    def __init__(self, plan: NetworkPlan, layers: Layers, *, channels: int) -> None:
        super().__init__()
        first = plan.stages[0]
        self.stem = nn.Sequential()
        if layers.block == "residual":
            self.stem.append(build_unit(channels, first.features, layers, kernel=first.kernel))
            channels = first.features
        widths = [channels, *(stage.features for stage in plan.stages)]
        self.stages = nn.ModuleList(
            build_blocks(width, stage.features, layers, count=stage.blocks, kernel=stage.kernel, stride=stage.stride)
            for width, stage in zip(widths, plan.stages, strict=False)
        )

    def forward(self, image: Float[Tensor, "b c z y x"]) -> list[Tensor]:
        """One map a stage."""
        features: Tensor = self.stem(image)
        maps = []
        for stage in self.stages:
            features = stage(features)
            maps.append(features)
        return maps


class Decoder(nn.Module):
    """From the coarsest features back to the finest, with logits of one or several heads on the way.

    Args:
        widths: channels of each head.
        levels: how many of the finest maps carry logits in training; only the finest does otherwise.
    """

    def __init__(self, plan: NetworkPlan, layers: Layers, *, widths: Sequence[int], levels: int) -> None:
        super().__init__()
        plain = replace(layers, block="plain")
        steps = list(zip(plan.stages[-2::-1], plan.stages[:0:-1], strict=True))
        self.steps = nn.ModuleList(
            build_upsampling(below.features, stage.features, layers, stride=below.stride) for stage, below in steps
        )
        self.stages = nn.ModuleList(
            build_blocks(2 * stage.features, stage.features, plain, count=plan.decoder_blocks, kernel=stage.kernel)
            for stage, _ in steps
        )
        self.heads = nn.ModuleList(Heads(stage.features, widths) for stage in plan.stages[:levels])

    def forward(self, skips: list[Tensor]) -> list[list[Tensor]]:
        """For each head its maps, finest first."""
        active = len(self.heads) if self.training else 1
        features = skips[-1]
        logits = []
        for level, step, stage in zip(reversed(range(len(self.steps))), self.steps, self.stages, strict=True):
            features = stage(torch.cat([step(features), skips[level]], dim=1))
            if level < active:
                logits.append(self.heads[level](features))
        return [list(maps) for maps in zip(*reversed(logits), strict=True)]


class Heads(nn.Module):
    """Logits of every head of one level, each from its own 1³ convolution."""

    def __init__(self, features: int, widths: Sequence[int]) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(nn.Conv3d(features, width, 1) for width in widths)

    def forward(self, features: Float[Tensor, "b c z y x"]) -> list[Tensor]:
        """One map a head."""
        return [convolution(features) for convolution in self.convolutions]
