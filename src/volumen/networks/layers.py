"""Which layers a U-Net is made of, and the smallest of them."""

import math
from dataclasses import dataclass
from typing import Literal

from jaxtyping import Float
from torch import Tensor, nn

from volumen.geometry import Shape
from volumen.networks.norms import InstanceNorm, convolve_unbiased, fuses, normalise
from volumen.networks.projection import Projected

Block = Literal["plain", "residual", "preactivation"]
Normalisation = Literal["batch", "instance", "group"]
Upsampling = Literal["transposed", "resize"]

# He et al. 2015, with the slope that nnU-Net initialises and activates with.
SLOPE = 1e-2
GROUPS = 8

Norm = nn.BatchNorm3d | InstanceNorm | nn.GroupNorm


@dataclass(frozen=True)
class Layers:
    """Which layers a U-Net is made of.

    Args:
        block: convolutions in a row; with a shortcut past every two of them (BasicBlockD of He et al. 2019); or the
            same with norm and activation before each convolution (He et al. 2016).
        decoder_block: what the decoder is made of.
        normalisation: over a batch, an image, or eighths of its channels.
        downsampling: by a maximum over the step, or by a convolution.
        upsampling: a learned transposed convolution, or 1³ convolution and linear resize, which leaves no checkerboard.
        skips: how the decoder takes up what the encoder left at its resolution.
        framed: whether preactivation blocks stand between two more convolutions (Lee et al. 2017).
        attention_gates: whether the decoder weighs each voxel of what it takes up (Oktay et al. 2018).
        squeeze_excitation: whether every block weighs its channels by their means over the image (Hu et al. 2018).
        project: how the encoder's layers become the one slice that the decoder works on; None keeps them.
    """

    block: Block = "plain"
    decoder_block: Block = "plain"
    normalisation: Normalisation = "instance"
    activation: Literal["relu", "leaky_relu"] = "leaky_relu"
    downsampling: Literal["max_pool", "stride"] = "stride"
    upsampling: Upsampling = "transposed"
    skips: Literal["concatenate", "add"] = "concatenate"
    framed: bool = False
    attention_gates: bool = False
    squeeze_excitation: bool = False
    project: Projected | None = None


class Unit(nn.Sequential):
    """Convolution, norm, activation."""

    def forward(self, features: Float[Tensor, "b c z y x"]) -> Float[Tensor, "b d k j i"]:
        """The features of the next layer."""
        convolution, norm, activation = self
        if isinstance(convolution, nn.Conv3d) and fuses(norm, features):
            convolved = convolve_unbiased(convolution, features)
            return normalise(convolved, norm, slope=read_slope(activation), overwrite=True)
        activated: Tensor = activation(norm(convolution(features)))
        return activated


class PreactivatedUnit(nn.Sequential):
    """Norm, activation, convolution."""

    def forward(self, features: Float[Tensor, "b c z y x"]) -> Float[Tensor, "b d k j i"]:
        """The features of the next layer."""
        norm, activation, convolution = self
        if fuses(norm, features):
            activated = normalise(features, norm, slope=read_slope(activation))
        else:
            activated = activation(norm(features))
        convolved: Tensor = convolution(activated)
        return convolved


def read_slope(activation: nn.Module) -> float:
    """What an activation multiplies negatives with."""
    return activation.negative_slope if isinstance(activation, nn.LeakyReLU) else 0.0


def build_convolution(
    inside: int, outside: int, *, kernel: Shape, stride: Shape = (1, 1, 1), bias: bool = True
) -> nn.Conv3d:
    """A convolution that keeps the size of a map but for its stride."""
    z, y, x = ((edge - 1) // 2 for edge in kernel)
    return nn.Conv3d(inside, outside, kernel, stride=stride, padding=(z, y, x), bias=bias)


def build_normalisation(features: int, layers: Layers) -> Norm:
    """A norm with a learned scale and shift."""
    if layers.normalisation == "batch":
        return nn.BatchNorm3d(features)
    if layers.normalisation == "group":
        return nn.GroupNorm(math.gcd(features, GROUPS), features)
    return InstanceNorm(features)


def build_activation(layers: Layers) -> nn.Module:
    """An activation that overwrites its input: it always follows a norm, whose result nobody else reads."""
    return nn.ReLU(inplace=True) if layers.activation == "relu" else nn.LeakyReLU(SLOPE, inplace=True)


def build_unit(inside: int, outside: int, layers: Layers, *, kernel: Shape, stride: Shape = (1, 1, 1)) -> nn.Sequential:
    """Convolution, norm, activation."""
    return Unit(
        build_convolution(inside, outside, kernel=kernel, stride=stride),
        build_normalisation(outside, layers),
        build_activation(layers),
    )


def build_preactivated_unit(inside: int, outside: int, layers: Layers, *, kernel: Shape) -> nn.Sequential:
    """Norm, activation, convolution."""
    return PreactivatedUnit(
        build_normalisation(inside, layers),
        build_activation(layers),
        build_convolution(inside, outside, kernel=kernel),
    )
