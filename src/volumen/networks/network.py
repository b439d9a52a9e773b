"""What every network is: an image in, logits of every head out."""

import abc

from jaxtyping import Float
from torch import Tensor, nn

from volumen.geometry import Shape


class Network(nn.Module, abc.ABC):
    """An image in, `{head: [finest, half, …]}` out: logits, always lists.

    Maps below the finest come only with deep supervision and in training mode. A network knows nothing of losses,
    activations or tiles.
    """

    @property
    @abc.abstractmethod
    def divisor(self) -> Shape:
        """What every side of an image must be a multiple of."""

    @abc.abstractmethod
    def forward(self, image: Float[Tensor, "b c z y x"]) -> dict[str, list[Tensor]]:
        """Logits of every head, finest first."""


def count_parameters(network: nn.Module) -> int:
    """Numbers that training changes."""
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
