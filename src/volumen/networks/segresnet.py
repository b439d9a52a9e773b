"""SegResNet (Myronenko 2018), the backbone of VISTA3D (He et al. 2024), with a decoder for each head or one for all."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from volumen.errors import ConfigError
from volumen.geometry import Shape, to_shape
from volumen.heads import HeadSpec
from volumen.networks.adapters import lay_slices, load_monai, stack_slices
from volumen.networks.checkpointing import checkpoint_parts
from volumen.networks.family import UNetDesign
from volumen.networks.layers import Layers
from volumen.networks.network import Network, Task
from volumen.networks.outputs import HeadModules, Heads, Outputs, count_levels

log = logging.getLogger(__name__)

Count = Annotated[int, Field(ge=1)]
VISTA_BLOCKS = (1, 2, 2, 4, 4)


@dataclass(frozen=True, kw_only=True)
class SegResNetDesign:
    """MONAI's SegResNet with deep supervision, by its options; axes of coarse voxels are pooled later.

    Args:
        features: channels of the finest stage, doubled at each step down.
        blocks: of the encoder, a number a stage.
        normalisation: over the batch or each image.
        deep_supervision: whether coarser maps carry logits too, in training.
        shared_decoder: one decoder for all heads, which then differ in a 1³ convolution; otherwise a decoder each.
        checkpointing: whether blocks forget what they computed and compute it again: less memory, a third more time.
    """

    features: Count = 32
    blocks: Annotated[Sequence[Count], Field(min_length=2)] = (1, 2, 2, 4)
    normalisation: Literal["batch", "instance"] = "batch"
    deep_supervision: bool = True
    shared_decoder: bool = False
    checkpointing: bool = False

    def build(self, task: Task) -> "SegResNet":
        """The network, weights drawn from torch's generator."""
        network = SegResNet(self, task)
        if self.checkpointing:
            checkpoint_parts(module for module in network.modules() if type(module).__name__ == "SegResBlock")
        return network


@dataclass(frozen=True, kw_only=True)
class VistaDesign:
    """VISTA3D's backbone by its options, or its 2D counterpart for slices.

    Args:
        features: channels of the finest stage, doubled at each step down.
        blocks: of the encoder, a number a stage.
        backbone: `monai`, or `own`, a network of the same shape that needs no MONAI; `auto` takes MONAI's where it can
            be imported, and says which it took.
        deep_supervision: whether coarser maps carry logits too, in training.
        shared_decoder: one decoder for all heads, which then differ in a 1³ convolution; otherwise a decoder each.
        checkpointing: whether blocks forget what they computed and compute it again: less memory, a third more time.
    """

    features: Count = 48
    blocks: Annotated[Sequence[Count], Field(min_length=2)] = VISTA_BLOCKS
    backbone: Literal["auto", "monai", "own"] = "auto"
    deep_supervision: bool = False
    shared_decoder: bool = False
    checkpointing: bool = False

    def settle(self) -> dict[str, object]:
        """The options that this machine decides, so that a model is built again as it was."""
        if self.backbone != "auto":
            return {}
        try:
            load_monai("vista")
        except ConfigError as error:
            log.warning(
                "%s; vista takes a SegResNet-shaped network of our own instead, and the model records backbone=own",
                error,
            )
            return {"backbone": "own"}
        return {"backbone": "monai"}

    def build(self, task: Task) -> Network:
        """The network, weights drawn from torch's generator."""
        backbone = self.settle().get("backbone", self.backbone)
        return (self._choose_monai() if backbone == "monai" else self._choose_own()).build(task)

    def _choose_monai(self) -> SegResNetDesign:
        return SegResNetDesign(
            features=self.features,
            blocks=self.blocks,
            normalisation="instance",
            deep_supervision=self.deep_supervision,
            shared_decoder=self.shared_decoder,
            checkpointing=self.checkpointing,
        )

    def _choose_own(self) -> UNetDesign:
        return UNetDesign(
            Layers(decoder_block="preactivation", activation="relu", skips="add"),
            block="preactivation",
            features=self.features,
            max_features=None,
            depth=len(self.blocks) - 1,
            pooling="even",
            blocks=self.blocks,
            deep_supervision=self.deep_supervision,
            shared_decoder=self.shared_decoder,
            checkpointing=self.checkpointing,
        )


class SegResNet(Network):
    """MONAI's encoder, and for each head, or for all, MONAI's decoder with 1³ convolutions of ours."""

    def __init__(self, design: SegResNetDesign, task: Task) -> None:
        super().__init__(channels=task.channels, heads=task.heads)
        self.is_flat = task.is_flat
        outputs = Outputs(task.heads, deep_supervision=design.deep_supervision, shared_decoder=design.shared_decoder)
        parts = {name: _build_part(design, task) for name in outputs.groups}
        first = next(iter(parts.values()))
        self._divisor = _find_divisor(first, task)
        self.encoder: nn.Module = first.encoder
        levels = count_levels(len(design.blocks) - 1, deep_supervision=design.deep_supervision)
        self.decoders = HeadModules(
            [
                SegResDecoder(part, specs, levels)
                for part, specs in zip(parts.values(), outputs.groups.values(), strict=True)
            ],
            outputs.groups,
        )

    @property
    def divisor(self) -> Shape:
        """What every side of an image must be a multiple of."""
        return self._divisor

    def forward(self, image: Float[Tensor, "b c z y x"]) -> dict[str, list[Tensor]]:
        """Logits of every head, finest first."""
        self.check_image(image)
        skips = self.encoder(lay_slices(image) if self.is_flat else image)
        maps = [head for decoder in self.decoders for head in decoder(skips)]
        if self.is_flat:
            maps = [[stack_slices(level, len(image)) for level in levels] for levels in maps]
        return {head.name: levels for head, levels in zip(self.head_specs, maps, strict=True)}


class SegResDecoder(nn.Module):
    """MONAI's decoder from the coarsest features to the finest, with logits on the way.

    Args:
        part: a whole SegResNet, of which the decoder is taken.
        specs: the heads.
        levels: how many of the finest maps carry logits in training; only the finest does otherwise.
    """

    def __init__(self, part: Any, specs: Sequence[HeadSpec], levels: int) -> None:
        super().__init__()
        self.steps = nn.ModuleList(level["upsample"] for level in part.up_layers)
        self.stages = nn.ModuleList(level["blocks"] for level in part.up_layers)
        widths = [part.init_filters * 2**depth for depth in range(levels)]
        self.heads = nn.ModuleList(Heads(width, specs, flat=part.spatial_dims == 2) for width in widths)  # noqa: PLR2004

    def forward(self, skips: list[Tensor]) -> list[list[Tensor]]:
        """For each head its maps, finest first."""
        active = len(self.heads) if self.training else 1
        features = skips[-1]
        logits = []
        for level, step, stage in zip(reversed(range(len(self.steps))), self.steps, self.stages, strict=True):
            features = stage(step(features) + skips[level])
            if level < active:
                logits.append(self.heads[level](features))
        return [list(maps) for maps in zip(*reversed(logits), strict=True)]


def _build_part(design: SegResNetDesign, task: Task) -> Any:
    edges = tuple(task.voxel_size) if task.voxel_size else None
    return load_monai("segresnet").SegResNetDS(
        spatial_dims=2 if task.is_flat else 3,
        init_filters=design.features,
        in_channels=task.channels,
        out_channels=1,
        norm=design.normalisation,
        blocks_down=tuple(design.blocks),
        resolution=edges[1:] if edges and task.is_flat else edges,
    )


def _find_divisor(part: Any, task: Task) -> Shape:
    factors = [int(factor) for factor in part.shape_factor()]
    return to_shape([1, *factors] if task.is_flat else factors)
