"""Gaussian means over the voxels that somebody looked at."""

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import conv3d

# Where a Gaussian is cut, in σ.
REACH = 3.0
LEAST = 1e-6


def smooth_gaussian(
    values: Float[Tensor, "b c z y x"], weight: Float[Tensor, "b 1 z y x"], sigma: float
) -> Float[Tensor, "b c z y x"]:
    """Means of each voxel's surroundings by weight and by a Gaussian of `sigma` voxels; 0 where nothing is in reach."""
    reach = math.ceil(REACH * sigma)
    steps = torch.arange(-reach, reach + 1, device=values.device)
    kernel = (-0.5 * (steps / sigma) ** 2).exp()
    means = _convolve(weight, kernel)
    return _convolve(values * weight, kernel) / means.clamp(min=LEAST)


def _convolve(values: Tensor, kernel: Tensor) -> Tensor:
    """Sums along each axis, one after the other; an axis of one voxel is left as it is."""
    length = len(kernel)
    maps = values.flatten(0, 1).unsqueeze(1)
    for axis in range(3):
        if maps.shape[axis + 2] > 1:
            shape = [1, 1, *(length if axis == other else 1 for other in range(3))]
            padding = [length // 2 if axis == other else 0 for other in range(3)]
            maps = conv3d(maps, kernel.view(shape), padding=padding)
    return maps.view_as(values)
