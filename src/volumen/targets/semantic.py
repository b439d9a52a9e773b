"""Targets that say of each voxel what it is: foreground, or one of several classes."""

from dataclasses import dataclass
from typing import Annotated, final

import torch
from jaxtyping import Int
from pydantic import Field
from torch import Tensor

from volumen.geometry import VoxelSize
from volumen.targets.target import IGNORE, EncodedTarget, Labels, Target, find_range, refuse_label, weigh_voxels
from volumen.targets.turning import Part, Scalars


@final
@dataclass(frozen=True)
class BinaryTarget(Target):
    """One channel: 1 on foreground, 0 on background.

    Args:
        foreground: the labels that are foreground; None stands for every label above 0.
    """

    activations = ("sigmoid", "none")
    parts = (Scalars(),)
    losses = ("cross_entropy", "dice")
    decoding = ("threshold",)
    names_voxels = True

    foreground: Labels | None = None

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

    def _find_foreground(self, labels: Tensor) -> Tensor:
        if self.foreground is None:
            return labels > 0
        return torch.isin(labels, torch.as_tensor(self.foreground, dtype=labels.dtype, device=labels.device))


@final
@dataclass(frozen=True)
class ClassesTarget(Target):
    """A channel a class, one-hot, so that every loss compares channel with channel.

    Args:
        classes: labels are 0 to one less than this; 0 is background.
    """

    activations = ("softmax", "none")
    losses = ("cross_entropy", "dice")
    decoding = ("argmax",)
    names_voxels = True

    classes: Annotated[int, Field(ge=2)]

    @property
    def parts(self) -> tuple[Part, ...]:
        """A number a class."""
        return (Scalars(self.classes),)

    def encode(
        self, labels: Int[Tensor, "b z y x"], *, voxel_size: VoxelSize | None = None, ignore: int = IGNORE
    ) -> EncodedTarget:
        """One-hot classes; all zeros where nobody looked."""
        del voxel_size
        lowest, highest = find_range(labels, ignore)
        if lowest < 0 or highest >= self.classes:
            unknown = lowest if lowest < 0 else highest
            raise refuse_label(unknown, f"0 to {self.classes - 1} are allowed", ignore)
        weight = weigh_voxels(labels, ignore)
        classes = torch.where(labels == ignore, 0, labels).long().unsqueeze(1)
        shape = (labels.shape[0], self.classes, *labels.shape[1:])
        values = torch.zeros(shape, device=labels.device).scatter_(1, classes, weight)
        return EncodedTarget(values, weight)
