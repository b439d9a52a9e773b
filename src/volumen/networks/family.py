"""The U-Nets that recipes name: one set of options, presets that differ in what they leave unsaid."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, replace
from functools import partial
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from volumen.errors import ConfigError
from volumen.geometry import to_shape
from volumen.networks.layers import Block, Layers, Normalisation, Upsampling
from volumen.networks.network import Task
from volumen.networks.outputs import Outputs
from volumen.networks.plan import NetworkPlan, Stage
from volumen.networks.planner import PLAIN_BLOCKS, RESIDUAL_BLOCKS, Widths, plan_network, plan_poolings
from volumen.networks.projection import Projected
from volumen.networks.unet import UNet

Count = Annotated[int, Field(ge=1)]
Edges = Sequence[Count]


def _check_features(features: object) -> object:
    """What may stand for channels: a number, or several."""
    several = features if isinstance(features, list | tuple) else [features]
    if not several or any(not isinstance(number, int) or number < 1 for number in several):
        raise ValueError("give channels of the finest stage, or a list of every stage's, each at least 1")
    return features


Features = Annotated[int | Sequence[int], BeforeValidator(_check_features)]

# Convolutions of a stage of the encoder, and of the decoder, by the kind of block.
BLOCKS: dict[Block, tuple[int, ...]] = {"plain": PLAIN_BLOCKS, "residual": RESIDUAL_BLOCKS, "preactivation": (1,)}
DECODER_BLOCKS: dict[Block, int] = {"plain": 2, "residual": 1, "preactivation": 1}


@dataclass(frozen=True)
class UNetDesign:
    """A U-Net by its options.

    Args:
        layers: what no option says.
        block: plain convolutions, residual blocks, or residual blocks with norm and activation first.
        features: channels of the finest stage, doubled at each step down; or a list with those of every stage.
        max_features: where the doubling ends.
        depth: steps down, at most so many when they are planned; a list of features decides it.
        pooling: `even` halves every axis at each step; `planned` follows patch and voxel size (`plan_network`).
        blocks: of the encoder, a number a stage, the last for all that follow; else 2, or 1, 3, 4, 6, 6 … if residual.
        normalisation: over the batch, each image, or eighths of its channels.
        upsampling: transposed convolutions, or resize and convolve, which leaves no checkerboard.
        attention_gates: whether the decoder weighs each voxel of the skip connections.
        squeeze_excitation: whether blocks weigh their channels.
        deep_supervision: whether coarser maps carry logits too, in training.
        shared_decoder: one decoder for all heads, which then differ in a 1³ convolution; otherwise a decoder each.
        checkpointing: whether stages forget what they computed and compute it again: less memory, a third more time.
        project: how the layers of a surface volume become one slice, between encoder and decoder: by their maximum,
            their mean, or a mean that is learned for every place. It goes with `data.layers`.
    """

    layers: Layers
    _: KW_ONLY
    block: Block
    features: Features = 32
    max_features: Count | None = 320
    depth: Count
    pooling: Literal["even", "planned"]
    blocks: Sequence[Count] | None = None
    normalisation: Normalisation = "instance"
    upsampling: Upsampling = "transposed"
    attention_gates: bool = False
    squeeze_excitation: bool = False
    deep_supervision: bool = True
    shared_decoder: bool = False
    checkpointing: bool = False
    project: Projected | None = None

    def plan(self, task: Task) -> NetworkPlan:
        """The geometry it has for a task."""
        plan = self._plan_stages(task)
        return plan if self.project is None else plan.project(task.patch_size[0])

    def build(self, task: Task) -> UNet:
        """The network, weights drawn from torch's generator."""
        layers = replace(
            self.layers,
            block=self.block,
            normalisation=self.normalisation,
            upsampling=self.upsampling,
            attention_gates=self.attention_gates,
            squeeze_excitation=self.squeeze_excitation,
            project=self.project,
        )
        outputs = Outputs(task.heads, deep_supervision=self.deep_supervision, shared_decoder=self.shared_decoder)
        return UNet(
            self.plan(task), channels=task.channels, outputs=outputs, layers=layers, checkpointing=self.checkpointing
        )

    def _plan_stages(self, task: Task) -> NetworkPlan:
        widths = Widths(
            features=self.features,
            max_features=self.max_features,
            blocks=self.blocks or BLOCKS[self.block],
            decoder_blocks=DECODER_BLOCKS[self.block],
        )
        if self.pooling == "even":
            return plan_poolings(task.patch_size, depth=self.depth, widths=widths)
        return plan_network(task.patch_size, voxel_size=task.voxel_size, max_poolings=self.depth, widths=widths)


@dataclass(frozen=True, kw_only=True)
class StagedDesign:
    """A U-Net whose every stage is written out, finest first, as other programs' plans give them.

    Args:
        block: plain convolutions, or residual blocks in the encoder.
        features: channels of each stage.
        strides: of each stage, z y x; the first is 1, 1, 1.
        kernels: of each stage, z y x.
        blocks: of each stage of the encoder.
        decoder_blocks: convolutions of each stage of the decoder, which has one stage fewer.
        normalisation: over the batch, each image, or eighths of its channels.
        deep_supervision: whether coarser maps carry logits too, in training.
        shared_decoder: one decoder for all heads, which then differ in a 1³ convolution; otherwise a decoder each.
        checkpointing: whether stages forget what they computed and compute it again: less memory, a third more time.
    """

    block: Literal["plain", "residual"] = "plain"
    features: Sequence[Count]
    strides: Sequence[Edges]
    kernels: Sequence[Edges]
    blocks: Sequence[Count]
    decoder_blocks: Sequence[Count]
    normalisation: Normalisation = "instance"
    deep_supervision: bool = True
    shared_decoder: bool = False
    checkpointing: bool = False

    def plan(self, task: Task) -> NetworkPlan:
        """The geometry it has for a task."""
        count = len(self.features)
        lists = {"strides": self.strides, "kernels": self.kernels, "blocks": self.blocks}
        odd = [name for name, values in lists.items() if len(values) != count]
        if odd or len(self.decoder_blocks) != count - 1:
            raise ConfigError(
                f"staged_unet has {count} features, so it needs {count} strides, kernels and blocks and {count - 1} "
                f"decoder_blocks; {', '.join(odd) or 'decoder_blocks'} has another number"
            )
        stages = tuple(
            Stage(to_shape(stride), to_shape(kernel), features, blocks, decoder_blocks)
            for stride, kernel, features, blocks, decoder_blocks in zip(
                self.strides, self.kernels, self.features, self.blocks, [*self.decoder_blocks, 0], strict=True
            )
        )
        return NetworkPlan(task.patch_size, stages).fit_patch()

    def build(self, task: Task) -> UNet:
        """The network, weights drawn from torch's generator."""
        outputs = Outputs(task.heads, deep_supervision=self.deep_supervision, shared_decoder=self.shared_decoder)
        layers = Layers(self.block, normalisation=self.normalisation)
        return UNet(
            self.plan(task), channels=task.channels, outputs=outputs, layers=layers, checkpointing=self.checkpointing
        )


# Ronneberger et al. 2015 in 3D, with batch norm: 22.58 M parameters for one channel in and one out.
design_unet = partial(
    UNetDesign,
    Layers(activation="relu", downsampling="max_pool"),
    block="plain",
    max_features=None,
    depth=4,
    pooling="even",
    normalisation="batch",
    deep_supervision=False,
)
design_light_unet = partial(design_unet, features=16, depth=3, normalisation="instance")
design_residual_unet = partial(UNetDesign, Layers(decoder_block="residual"), block="residual", depth=4, pooling="even")
# nnU-Net's residual encoder; with `block: plain` its plain U-Net (Isensee et al. 2021 and 2024).
design_planned_unet = partial(UNetDesign, Layers(), block="residual", depth=6, pooling="planned")
# Lee et al. 2017, with linear resize instead of a transposed convolution.
design_rsunet = partial(
    UNetDesign,
    Layers(decoder_block="preactivation", activation="relu", downsampling="max_pool", skips="add", framed=True),
    block="preactivation",
    features=(32, 64, 128, 256, 512),
    depth=4,
    pooling="planned",
    normalisation="batch",
    upsampling="resize",
    deep_supervision=False,
)
