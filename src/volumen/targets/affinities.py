"""Affinities: whether two voxels, an offset apart, are of the same object."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, final

import numpy as np
from jaxtyping import Bool
from pydantic import Field

from volumen.geometry import Shape, VoxelSize, pair_slices
from volumen.heads import AffinitySpec, Edge
from volumen.targets.label_patch import LabelPatch
from volumen.targets.target import ArrayTarget
from volumen.targets.turning import Pairs, Part

NEAREST = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
Steps = Annotated[Sequence[int], Field(min_length=3, max_length=3)]


@final
@dataclass(frozen=True, kw_only=True)
class AffinitiesTarget(ArrayTarget):
    """A channel an offset: 1 where both voxels have the same label above 0.

    A pair counts when both voxels are seen; the weight has a channel an offset too.

    Args:
        offsets: steps z y x from one voxel to the other.
        edge: which of the two holds the value: `start` is v of the pair (v, v + offset), `end` the other.
    """

    activations = ("sigmoid", "none")
    losses = ("cross_entropy", "dice")
    decoding = ("affinity_components",)

    offsets: Annotated[Sequence[Steps], Field(min_length=1)] = NEAREST
    edge: Edge = "start"

    @cached_property
    def affinities(self) -> AffinitySpec:
        """Offsets and convention, as decoders need them."""
        return AffinitySpec.parse(self.offsets, self.edge)

    @property
    def parts(self) -> tuple[Part, ...]:
        """Pairs of voxels."""
        return (Pairs(self.affinities),)

    def find_halo(self, voxel_size: VoxelSize | None) -> Shape:
        """The farthest offset along each axis."""
        del voxel_size
        z, y, x = (max(abs(step) for step in steps) for steps in zip(*self.affinities.offsets, strict=True))
        return z, y, x

    def encode_patch(self, patch: LabelPatch) -> tuple[Bool[np.ndarray, "c z y x"], Bool[np.ndarray, "c z y x"]]:
        """1 for pairs of one object, and which pairs are known."""
        reaches = self.affinities.reaches
        values = np.zeros((len(reaches), *patch.shape), bool)
        weight = np.zeros_like(values)
        for channel, known, reach in zip(values, weight, reaches, strict=True):
            here, there = pair_slices(patch.shape, reach)
            np.equal(patch.labels[here], patch.labels[there], out=channel[here])
            channel[here] &= patch.mask[here]
            np.logical_and(patch.known[here], patch.known[there], out=known[here])
        return values, weight
