"""Targets that say of each voxel what it is: foreground, or one of several classes."""

from collections.abc import Sequence
from typing import Annotated, ClassVar, final

import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor

from volumen.geometry import VoxelSize
from volumen.heads import Activation
from volumen.targets.target import IGNORE, EncodedTarget, Target, find_range, refuse_label, weigh_voxels


@final
class BinaryTarget(Target):
    """One channel: 1 on foreground, 0 on background.

    Args:
        foreground: the labels that are foreground; None stands for every label above 0.
    """

    activations: ClassVar[tuple[Activation, ...]] = ("sigmoid", "none")

    def __init__(self, foreground: Annotated[Sequence[int], Field(min_length=1)] | None = None) -> None:
        self.channels = 1
        self.foreground = foreground

    def encode(
        self, labels: Int[Tensor, "b z y x"], *, voxel_size: VoxelSize | None = None, ignore: int = IGNORE
    ) -> EncodedTarget:
        """Foreground as 1."""
        del voxel_size
        lowest, _ = find_range(labels, ignore)
        if lowest < 0:
            raise refuse_label(lowest, "0 and above are allowed", ignore)
        weight = weigh_voxels(labels, ignore)
        return EncodedTarget(self._find_foreground(labels).unsqueeze(1).float() * weight, weight)

    def decode(self, values: Float[Tensor, "b 1 z y x"]) -> Int[Tensor, "b z y x"]:
        """1 where the value is above one half."""
        return (values[:, 0] > 0.5).long()  # noqa: PLR2004 - halfway

    def _find_foreground(self, labels: Tensor) -> Tensor:
        if self.foreground is None:
            return labels > 0
        return torch.isin(labels, torch.as_tensor(self.foreground, dtype=labels.dtype, device=labels.device))


@final
class ClassesTarget(Target):
    """A channel a class, one-hot, so that every loss compares channel with channel.

    Args:
        classes: labels are 0 to one less than this; 0 is background.
    """

    activations: ClassVar[tuple[Activation, ...]] = ("softmax", "none")

    def __init__(self, classes: Annotated[int, Field(ge=2)]) -> None:
        self.channels = classes

    def encode(
        self, labels: Int[Tensor, "b z y x"], *, voxel_size: VoxelSize | None = None, ignore: int = IGNORE
    ) -> EncodedTarget:
        """One-hot classes; all zeros where nobody looked."""
        del voxel_size
        lowest, highest = find_range(labels, ignore)
        if lowest < 0 or highest >= self.channels:
            unknown = lowest if lowest < 0 else highest
            raise refuse_label(unknown, f"0 to {self.channels - 1} are allowed", ignore)
        weight = weigh_voxels(labels, ignore)
        classes = torch.where(labels == ignore, 0, labels).long().unsqueeze(1)
        shape = (labels.shape[0], self.channels, *labels.shape[1:])
        values = torch.zeros(shape, device=labels.device).scatter_(1, classes, weight)
        return EncodedTarget(values, weight)

    def decode(self, values: Float[Tensor, "b c z y x"]) -> Int[Tensor, "b z y x"]:
        """The class with the largest value."""
        return values.argmax(1)
