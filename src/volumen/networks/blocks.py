"""What the stages of a U-Net are built of."""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import interpolate

from volumen.geometry import Shape
from volumen.networks.attention import SqueezeExcitation
from volumen.networks.layers import (
    SLOPE,
    Layers,
    build_activation,
    build_convolution,
    build_normalisation,
    build_preactivated_unit,
    build_unit,
    read_slope,
)
from volumen.networks.norms import convolve_unbiased, fuses, normalise
from volumen.networks.plan import Stage

UNIT_STRIDE: Shape = (1, 1, 1)


class ResidualBlock(nn.Module):
    """Two convolutions and a shortcut past them; a shortcut that must shrink averages first, so no voxel is skipped."""

    def __init__(self, inside: int, outside: int, layers: Layers, *, kernel: Shape, stride: Shape) -> None:
        super().__init__()
        self.first = build_unit(inside, outside, layers, kernel=kernel, stride=stride)
        self.second = build_convolution(outside, outside, kernel=kernel)
        self.norm = build_normalisation(outside, layers)
        self.excitation = SqueezeExcitation(outside) if layers.squeeze_excitation else None
        self.shortcut = nn.Sequential()
        if stride != UNIT_STRIDE:
            self.shortcut.append(nn.AvgPool3d(stride, stride, ceil_mode=True, count_include_pad=False))
        if inside != outside:
            self.shortcut.append(nn.Conv3d(inside, outside, 1, bias=False))
            self.shortcut.append(build_normalisation(outside, layers))
        self.activation = build_activation(layers)

    def forward(self, features: Float[Tensor, "b c z y x"]) -> Float[Tensor, "b d k j i"]:
        """The block's correction added to what came in."""
        shortcut: Tensor = self.shortcut(features)
        if self.excitation is None and fuses(self.norm, features):
            convolved = convolve_unbiased(self.second, self.first(features))
            return normalise(convolved, self.norm, slope=read_slope(self.activation), added=shortcut, overwrite=True)
        convolved = self.second(self.first(features))
        correction: Tensor = self.norm(convolved)
        if self.excitation is not None:
            correction = self.excitation(correction, convolved)
        activated: Tensor = self.activation(correction.add_(shortcut))
        return activated


class PreactivationBlock(nn.Module):
    """Norm, activation and convolution, twice, and a shortcut past them that nothing interrupts (He et al. 2016)."""

    def __init__(self, features: int, layers: Layers, *, kernel: Shape) -> None:
        super().__init__()
        self.first = build_preactivated_unit(features, features, layers, kernel=kernel)
        self.second = build_preactivated_unit(features, features, layers, kernel=kernel)
        self.excitation = SqueezeExcitation(features) if layers.squeeze_excitation else None

    def forward(self, features: Float[Tensor, "b c z y x"]) -> Float[Tensor, "b c z y x"]:
        """The block's correction added to what came in."""
        correction: Tensor = self.second(self.first(features))
        if self.excitation is not None:
            correction = self.excitation(correction, correction)
        return correction.add_(features)


class PlainBlock(nn.Module):
    """Convolution, norm, activation, and weights on the channels of what comes out."""

    def __init__(self, inside: int, outside: int, layers: Layers, *, kernel: Shape, stride: Shape) -> None:
        super().__init__()
        self.unit = build_unit(inside, outside, layers, kernel=kernel, stride=stride)
        self.excitation = SqueezeExcitation(outside)

    def forward(self, features: Float[Tensor, "b c z y x"]) -> Float[Tensor, "b d k j i"]:
        """The features, weighed."""
        activated = self.unit(features)
        weighed: Tensor = self.excitation(activated, activated)
        return weighed


class Resize(nn.Module):
    """Linear enlargement by whole factors."""

    def __init__(self, factors: Shape) -> None:
        super().__init__()
        self.factors = factors

    def forward(self, features: Float[Tensor, "b c z y x"]) -> Float[Tensor, "b c k j i"]:
        """The map enlarged, `factors` voxels for each."""
        shape = [edge * factor for edge, factor in zip(features.shape[2:], self.factors, strict=True)]
        return interpolate(features, shape, mode="trilinear", align_corners=False)


def build_upsampling(inside: int, outside: int, layers: Layers, *, stride: Shape) -> nn.Module:
    """The step up to the next finer map, with that map's features."""
    if layers.upsampling == "transposed":
        return nn.ConvTranspose3d(inside, outside, stride, stride=stride)
    # Mixing channels and resizing commute; this order works on the small map.
    return nn.Sequential(nn.Conv3d(inside, outside, 1), Resize(stride))


def build_encoder_stage(inside: int, stage: Stage, layers: Layers) -> nn.Sequential:
    """The step down to a stage and its blocks."""
    blocks, stride = nn.Sequential(), stage.stride
    if layers.downsampling == "max_pool" and stride != UNIT_STRIDE:
        blocks.append(nn.MaxPool3d(stride, stride, ceil_mode=True))
        stride = UNIT_STRIDE
    if layers.block == "preactivation":
        if layers.framed:
            blocks.append(build_preactivated_unit(inside, stage.features, layers, kernel=stage.kernel))
        elif inside != stage.features or stride != UNIT_STRIDE:
            blocks.append(build_convolution(inside, stage.features, kernel=stage.kernel, stride=stride, bias=False))
        return blocks.extend(_list_preactivated(stage, layers, count=stage.blocks))
    return blocks.extend(_list_blocks(inside, stage, layers, layers.block, stride=stride, count=stage.blocks))


def build_first_stage(channels: int, stage: Stage, layers: Layers) -> nn.Sequential:
    """What turns an image into features at its own resolution."""
    if layers.block == "preactivation":
        opening = build_convolution(channels, stage.features, kernel=stage.kernel)
        return nn.Sequential(opening, *_list_preactivated(stage, layers, count=stage.blocks))
    return build_encoder_stage(channels, stage, layers)


def build_decoder_stage(stage: Stage, layers: Layers) -> nn.Sequential:
    """The blocks that join what comes from below with what the encoder left."""
    width = stage.features * (2 if layers.skips == "concatenate" else 1)
    if layers.decoder_block == "preactivation":
        blocks = nn.Sequential()
        if layers.framed or width != stage.features:
            blocks.append(build_preactivated_unit(width, stage.features, layers, kernel=stage.kernel))
        return blocks.extend(_list_preactivated(stage, layers, count=stage.decoder_blocks))
    units = _list_blocks(width, stage, layers, layers.decoder_block, stride=UNIT_STRIDE, count=stage.decoder_blocks)
    return nn.Sequential(*units)


def initialise_weights(network: nn.Module) -> None:
    """Draw every convolution's weights after He, with biases at zero; residual blocks start as their shortcut."""
    for module in network.modules():
        if isinstance(module, nn.Conv3d | nn.ConvTranspose3d):
            nn.init.kaiming_normal_(module.weight, a=SLOPE)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, ResidualBlock):
            nn.init.zeros_(module.norm.weight)


def _list_blocks(
    inside: int, stage: Stage, layers: Layers, block: str, *, stride: Shape, count: int
) -> list[nn.Module]:
    """Plain or residual blocks in a row; the first takes the step."""
    blocks: list[nn.Module] = []
    for number in range(count):
        step, width = (stride, inside) if number == 0 else (UNIT_STRIDE, stage.features)
        build = ResidualBlock if block == "residual" else PlainBlock if layers.squeeze_excitation else build_unit
        blocks.append(build(width, stage.features, layers, kernel=stage.kernel, stride=step))
    return blocks


def _list_preactivated(stage: Stage, layers: Layers, *, count: int) -> list[nn.Module]:
    """Preactivation blocks in a row, and the convolution that closes the frame."""
    blocks: list[nn.Module] = [PreactivationBlock(stage.features, layers, kernel=stage.kernel) for _ in range(count)]
    if layers.framed:
        blocks.append(build_preactivated_unit(stage.features, stage.features, layers, kernel=stage.kernel))
    return blocks
