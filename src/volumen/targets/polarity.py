"""Synaptic polarity: which side of a synapse a voxel is on."""

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Int
from torch import Tensor

from volumen.geometry import VoxelSize
from volumen.targets.target import IGNORE, EncodedTarget, Target, find_range, refuse_label
from volumen.targets.turning import Scalars


@final
@dataclass(frozen=True)
class PolarityTarget(Target):
    """Three channels: before the cleft, behind it, and either.

    Synapse n has the label 2n − 1 before the cleft and 2n behind it, as volumes of synapse polarity are labelled.
    """

    activations = ("sigmoid", "none")
    parts = (Scalars(3),)
    losses = ("cross_entropy", "dice")
    decoding = ("polarity_pairs",)

    def encode(
        self, labels: Int[Tensor, "b z y x"], *, voxel_size: VoxelSize | None = None, ignore: int = IGNORE
    ) -> EncodedTarget:
        """The sides as 1."""
        del voxel_size
        lowest, _ = find_range(labels, ignore)
        if lowest < 0:
            raise refuse_label(lowest, "0 and above are allowed", ignore)
        known = labels != ignore
        either = known & (labels > 0)
        before = either & (labels % 2 == 1)
        return EncodedTarget(torch.stack([before, either & ~before, either], 1), known.unsqueeze(1))
