"""Losses of numbers that are no probabilities: distances, vectors, descriptors, tensors, images."""

import math
from collections.abc import Callable
from functools import partial
from typing import Annotated, NamedTuple, final

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor
from torch.nn.functional import l1_loss, mse_loss, smooth_l1_loss

from volumen.errors import ConfigError
from volumen.heads import HeadSpec
from volumen.losses.boundary import list_edges
from volumen.losses.loss import Compared, Loss, LossContext, Scalar, activate, average_voxels, check_channels

TINY = 1e-12
# Channels of symmetric tensors: the upper triangle row by row, in two or three dimensions.
DIAGONALS = {3: (0, 2), 6: (0, 3, 5)}
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Maps = Float[Tensor, "b c z y x"]


@final
class Regression(Loss):
    """The mean by weight of what each number is off; `build_mse`, `build_l1` and `build_smooth_l1` make it.

    A sigmoid head's numbers are compared after the sigmoid.

    Args:
        measure: how far two numbers are apart.
        foreground: what voxels count whose target is not 0 in all channels, against 1 for the others.
    """

    def __init__(self, measure: Callable[[Tensor, Tensor], Tensor], *, foreground: float = 1.0) -> None:
        self.measure = measure
        self.foreground = foreground

    def judge(self, compared: Compared, context: LossContext) -> Scalar:
        """0 when they agree."""
        check_channels(compared, context.head)
        weight = compared.weight
        if self.foreground != 1:
            filled = (compared.target != 0).any(1, keepdim=True)
            weight = weight * (1 + (self.foreground - 1) * filled)
        return average_voxels(self.measure(read_numbers(compared.prediction, context.head), compared.target), weight)


def build_mse(*, foreground: Positive = 1.0) -> Regression:
    """(p − t)², the mean over channels and voxels."""
    return Regression(partial(mse_loss, reduction="none"), foreground=foreground)


def build_l1(*, foreground: Positive = 1.0) -> Regression:
    """|p − t|, the mean over channels and voxels."""
    return Regression(partial(l1_loss, reduction="none"), foreground=foreground)


def build_smooth_l1(*, beta: Positive = 1.0, foreground: Positive = 1.0) -> Regression:
    """(p − t)² / 2β below β and |p − t| − β / 2 above (Girshick 2015; Huber's loss over β)."""
    return Regression(partial(smooth_l1_loss, reduction="none", beta=beta), foreground=foreground)


@final
class SignedDistance(Loss):
    """Signed distances near the border, and slopes of one.

        L = Σ_{|t| < rho} w (h_β(p − t) + λ (|∇p| − 1)²) / Σ_{|t| < rho} w

    with h_β as in `smooth_l1`. The slope is Godunov's upwind one (Rouy and Tourin 1992), which is 1 for a true distance
    on ridges too, where central differences are 0. It is asked only of voxels whose neighbours were all looked at: at
    the faces of a patch, differences with nothing would make every slope too small.

    Args:
        rho: how far from the border the band reaches, in voxels of the finest axis; one less than the target's clip at
            most, beyond which slopes are none.
        beta: β, likewise.
        eikonal: λ; 0 leaves slopes as they are.
    """

    fits = ("distance",)

    def __init__(self, *, rho: Positive = 6.0, beta: Positive = 1.0, eikonal: NotNegative = 0.01) -> None:
        self.rho = rho
        self.beta = beta
        self.eikonal = eikonal

    def judge(self, compared: Compared, context: LossContext) -> Scalar:
        """0 when they agree and the truth is a distance wherever it is looked at."""
        check_channels(compared, context.head)
        lengths = read_lengths(context)
        prediction, target = compared.prediction * lengths.voxels, compared.target * lengths.voxels
        band = compared.weight * (target.abs() < min(self.rho, lengths.clip - 1))
        loss = average_voxels(smooth_l1_loss(prediction, target, reduction="none", beta=self.beta), band)
        if self.eikonal == 0:
            return loss
        slope = measure_slope(prediction, list_spacing(context, len(prediction), prediction.device))
        inner = band * find_inner(compared.weight)
        # The sum, not the mean, of the inner voxels over all of the band: slopes that are not asked for cost nothing.
        return loss + self.eikonal * ((slope - 1).square() * inner).sum() / band.sum().clamp(min=1)


@final
class TensorDistance(Loss):
    """The mean squared difference of symmetric tensors: off the diagonal, numbers stand for two entries each.

    L = Σ w ‖P − T‖²_F / d² Σ w in d dimensions, so that it does not depend on how the axes lie.
    """

    fits = ("structure_tensor",)

    def judge(self, compared: Compared, context: LossContext) -> Scalar:
        """0 when they agree."""
        check_channels(compared, context.head)
        channels = compared.target.shape[1]
        if channels not in DIAGONALS:
            raise ConfigError(
                f"head {context.head.name!r} gives {channels} channels; symmetric tensors have 3 in 2D and 6 in 3D"
            )
        entries = torch.full((1, channels, 1, 1, 1), 2.0, device=compared.target.device)
        entries[:, list(DIAGONALS[channels])] = 1
        squares = (compared.prediction - compared.target).square() * entries / entries.sum()
        return average_voxels(squares.sum(1, keepdim=True), compared.weight.amin(1, keepdim=True))


class Lengths(NamedTuple):
    """Voxels of the finest axis that a value of 1 stands for in each sample, and those that lengths are cut at."""

    voxels: Float[Tensor, "b 1 1 1 1"] | float
    clip: float


def read_lengths(context: LossContext) -> Lengths:
    """How a head's signed distances become voxels; a ConfigError when it gives other lengths."""
    spec = context.head.lengths
    if spec is None:
        return Lengths(1.0, math.inf)
    if spec.side != "signed" or spec.scale is None:
        raise ConfigError(
            f"head {context.head.name!r}: this loss goes with signed distances, and its target gives them {spec.side}; "
            "set the target's side: signed, or use smooth_l1"
        )
    clip = math.inf if spec.clip is None else spec.clip
    if spec.unit == "voxel" or context.voxel_size is None:
        return Lengths(spec.scale, clip)
    finest = torch.nan_to_num(context.voxel_size.amin(1), nan=1.0)
    return Lengths(spec.scale / finest.view(-1, 1, 1, 1, 1), clip / float(finest.max()))


def read_numbers(prediction: Maps, head: HeadSpec) -> Maps:
    """A head's numbers: as they are, or its probabilities."""
    return prediction if head.activation == "none" else activate(prediction, head)


def list_spacing(context: LossContext, samples: int, device: torch.device) -> Float[Tensor, "b 3"]:
    """Distances between neighbours along each axis, in voxels of the finest axis."""
    edges = torch.tensor(list_edges(context.voxel_size, samples), device=device)
    return edges * torch.tensor(context.strides, device=device)


def measure_slope(values: Maps, spacing: Float[Tensor, "b 3"]) -> Maps:
    """The length of the upwind gradient: along each axis the steeper way towards the border, where values are 0."""
    sign = values.detach().sign()
    square = torch.zeros_like(values)
    for axis in (2, 3, 4):
        step = spacing[:, axis - 2].view(-1, 1, 1, 1, 1)
        change = values.diff(dim=axis) / step
        nothing = torch.zeros_like(values.narrow(axis, 0, 1))
        back, ahead = torch.cat([nothing, change], axis), torch.cat([change, nothing], axis)
        steepest = torch.maximum(sign * back, -sign * ahead).clamp(min=0)
        square = square + steepest.square()
    return (square + TINY).sqrt()


def find_inner(weight: Float[Tensor, "b w z y x"]) -> Float[Tensor, "b w z y x"]:
    """1 where a voxel and both its neighbours along each axis were looked at; axes of one voxel do not count."""
    inner = (weight > 0).to(weight.dtype)
    seen = inner
    for axis in (2, 3, 4):
        extent = weight.shape[axis]
        if extent > 1:
            nobody = torch.zeros_like(seen.narrow(axis, 0, 1))
            before = torch.cat([nobody, seen.narrow(axis, 0, extent - 1)], axis)
            after = torch.cat([seen.narrow(axis, 1, extent - 1), nobody], axis)
            inner = inner * before * after
    return inner
