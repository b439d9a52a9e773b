"""Reconstruction: the image itself, learnt beside other targets or before them."""

from dataclasses import dataclass
from typing import Annotated, final

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from volumen.errors import DataError
from volumen.geometry import VoxelSize
from volumen.targets.target import IGNORE, EncodedTarget, Target
from volumen.targets.turning import Part, Scalars


@final
@dataclass(frozen=True)
class ReconstructionTarget(Target):
    """The normalised image after augmentation; every voxel counts.

    Args:
        image_channels: channels of the image.
    """

    activations = ("none",)
    losses = ("mse",)
    learns_from = "image"

    image_channels: Annotated[int, Field(ge=1)] = 1

    @property
    def parts(self) -> tuple[Part, ...]:
        """As many numbers as the image has channels."""
        return (Scalars(self.image_channels),)

    def encode(
        self, labels: Float[Tensor, "b c z y x"], *, voxel_size: VoxelSize | None = None, ignore: int = IGNORE
    ) -> EncodedTarget:
        """The image."""
        del voxel_size, ignore
        if labels.shape[1] != self.image_channels:
            raise DataError(
                f"the image has {labels.shape[1]} channels and the target reconstruction {self.image_channels}; "
                f"set image_channels: {labels.shape[1]}"
            )
        return EncodedTarget(labels, torch.ones_like(labels[:, :1]), linear=True)
