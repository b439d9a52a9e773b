"""Where a network branches into heads."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor, nn

from volumen.heads import HeadSpec


@dataclass(frozen=True)
class Outputs:
    """What a network gives and where it branches.

    Args:
        heads: one list of maps each.
        deep_supervision: in training also the coarser maps, but for the coarsest, which nnU-Net weighs zero.
        shared_decoder: one decoder for all heads, which then differ in a 1³ convolution; otherwise a decoder each.
    """

    heads: tuple[HeadSpec, ...]
    deep_supervision: bool = False
    shared_decoder: bool = False

    @property
    def groups(self) -> dict[str, tuple[HeadSpec, ...]]:
        """Heads by the name of the decoder that they share."""
        return {"shared": self.heads} if self.shared_decoder else {head.name: (head,) for head in self.heads}


def count_levels(poolings: int, *, deep_supervision: bool) -> int:
    """How many of the finest maps carry logits, in a network of so many poolings."""
    return max(1, poolings - 1) if deep_supervision else 1


class HeadModules(nn.ModuleList):
    """Modules that know what they are for: weights of one find their like in a network with other heads."""

    def __init__(self, modules: Iterable[nn.Module], names: Iterable[str]) -> None:
        super().__init__(modules)
        self.names = tuple(names)


class Heads(nn.Module):
    """Logits of several heads at one resolution, each from its own 1³ convolution; 1² in a network of images."""

    def __init__(self, features: int, specs: Sequence[HeadSpec], *, flat: bool = False) -> None:
        super().__init__()
        convolution = nn.Conv2d if flat else nn.Conv3d
        convolutions = (convolution(features, head.channels, 1) for head in specs)
        self.convolutions = HeadModules(convolutions, [head.name for head in specs])

    def forward(self, features: Float[Tensor, "b c *zyx"]) -> list[Tensor]:
        """One map a head."""
        return [convolution(features) for convolution in self.convolutions]
