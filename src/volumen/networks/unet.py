"""The U-Net family: one encoder, a decoder for each head or one for all, 2D as z = 1 or 3D."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from volumen.geometry import Shape
from volumen.heads import HeadSpec
from volumen.networks.attention import AttentionGate
from volumen.networks.blocks import (
    build_decoder_stage,
    build_encoder_stage,
    build_first_stage,
    build_upsampling,
    initialise_weights,
)
from volumen.networks.checkpointing import checkpoint_parts
from volumen.networks.layers import Layers, build_activation, build_normalisation, build_unit
from volumen.networks.network import Network
from volumen.networks.outputs import HeadModules, Heads, Outputs, count_levels
from volumen.networks.plan import NetworkPlan, Stage
from volumen.networks.projection import Projection


class UNet(Network):
    """Encoder and decoders with skip connections (Ronneberger et al. 2015; Çiçek et al. 2016; Isensee et al. 2021)."""

    def __init__(
        self, plan: NetworkPlan, *, channels: int, outputs: Outputs, layers: Layers, checkpointing: bool = False
    ) -> None:
        super().__init__(channels=channels, heads=outputs.heads)
        self.plan = plan
        self.layers = layers
        self.encoder = Encoder(plan, layers, channels=channels)
        self.projections = nn.ModuleList(
            Projection(stage.features, layers.project) for stage in plan.stages if layers.project is not None
        )
        plan = plan.flatten() if layers.project is not None else plan
        levels = count_levels(len(plan.stages) - 1, deep_supervision=outputs.deep_supervision)
        decoders = (Decoder(plan, layers, specs=group, levels=levels) for group in outputs.groups.values())
        self.decoders = HeadModules(decoders, outputs.groups)
        initialise_weights(self)
        if checkpointing:
            parts: list[Any] = [self.encoder, *self.decoders]
            checkpoint_parts(stage for part in parts for stage in part.stages)

    @property
    def projects(self) -> bool:
        """Whether it makes maps of one slice, whatever layers an image has."""
        return self.plan.projects

    @property
    def divisor(self) -> Shape:
        """What every side of an image must be a multiple of."""
        return self.plan.divisor

    def forward(self, image: Float[Tensor, "b c z y x"]) -> dict[str, list[Tensor]]:
        """Logits of every head, finest first."""
        self.check_image(image)
        skips = self.encoder(image)
        if self.projects:
            skips = [project(skip) for project, skip in zip(self.projections, skips, strict=True)]
        maps = [head for decoder in self.decoders for head in decoder(skips)]
        return {head.name: levels for head, levels in zip(self.head_specs, maps, strict=True)}


class Encoder(nn.Module):
    """Features of every stage, finest first."""

    def __init__(self, plan: NetworkPlan, layers: Layers, *, channels: int) -> None:
        super().__init__()
        first = plan.stages[0]
        self.stem = nn.Sequential()
        if layers.block == "residual":
            self.stem.append(build_unit(channels, first.features, layers, kernel=first.kernel))
            channels = first.features
        below = [build_encoder_stage(finer.features, stage, layers) for finer, stage in pairwise(plan.stages)]
        self.stages = nn.ModuleList([build_first_stage(channels, first, layers), *below])

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
        specs: the heads.
        levels: how many of the finest maps carry logits in training; only the finest does otherwise.
    """

    def __init__(self, plan: NetworkPlan, layers: Layers, *, specs: Sequence[HeadSpec], levels: int) -> None:
        super().__init__()
        steps = list(zip(plan.stages[-2::-1], plan.stages[:0:-1], strict=True))
        self.steps = nn.ModuleList(
            build_upsampling(below.features, stage.features, layers, stride=below.stride) for stage, below in steps
        )
        self.joins = nn.ModuleList(Join(stage, layers) for stage, _ in steps)
        self.stages = nn.ModuleList(build_decoder_stage(stage, layers) for stage, _ in steps)
        self.heads = nn.ModuleList(_build_heads(stage, layers, specs) for stage in plan.stages[:levels])

    def forward(self, skips: list[Tensor]) -> list[list[Tensor]]:
        """For each head its maps, finest first."""
        active = len(self.heads) if self.training else 1
        features = skips[-1]
        logits = []
        levels = reversed(range(len(self.steps)))
        for level, step, join, stage in zip(levels, self.steps, self.joins, self.stages, strict=True):
            features = stage(join(step(features), skips[level]))
            if level < active:
                logits.append(self.heads[level](features))
        return [list(maps) for maps in zip(*reversed(logits), strict=True)]


class Join(nn.Module):
    """What comes from below and what the encoder left, as one."""

    def __init__(self, stage: Stage, layers: Layers) -> None:
        super().__init__()
        self.adds = layers.skips == "add"
        self.gate = AttentionGate(stage.features, layers) if layers.attention_gates else None

    def forward(
        self, features: Float[Tensor, "b c z y x"], skip: Float[Tensor, "b c z y x"]
    ) -> Float[Tensor, "b d z y x"]:
        """Their sum, or their channels beside each other."""
        if self.gate is not None:
            skip = self.gate(skip, features)
        return features + skip if self.adds else torch.cat([features, skip], dim=1)


def _build_heads(stage: Stage, layers: Layers, specs: Sequence[HeadSpec]) -> nn.Module:
    """Logits from a stage's features; those that no norm and activation have closed get them first."""
    heads = Heads(stage.features, specs)
    if layers.decoder_block != "preactivation":
        return heads
    return nn.Sequential(build_normalisation(stage.features, layers), build_activation(layers), heads)
