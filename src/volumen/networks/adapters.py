"""Networks of MONAI with the face of ours."""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from volumen.errors import ConfigError
from volumen.geometry import Shape, to_shape
from volumen.networks.network import Network, Task

Reader = Callable[[nn.Module, Tensor], Sequence[Tensor]]


def load_monai(name: str) -> Any:
    """MONAI's networks; a ConfigError says what to install where they are missing.

    Args:
        name: the network that a recipe asked for.
    """
    try:
        import_module("einops")
        return import_module("monai.networks.nets")
    except ImportError as error:
        raise ConfigError(
            f"network {name!r} is MONAI's, and {error.name} cannot be imported: pip install 'volumen[nets]'"
        ) from error


def read_levels(inner: nn.Module, image: Tensor) -> Sequence[Tensor]:
    """The maps of a network that gives one, or in training several, finest first."""
    result = inner(image)
    return [result] if isinstance(result, Tensor) else list(result)


class Adapted(Network):
    """A network that gives all heads' channels at once; slices go through a 2D one as a batch.

    Args:
        inner: what computes.
        task: what for.
        step: what every side of an image must be a multiple of, along z too unless it is a 2D network.
        read: how its maps are had, finest first.
    """

    def __init__(self, inner: nn.Module, task: Task, *, step: int | Shape, read: Reader = read_levels) -> None:
        super().__init__(channels=task.channels, heads=task.heads)
        self.inner = inner
        self.is_flat = task.is_flat
        steps = (step,) * 3 if isinstance(step, int) else step
        self._divisor = to_shape([1, *steps[1:]]) if task.is_flat else to_shape(steps)
        self._read = read

    @property
    def divisor(self) -> Shape:
        """What every side of an image must be a multiple of."""
        return self._divisor

    def forward(self, image: Float[Tensor, "b c z y x"]) -> dict[str, list[Tensor]]:
        """Logits of every head, finest first."""
        self.check_image(image)
        slices = lay_slices(image) if self.is_flat else image
        levels = self._read(self.inner, slices)
        if self.is_flat:
            levels = [stack_slices(level, len(image)) for level in levels]
        parts = [torch.split(level, [head.channels for head in self.head_specs], dim=1) for level in levels]
        return {head.name: [part[number] for part in parts] for number, head in enumerate(self.head_specs)}


def lay_slices(volume: Float[Tensor, "b c z y x"]) -> Float[Tensor, "s c y x"]:
    """Every slice of a batch as an image of its own."""
    return volume.transpose(1, 2).flatten(0, 1)


def stack_slices(slices: Float[Tensor, "s c y x"], batch: int) -> Float[Tensor, "b c z y x"]:
    """The volumes of a batch, from their slices."""
    return slices.reshape(batch, -1, *slices.shape[1:]).transpose(1, 2)
