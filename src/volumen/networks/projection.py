"""One slice of all layers: what a network that reads surface volumes puts between its encoder and its decoders."""

from typing import Literal

from jaxtyping import Float
from torch import Tensor, nn

Projected = Literal["max", "mean", "attention"]


class Projection(nn.Module):
    """The layers of a map as one: their maximum, their mean, or their mean by weights learned for every place."""

    def __init__(self, features: int, how: Projected) -> None:
        super().__init__()
        self.how = how
        self.score = nn.Conv3d(features, 1, 1) if how == "attention" else None

    def forward(self, features: Float[Tensor, "b c z y x"]) -> Float[Tensor, "b c 1 y x"]:
        """The map of one slice."""
        if self.score is not None:
            shares: Tensor = self.score(features).softmax(2)
            return (features * shares).sum(2, keepdim=True)
        return features.amax(2, keepdim=True) if self.how == "max" else features.mean(2, keepdim=True)
