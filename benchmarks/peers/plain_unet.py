"""The network that all peers run: nnU-Net's plain U-Net in torch alone, with its names for weights.

Only torch is imported, so that this file is the same in everybody's environment.
"""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

STAGES = 5
CLASSES = 2


class ConvNormAct(nn.Module):
    """Convolution, instance norm, leaky ReLU."""

    def __init__(self, channels: int, features: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv3d(channels, features, 3, stride, padding=1)
        self.norm = nn.InstanceNorm3d(features, affine=True)

    def forward(self, x: Tensor) -> Tensor:
        """The features."""
        return functional.leaky_relu(self.norm(self.conv(x)), 0.01, inplace=True)


class ConvPair(nn.Module):
    """Two of them."""

    def __init__(self, channels: int, features: int, stride: int = 1) -> None:
        super().__init__()
        self.convs = nn.Sequential(ConvNormAct(channels, features, stride), ConvNormAct(features, features, 1))

    def forward(self, x: Tensor) -> Tensor:
        """The features."""
        return self.convs(x)


class Encoder(nn.Module):
    """Features from fine to coarse."""

    def __init__(self, widths: list[int]) -> None:
        super().__init__()
        pairs = zip([1, *widths], widths, strict=False)
        self.stages = nn.Sequential(
            *(
                nn.Sequential(ConvPair(below, width, stride=1 + (index > 0)))
                for index, (below, width) in enumerate(pairs)
            )
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        """Features of every stage, the finest first."""
        skips = []
        for stage in self.stages:
            x = stage(x)
            skips.append(x)
        return skips


class Decoder(nn.Module):
    """Logits from coarse to fine."""

    def __init__(self, widths: list[int]) -> None:
        super().__init__()
        steps = list(zip(widths[:0:-1], widths[-2::-1], strict=True))
        self.transpconvs = nn.ModuleList([nn.ConvTranspose3d(below, width, 2, 2) for below, width in steps])
        self.stages = nn.ModuleList([ConvPair(2 * width, width) for _, width in steps])
        self.seg_layers = nn.ModuleList([nn.Conv3d(width, CLASSES, 1) for _, width in steps])

    def forward(self, skips: list[Tensor], *, all_scales: bool) -> list[Tensor]:
        """Logits, the finest first; of that scale alone unless all are asked for."""
        x, logits = skips[-1], []
        for index, (up, stage, layer) in enumerate(zip(self.transpconvs, self.stages, self.seg_layers, strict=True)):
            x = stage(torch.cat((up(x), skips[-index - 2]), 1))
            if all_scales or index == len(self.stages) - 1:
                logits.append(layer(x))
        return logits[::-1]


class PlainUnet(nn.Module):
    """Logits of an image; of every scale while training."""

    def __init__(self, features: int) -> None:
        super().__init__()
        widths = [min(features * 2**stage, 320) for stage in range(STAGES)]
        self.encoder = Encoder(widths)
        self.decoder = Decoder(widths)

    def forward(self, x: Tensor) -> Tensor | list[Tensor]:
        """A tensor; while training a list, the finest first."""
        logits = self.decoder(self.encoder(x), all_scales=self.training)
        return logits if self.training else logits[0]


def save_weights(path: Path, *, features: int, seed: int = 0) -> None:
    """Write weights as a training would begin with."""
    torch.manual_seed(seed)
    network = PlainUnet(features)
    for module in network.modules():
        if isinstance(module, nn.Conv3d | nn.ConvTranspose3d):
            nn.init.kaiming_normal_(module.weight, a=0.01)
            nn.init.zeros_(module.bias)
    torch.save({"features": features, "weights": network.state_dict()}, path)


def load_network(path: Path) -> PlainUnet:
    """The network with saved weights, ready to predict."""
    saved = torch.load(path, weights_only=True)
    network = PlainUnet(saved["features"])
    network.load_state_dict(saved["weights"])
    return network.eval()
