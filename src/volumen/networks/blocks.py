"""Convolution, norm and activation, and what U-Nets are built of."""

from dataclasses import dataclass
from typing import Literal

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import interpolate

from volumen.geometry import Shape

Normalisation = Literal["batch", "instance"]
Upsampling = Literal["transposed", "resize"]

# He et al. 2015, with the slope that nnU-Net initialises and activates with.
SLOPE = 1e-2


@dataclass(frozen=True)
class Layers:
    """Which layers a U-Net is made of.

    Args:
        block: two convolutions in a row, or with a shortcut past them (BasicBlockD of He et al. 2019).
        downsampling: by a maximum over the step, or by the stage's first convolution.
        upsampling: a learned transposed convolution, or 1³ convolution and linear resize, which leaves no checkerboard.
    """

    block: Literal["plain", "residual"]
    normalisation: Normalisation
    activation: Literal["relu", "leaky_relu"]
    downsampling: Literal["max_pool", "stride"]
    upsampling: Upsampling


def build_convolution(inside: int, outside: int, *, kernel: Shape, stride: Shape = (1, 1, 1)) -> nn.Conv3d:
    """A convolution that keeps the size of a map but for its stride."""
    z, y, x = ((edge - 1) // 2 for edge in kernel)
    return nn.Conv3d(inside, outside, kernel, stride=stride, padding=(z, y, x))


def build_normalisation(features: int, layers: Layers) -> nn.BatchNorm3d | nn.InstanceNorm3d:
    """A norm with a learned scale and shift."""
    return nn.BatchNorm3d(features) if layers.normalisation == "batch" else nn.InstanceNorm3d(features, affine=True)


def build_activation(layers: Layers) -> nn.Module:
    """An activation that overwrites its input: it always follows a norm, whose result nobody else reads."""
    return nn.ReLU(inplace=True) if layers.activation == "relu" else nn.LeakyReLU(SLOPE, inplace=True)


def build_unit(inside: int, outside: int, layers: Layers, *, kernel: Shape, stride: Shape = (1, 1, 1)) -> nn.Sequential:
    """Convolution, norm, activation."""
    return nn.Sequential(
        build_convolution(inside, outside, kernel=kernel, stride=stride),
        build_normalisation(outside, layers),
        build_activation(layers),
    )


class ResidualBlock(nn.Module):
    """Two convolutions and a shortcut past them; a shortcut that must shrink averages first, so no voxel is skipped."""

    def __init__(self, inside: int, outside: int, layers: Layers, *, kernel: Shape, stride: Shape) -> None:
        super().__init__()
        self.first = build_unit(inside, outside, layers, kernel=kernel, stride=stride)
        self.second = build_convolution(outside, outside, kernel=kernel)
        self.norm = build_normalisation(outside, layers)
        self.shortcut = nn.Sequential()
        if stride != (1, 1, 1):
            self.shortcut.append(nn.AvgPool3d(stride, stride))
        if inside != outside:
            self.shortcut.append(nn.Conv3d(inside, outside, 1, bias=False))
            self.shortcut.append(build_normalisation(outside, layers))
        self.activation = build_activation(layers)

    def forward(self, features: Float[Tensor, "b c z y x"]) -> Float[Tensor, "b d k j i"]:
        """The block's correction added to what came in."""
        shortcut: Tensor = self.shortcut(features)
        added: Tensor = self.norm(self.second(self.first(features))).add_(shortcut)
        activated: Tensor = self.activation(added)
        return activated


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


def build_blocks(
    inside: int, outside: int, layers: Layers, *, count: int, kernel: Shape, stride: Shape = (1, 1, 1)
) -> nn.Sequential:
    """Blocks of one kind in a row; the first takes the step down."""
    blocks = nn.Sequential()
    if layers.downsampling == "max_pool" and stride != (1, 1, 1):
        blocks.append(nn.MaxPool3d(stride, stride))
        stride = (1, 1, 1)
    for number in range(count):
        step = stride if number == 0 else (1, 1, 1)
        width = inside if number == 0 else outside
        if layers.block == "residual":
            blocks.append(ResidualBlock(width, outside, layers, kernel=kernel, stride=step))
        else:
            blocks.append(build_unit(width, outside, layers, kernel=kernel, stride=step))
    return blocks


def initialise_weights(network: nn.Module) -> None:
    """Draw every convolution's weights after He, with biases at zero; residual blocks start as their shortcut."""
    for module in network.modules():
        if isinstance(module, nn.Conv3d | nn.ConvTranspose3d):
            nn.init.kaiming_normal_(module.weight, a=SLOPE)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, ResidualBlock):
            nn.init.zeros_(module.norm.weight)
