"""MONAI's U-Nets: the one with residual units, and the one that follows nnU-Net's plans."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field
from torch import Tensor, nn

from volumen.errors import ShapeError
from volumen.networks.adapters import Adapted, load_monai
from volumen.networks.checkpointing import checkpoint_parts
from volumen.networks.network import Task
from volumen.networks.outputs import count_levels
from volumen.networks.planner import Widths, plan_network

Count = Annotated[int, Field(ge=1)]
LEAST_POOLINGS = 2


@dataclass(frozen=True, kw_only=True)
class MonaiUNetDesign:
    """MONAI's U-Net (Kerfoot et al. 2019) by its options: it pools at the first convolution, so it is fast and coarse.

    Args:
        features: channels of every stage.
        residual_units: convolutions that a shortcut bridges at each stage.
        normalisation: over the batch or each image.
    """

    features: Annotated[Sequence[Count], Field(min_length=2)] = (32, 64, 128, 256, 512)
    residual_units: Annotated[int, Field(ge=0)] = 2
    normalisation: Literal["batch", "instance"] = "batch"

    def build(self, task: Task) -> Adapted:
        """The network, weights drawn from torch's generator."""
        poolings = len(self.features) - 1
        inner = load_monai("monai_unet").UNet(
            spatial_dims=2 if task.is_flat else 3,
            in_channels=task.channels,
            out_channels=task.outputs,
            channels=tuple(self.features),
            strides=(2,) * poolings,
            num_res_units=self.residual_units,
            norm=self.normalisation,
        )
        return Adapted(inner, task, step=2**poolings)


@dataclass(frozen=True, kw_only=True)
class DynUNetDesign:
    """MONAI's DynUNet by its options: nnU-Net's plain network, or the same with two-convolution shortcuts.

    Args:
        features: channels of the finest stage, doubled at each step down.
        max_features: where the doubling ends.
        depth: steps down at most; patch and voxel size plan them (`plan_network`).
        residual: whether shortcuts bridge the convolutions of the encoder.
        deep_supervision: whether coarser maps carry logits too, in training.
        checkpointing: whether stages forget what they computed and compute it again: less memory, a third more time.
    """

    features: Count = 32
    max_features: Count = 320
    depth: Annotated[int, Field(ge=LEAST_POOLINGS)] = 6
    residual: bool = False
    deep_supervision: bool = True
    checkpointing: bool = False

    def build(self, task: Task) -> Adapted:
        """The network, weights drawn from torch's generator."""
        nets = load_monai("dynunet")
        widths = Widths(features=self.features, max_features=self.max_features)
        plan = plan_network(task.patch_size, voxel_size=task.voxel_size, max_poolings=self.depth, widths=widths)
        if len(plan.stages) <= LEAST_POOLINGS:
            raise ShapeError(f"dynunet needs patches that can be halved twice; {task.patch_size} can once")
        levels = count_levels(len(plan.stages) - 1, deep_supervision=self.deep_supervision)
        first = 1 if task.is_flat else 0
        strides = [stage.stride[first:] for stage in plan.stages]
        inner = nets.DynUNet(
            spatial_dims=2 if task.is_flat else 3,
            in_channels=task.channels,
            out_channels=task.outputs,
            kernel_size=[stage.kernel[first:] for stage in plan.stages],
            strides=strides,
            upsample_kernel_size=strides[1:],
            filters=[stage.features for stage in plan.stages],
            deep_supervision=levels > 1,
            deep_supr_num=max(levels - 1, 1),
            res_block=self.residual,
        )
        del inner.skip_layers  # it names every weight a second time; `read_stages` does what it does
        if self.checkpointing:
            checkpoint_parts([inner.input_block, *inner.downsamples, inner.bottleneck, *inner.upsamples])
        return Adapted(inner, task, step=plan.divisor, read=read_stages)


def read_stages(inner: Any, image: Tensor) -> Sequence[Tensor]:
    """The maps of a DynUNet, finest first; its own forward enlarges the coarse ones and keeps them between batches."""
    features = inner.input_block(image)
    skips = [features]
    for stage in inner.downsamples:
        skips.append(stage(skips[-1]))
    features = inner.bottleneck(skips[-1])
    found: list[Tensor] = []
    for stage, skip in zip(inner.upsamples, reversed(skips), strict=True):
        features = stage(features, skip)
        found.insert(0, features)
    heads: list[nn.Module] = [inner.output_block]
    if inner.training and inner.deep_supervision:
        heads += inner.deep_supervision_heads
    return [head(features) for head, features in zip(heads, found, strict=False)]
