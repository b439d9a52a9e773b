"""Embeddings: the network gives each object a place in a space of its own; the target is what belongs together."""

from dataclasses import dataclass
from typing import Annotated, final

import numpy as np
from jaxtyping import Bool, Int32
from pydantic import Field

from volumen.geometry import Shape, VoxelSize
from volumen.targets.label_patch import LabelPatch
from volumen.targets.target import ArrayTarget
from volumen.targets.turning import Scalars


@final
@dataclass(frozen=True, kw_only=True)
class EmbeddingTarget(ArrayTarget):
    """One channel with the number of each voxel's object, 1 to n in each patch, and 0 for background.

    Args:
        channels: numbers that a head gives for each voxel: the dimensions of the space.
    """

    activations = ("none",)
    parts = (Scalars(),)
    losses = ("discriminative",)
    decoding = ("embedding_clusters",)

    channels: Annotated[int, Field(ge=1)] = 16

    def find_halo(self, voxel_size: VoxelSize | None) -> Shape:
        """None."""
        del voxel_size
        return 0, 0, 0

    def encode_patch(self, patch: LabelPatch) -> tuple[Int32[np.ndarray, "1 z y x"], Bool[np.ndarray, "1 z y x"]]:
        """Numbers of objects, and where somebody looked."""
        return patch.labels[None], patch.known[None]
