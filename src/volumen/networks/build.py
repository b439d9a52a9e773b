"""Networks as recipes name them: a builder's keywords are the recipe's options and what the program supplies."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from volumen.config import Component, build_component
from volumen.geometry import Shape, VoxelSize
from volumen.heads import HeadSpec
from volumen.networks.blocks import Layers, Normalisation, Upsampling
from volumen.networks.network import Network
from volumen.networks.planner import plan_network, plan_poolings
from volumen.networks.unet import Outputs, UNet

Count = Annotated[int, Field(ge=1)]


def build_network(
    component: Component,
    *,
    heads: Sequence[HeadSpec],
    channels: int,
    patch_size: Shape,
    voxel_size: VoxelSize | None = None,
) -> Network:
    """The network that a recipe names, weights drawn from torch's generator.

    Args:
        component: what the recipe says.
        heads: what the network gives, in this order.
        channels: channels of an image.
        patch_size: voxels it is trained on; one voxel along z makes it a 2D network.
        voxel_size: None stands for equal edges.
    """
    network: Network = build_component(
        "network", component, heads=heads, channels=channels, patch_size=patch_size, voxel_size=voxel_size
    )
    return network


def build_unet(
    *,
    heads: Sequence[HeadSpec],
    channels: int,
    patch_size: Shape,
    features: Count = 32,
    depth: Count = 4,
    normalisation: Normalisation = "batch",
    deep_supervision: bool = False,
    shared_decoder: bool = False,
) -> UNet:
    """The classic 3D U-Net: double 3³ convolutions with ReLU, maximum pooling, transposed convolutions up.

    The finest stage has `features` channels; they double at each of the `depth` poolings. With 32 and 4, one channel in
    and one out, that is 22.58 M parameters. Heads have a decoder each, or share one and differ in a 1³ convolution.
    """
    plan = plan_poolings(patch_size, depth=depth, features=features, residual=False)
    layers = Layers("plain", normalisation, "relu", "max_pool", "transposed")
    outputs = Outputs(tuple(heads), deep_supervision=deep_supervision, shared_decoder=shared_decoder)
    return UNet(plan, channels=channels, outputs=outputs, layers=layers)


def build_residual_unet(
    *,
    heads: Sequence[HeadSpec],
    channels: int,
    patch_size: Shape,
    features: Count = 32,
    depth: Count = 4,
    upsampling: Upsampling = "transposed",
    deep_supervision: bool = True,
    shared_decoder: bool = False,
) -> UNet:
    """A U-Net with residual blocks (1, 3, 4, 6, 6 …), instance norm and leaky ReLU; a light decoder.

    The finest stage has `features` channels; they double at each of the `depth` poolings. Upsampling by `resize` leaves
    no checkerboard. Heads have a decoder each, or share one and differ in a 1³ convolution.
    """
    plan = plan_poolings(patch_size, depth=depth, features=features, residual=True)
    layers = Layers("residual", "instance", "leaky_relu", "stride", upsampling)
    outputs = Outputs(tuple(heads), deep_supervision=deep_supervision, shared_decoder=shared_decoder)
    return UNet(plan, channels=channels, outputs=outputs, layers=layers)


def build_planned_unet(
    *,
    heads: Sequence[HeadSpec],
    channels: int,
    patch_size: Shape,
    voxel_size: VoxelSize | None = None,
    features: Count = 32,
    max_poolings: Count = 6,
    residual: bool = True,
    deep_supervision: bool = True,
) -> UNet:
    """nnU-Net's network for this patch and voxel size, plain or residual: `plan_network` says how deep it pools."""
    plan = plan_network(
        patch_size, voxel_size=voxel_size, features=features, max_poolings=max_poolings, residual=residual
    )
    layers = Layers("residual" if residual else "plain", "instance", "leaky_relu", "stride", "transposed")
    outputs = Outputs(tuple(heads), deep_supervision=deep_supervision)
    return UNet(plan, channels=channels, outputs=outputs, layers=layers)
