"""Norms that a GPU computes with what follows them, where it predicts."""

from functools import cache
from importlib.util import find_spec
from typing import TypeGuard

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import conv3d

Features = Float[Tensor, "b c z y x"]


class InstanceNorm(nn.InstanceNorm3d):
    """A norm over each image, with a learned scale and shift."""

    def __init__(self, features: int) -> None:
        super().__init__(features, affine=True)

    def forward(self, features: Features) -> Features:
        """The features, normalised."""
        if fuses(self, features):
            return normalise(features, self)
        normalised: Tensor = super().forward(features)
        return normalised


def fuses(norm: nn.Module, features: Tensor) -> TypeGuard[InstanceNorm]:
    """Whether `normalise` may stand for the norm: on a GPU, where no gradient is asked for."""
    on_gpu = features.is_cuda and not torch.is_grad_enabled() and not torch.compiler.is_compiling()
    return on_gpu and isinstance(norm, InstanceNorm) and _finds_triton()


def normalise(
    features: Features,
    norm: InstanceNorm,
    *,
    slope: float = 1.0,
    added: Features | None = None,
    overwrite: bool = False,
) -> Features:
    """The norm of the features, a sum and a leaky ReLU in one go; `overwrite` when nobody else reads the features."""
    from volumen.networks.gpu_kernels import normalise_features

    layout = torch.contiguous_format if features.is_contiguous() else torch.channels_last_3d
    arranged = features.contiguous(memory_format=layout)
    out = arranged if overwrite else torch.empty_like(arranged)
    normalise_features(
        arranged,
        norm.weight,
        norm.bias,
        epsilon=norm.eps,
        slope=slope,
        added=None if added is None else added.contiguous(memory_format=layout),
        channels_last=layout == torch.channels_last_3d,
        out=out,
    )
    return out


def convolve_unbiased(convolution: nn.Conv3d, features: Features) -> Float[Tensor, "b d k j i"]:
    """The convolution without its bias, which a norm over the image takes away again."""
    return conv3d(features, convolution.weight, None, convolution.stride, convolution.padding)


@cache
def _finds_triton() -> bool:
    return find_spec("triton") is not None
