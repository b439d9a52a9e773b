"""Weights on channels and voxels that a network computes from what it sees."""

from jaxtyping import Float
from torch import Tensor, nn

from volumen.networks.layers import Layers, build_normalisation

# Hu et al. 2018 squeeze sixteenfold.
SQUEEZE = 16
SMALLEST_SQUEEZE = 4


class SqueezeExcitation(nn.Module):
    """Channels weighed by their means over the image (Hu et al. 2018, eq. 2 to 4)."""

    def __init__(self, features: int) -> None:
        super().__init__()
        hidden = max(features // SQUEEZE, SMALLEST_SQUEEZE)
        self.weigh = nn.Sequential(
            nn.AdaptiveAvgPool3d(1),
            nn.Conv3d(features, hidden, 1),
            nn.ReLU(inplace=True),
            nn.Conv3d(hidden, features, 1),
            nn.Sigmoid(),
        )

    def forward(
        self, features: Float[Tensor, "b c z y x"], seen: Float[Tensor, "b c z y x"]
    ) -> Float[Tensor, "b c z y x"]:
        """The features, each channel times its weight.

        Args:
            features: what is weighed.
            seen: what the weights are computed from. It must not have come out of an instance norm, behind which every
                image has the same means.
        """
        weighed: Tensor = features * self.weigh(seen)
        return weighed


class AttentionGate(nn.Module):
    """Voxels of a skip connection weighed by what the decoder knows of them (Oktay et al. 2018, eq. 1 and 2)."""

    def __init__(self, features: int, layers: Layers) -> None:
        super().__init__()
        hidden = max(features // 2, 1)
        self.skip = nn.Sequential(nn.Conv3d(features, hidden, 1), build_normalisation(hidden, layers))
        self.gate = nn.Sequential(nn.Conv3d(features, hidden, 1), build_normalisation(hidden, layers))
        self.weigh = nn.Sequential(nn.ReLU(inplace=True), nn.Conv3d(hidden, 1, 1), nn.Sigmoid())

    def forward(self, skip: Float[Tensor, "b c z y x"], gate: Float[Tensor, "b c z y x"]) -> Float[Tensor, "b c z y x"]:
        """The skip connection, each voxel times its weight.

        Args:
            skip: what the encoder left.
            gate: the decoder's features at the same resolution.
        """
        weighed: Tensor = skip * self.weigh(self.skip(skip).add_(self.gate(gate)))
        return weighed
