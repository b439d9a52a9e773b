"""What a head learns: labels in, the tensor its losses compare with out."""

import abc
from typing import ClassVar, NamedTuple

from jaxtyping import Float, Int
from torch import Tensor

from volumen.errors import DataError
from volumen.geometry import VoxelSize
from volumen.heads import Activation

# What labels of a patch say where nobody looked.
IGNORE = -100


class EncodedTarget(NamedTuple):
    """What a head should give, and how much each voxel counts: 0 where nobody looked."""

    values: Float[Tensor, "b c z y x"]
    weight: Float[Tensor, "b 1 z y x"]


class Target(abc.ABC):
    """A representation of labels; it commutes with flips and with rotations by right angles.

    `channels` is what a head that learns it gives; `activations` are those that make sense, the usual one first.
    """

    channels: int
    activations: ClassVar[tuple[Activation, ...]]

    @abc.abstractmethod
    def encode(
        self, labels: Int[Tensor, "b z y x"], *, voxel_size: VoxelSize | None = None, ignore: int = IGNORE
    ) -> EncodedTarget:
        """The representation of a batch of labels.

        Args:
            labels: class or instance numbers.
            voxel_size: for representations in lengths; None stands for equal edges.
            ignore: the label of voxels that nobody looked at: they get no weight, and zeros.
        """


def weigh_voxels(labels: Int[Tensor, "b z y x"], ignore: int) -> Float[Tensor, "b 1 z y x"]:
    """1 where somebody looked, 0 elsewhere."""
    return (labels != ignore).unsqueeze(1).float()


def find_range(labels: Int[Tensor, "b z y x"], ignore: int) -> tuple[int, int]:
    """Smallest and largest label that is not ignored; 0 and 0 when all are."""
    seen = labels.masked_fill(labels == ignore, 0)
    return int(seen.min()), int(seen.max())


def refuse_label(label: int, allowed: str, ignore: int) -> DataError:
    """The error about a label that a target cannot learn."""
    return DataError(
        f"label {label} is not one that this target knows: {allowed}, and {ignore} where nobody looked; "
        "correct the labels, the target's options or data.ignore"
    )
