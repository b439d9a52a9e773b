"""What every network is: an image in, logits of every head out."""

import abc
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from jaxtyping import Float
from torch import Tensor, nn

from volumen.errors import ShapeError
from volumen.geometry import Shape, VoxelSize
from volumen.heads import HeadSpec
from volumen.networks.checkpointing import BatchNorm
from volumen.networks.plan import check_divides


class Network(nn.Module, abc.ABC):
    """An image in, `{head: [finest, half, …]}` out: logits, always lists.

    Maps below the finest come only with deep supervision and in training mode. A network knows nothing of losses,
    activations or tiles.

    Args:
        channels: of an image.
        heads: what it gives, in this order.
    """

    def __init__(self, *, channels: int, heads: Sequence[HeadSpec]) -> None:
        super().__init__()
        self.channels = channels
        self.head_specs = tuple(heads)

    @property
    def projects(self) -> bool:
        """Whether it makes maps of one slice, whatever layers an image has."""
        return False

    @property
    @abc.abstractmethod
    def divisor(self) -> Shape:
        """What every side of an image must be a multiple of."""

    @abc.abstractmethod
    def forward(self, image: Float[Tensor, "b c z y x"]) -> dict[str, list[Tensor]]:
        """Logits of every head, finest first."""

    def check_image(self, image: Tensor) -> None:
        """A ShapeError unless an image has the channels and sides that this network takes."""
        if image.shape[1] != self.channels:
            raise ShapeError(f"this network takes {self.channels} channels; got an image of {image.shape[1]}")
        check_divides(image.shape[2:], self.divisor)
        if self.training and tuple(image.shape[2:]) == self.divisor and not self._sees_several(image):
            raise ShapeError(
                f"patches of {tuple(image.shape[2:])} leave one voxel after pooling by {self.divisor}, "
                "of which norms learn nothing; use larger patches or fewer poolings"
            )

    def _sees_several(self, image: Tensor) -> bool:
        """Whether norms see a batch of several images at once."""
        return len(image) > 1 and any(isinstance(module, BatchNorm) for module in self.modules())


@dataclass(frozen=True)
class Task:
    """What a network is built for.

    Args:
        heads: what it gives, in this order.
        channels: of an image.
        patch_size: voxels it is trained on; one voxel along z makes it a 2D network.
        voxel_size: None stands for equal edges.
    """

    heads: tuple[HeadSpec, ...]
    channels: int
    patch_size: Shape
    voxel_size: VoxelSize | None = None

    @property
    def is_flat(self) -> bool:
        """Whether it is for slices."""
        return self.patch_size[0] == 1

    @property
    def outputs(self) -> int:
        """Channels of all heads."""
        return sum(head.channels for head in self.heads)


class Design(Protocol):
    """A choice of network with its options, as a recipe names it."""

    def build(self, task: Task) -> Network:
        """The network, weights drawn from torch's generator."""


def count_parameters(network: nn.Module) -> int:
    """Numbers that training changes."""
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
