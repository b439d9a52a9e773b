"""Networks as recipes name them."""

from collections.abc import Sequence

import torch

from volumen.config import Component, build_component
from volumen.geometry import Shape, VoxelSize
from volumen.heads import HeadSpec
from volumen.networks.budget import TrainingPlan
from volumen.networks.memory import Memory, forecast_memory
from volumen.networks.network import Design, Network, Task
from volumen.networks.segresnet import VistaDesign


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
    design: Design = build_component("network", component)
    return design.build(Task(tuple(heads), channels, patch_size, voxel_size))


def settle_network(component: Component) -> Component:
    """The component with all that depends on this machine written into its options, so that it can be built again."""
    design: Design = build_component("network", component)
    settled = design.settle() if isinstance(design, VistaDesign) else {}
    return component.model_copy(update={"options": component.options | settled})


def forecast_plan(plan: TrainingPlan, *, channels: int = 1, outputs: int = 2) -> Memory:
    """What training with a plan will take of memory; nothing of that size is made.

    Args:
        plan: patch, batch and network.
        channels: of an image.
        outputs: channels of all heads.
    """
    options = plan.to_recipe()["network"]
    component = Component(name=options.pop("name"), options=options)
    patch, heads = plan.network.patch_size, [HeadSpec("any", outputs)]
    with torch.device("meta"):
        network = build_network(component, heads=heads, channels=channels, patch_size=patch, voxel_size=plan.voxel_size)
    return forecast_memory(network, patch, batch=plan.batch_size)
