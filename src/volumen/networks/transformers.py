"""Transformers of MONAI: Swin UNETR in both versions, and UNETR for patches of any size."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import interpolate

from volumen.errors import ConfigError
from volumen.networks.adapters import Adapted, load_monai
from volumen.networks.checkpointing import checkpoint_parts
from volumen.networks.network import Task

Count = Annotated[int, Field(ge=1)]
Twelve = Annotated[int, Field(ge=12, multiple_of=12)]

SWIN_STEP = 32
UNETR_STEP = 16


@dataclass(frozen=True, kw_only=True)
class SwinUNETRDesign:
    """MONAI's Swin UNETR (Hatamizadeh et al. 2022; the second version He et al. 2023) by its options.

    Args:
        features: channels of the finest stage, a multiple of 12.
        version: 2 puts a residual convolution before each stage of attention.
        depths: attention blocks of each of the four stages.
        window: voxels along an edge of an attention window.
        checkpointing: whether attention blocks forget what they computed and compute it again.
    """

    features: Twelve = 24
    version: Literal[1, 2] = 1
    depths: Annotated[Sequence[Count], Field(min_length=4, max_length=4)] = (2, 2, 2, 2)
    window: Count = 7
    checkpointing: bool = False

    def build(self, task: Task) -> Adapted:
        """The network, weights drawn from torch's generator."""
        inner = load_monai("swin_unetr").SwinUNETR(
            in_channels=task.channels,
            out_channels=task.outputs,
            feature_size=self.features,
            depths=tuple(self.depths),
            window_size=self.window,
            use_v2=self.version == 2,  # noqa: PLR2004 - the second
            use_checkpoint=self.checkpointing,
            spatial_dims=2 if task.is_flat else 3,
        )
        return Adapted(inner, task, step=SWIN_STEP)


@dataclass(frozen=True, kw_only=True)
class UNETRDesign:
    """MONAI's UNETR (Hatamizadeh et al. 2022) by its options.

    Positions are learned for the patch; in an image of another size they are stretched over it.

    Args:
        features: channels of the finest stage.
        hidden: numbers a token, a multiple of its 12 attention heads.
        checkpointing: whether attention blocks forget what they computed and compute it again.
    """

    features: Count = 16
    hidden: Twelve = 768
    checkpointing: bool = False

    def build(self, task: Task) -> Adapted:
        """The network, weights drawn from torch's generator."""
        sides = task.patch_size[1:] if task.is_flat else task.patch_size
        if any(side % UNETR_STEP for side in sides):
            raise ConfigError(f"unetr needs patches whose sides are multiples of {UNETR_STEP}; got {task.patch_size}")
        inner = load_monai("unetr").UNETR(
            in_channels=task.channels,
            out_channels=task.outputs,
            img_size=sides,
            feature_size=self.features,
            hidden_size=self.hidden,
            mlp_dim=4 * self.hidden,
            spatial_dims=len(sides),
        )
        for block in inner.vit.blocks:
            block.norm_cross_attn = nn.Identity()  # weights that nothing reads
        if self.checkpointing:
            checkpoint_parts(inner.vit.blocks)
        return Adapted(inner, task, step=UNETR_STEP, read=read_stretched)


def read_stretched(inner: Any, image: Tensor) -> Sequence[Tensor]:
    """The map of a UNETR for an image of any size, its positions stretched over it."""
    embedding = inner.vit.patch_embedding
    patches = embedding.patch_embeddings(image)
    grid = patches.shape[2:]
    tokens = embedding.dropout((patches + _stretch_positions(inner, grid)).flatten(2).transpose(1, 2))
    states = []
    for block in inner.vit.blocks:
        tokens = block(tokens)
        states.append(tokens)
    maps = [_lay_tokens(state, grid) for state in (states[3], states[6], states[9], inner.vit.norm(tokens))]
    features = inner.decoder5(maps[3], inner.encoder4(maps[2]))
    features = inner.decoder4(features, inner.encoder3(maps[1]))
    features = inner.decoder3(features, inner.encoder2(maps[0]))
    return [inner.out(inner.decoder2(features, inner.encoder1(image)))]


def _stretch_positions(inner: Any, grid: Sequence[int]) -> Tensor:
    """What is added to each token of a grid, channels first."""
    positions: Tensor = inner.vit.patch_embedding.position_embeddings
    learned = _lay_tokens(positions, inner.feat_size)
    if tuple(grid) == tuple(inner.feat_size):
        return learned
    return interpolate(learned, tuple(grid), mode="bilinear" if len(grid) == 2 else "trilinear")  # noqa: PLR2004


def _lay_tokens(tokens: Tensor, grid: Sequence[int]) -> Tensor:
    """Tokens in a row as a map, channels first."""
    return tokens.transpose(1, 2).reshape(len(tokens), -1, *grid)
