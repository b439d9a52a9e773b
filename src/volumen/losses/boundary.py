"""Losses that price an error by its distance from the border where it should not be."""

import abc
from collections.abc import Sequence
from typing import Annotated, final

import numpy as np
import torch
from jaxtyping import Bool, Float
from pydantic import Field
from torch import Tensor

from volumen.config import Component
from volumen.losses.loss import Compared, Loss, LossContext, Region, Scalar, average_voxels, open_foreground
from volumen.morphology import measure_distance

DISTANCE = "distance"
HALF = 0.5
Most = Annotated[float, Field(gt=0)]
Map = Float[Tensor, "b 1 z y x"]


class DistanceLoss(Loss):
    """A loss that looks at how far errors are from the truth's border.

    Args:
        most: distances count as this at most, in voxels of the finest axis; also where there is no border at all.
    """

    finest_only = True

    def __init__(self, *, most: Most = 20.0) -> None:
        self.most = most
        self.maps = (ask_distance(most),)

    @final
    def judge(self, compared: Compared, context: LossContext) -> Scalar:
        """0 when they agree."""
        region = open_foreground(compared, context.head)
        values, weight = context.maps[DISTANCE]
        known = (weight.amin(1, keepdim=True) > 0) & (region.weight > 0)
        distance = torch.where(known, values.abs(), 0).clamp(max=self.most)
        return self.measure(region._replace(weight=region.weight * known), distance, context)

    @abc.abstractmethod
    def measure(self, region: Region, distance: Map, context: LossContext) -> Scalar:
        """What errors at their distances from the truth's border cost."""


@final
class Boundary(DistanceLoss):
    """Errors times their distance from the truth's border (Kervadec et al. 2019, Boundary loss).

        L = Σ w φ (p − t) / Σ w  =  Σ w |φ| |p − t| / Σ w

    with φ the signed distance, positive outside. The paper leaves Σ w φ t out, which does not depend on the prediction:
    with it the truth costs 0, and no error less. It says nothing of objects that are missed whole but for their
    thickness, so it goes beside Dice or cross-entropy.
    """

    def measure(self, region: Region, distance: Map, context: LossContext) -> Scalar:
        """The mean over voxels."""
        del context
        return average_voxels(distance * (region.probability - region.truth).abs(), region.weight)


@final
class SurfaceDistance(DistanceLoss):
    """The mean squared distance between the borders of prediction and truth, in voxels², seen from both.

        L = Σ w (|φ_t| + |φ_p|) |p − t| / ½ (A_t + A_p)

    with φ_p the distance to the border of p > ½, without gradient, and A the voxels along each border: between borders
    δ apart the sum of both distances is δ, over δ voxels (after Kervadec et al. 2019). Unlike
    `boundary` it sees an object that is missed whole as far as the next one.

    Distances are measured sample by sample on the processor and nothing of them is kept.
    """

    def measure(self, region: Region, distance: Map, context: LossContext) -> Scalar:
        """The sum over voxels, for each voxel of border."""
        both = (distance, measure_border(region, context).clamp(max=self.most))
        errors = (region.weight * sum(both) * (region.probability - region.truth).abs()).sum()
        areas = [((border < 1) * region.weight).sum() / 2 for border in both]
        return errors / torch.stack(areas).mean().clamp(min=1)


@final
class Hausdorff(DistanceLoss):
    """Squared errors times powers of their distances from both borders (Karimi and Salcudean 2019).

        L = Σ w (p − t)² (d_t^α + d_p^α) / Σ w

    with d the distance to the nearest voxel on the other side, of the truth and of p > ½ (without gradient). What is
    furthest off costs most, so that less of it lowers the Hausdorff distance.

    Args:
        alpha: α.
        most: distances count as this at most, in voxels of the finest axis; also where there is no border at all.
    """

    def __init__(self, *, alpha: Annotated[float, Field(gt=0)] = 2.0, most: Most = 20.0) -> None:
        super().__init__(most=most)
        self.alpha = alpha

    def measure(self, region: Region, distance: Map, context: LossContext) -> Scalar:
        """The mean over voxels."""
        predicted = measure_border(region, context).clamp(max=self.most)
        price = (distance + HALF) ** self.alpha + (predicted + HALF) ** self.alpha
        return average_voxels((region.probability - region.truth).square() * price, region.weight)


def ask_distance(most: float) -> Component:
    """The truth's signed distance as a further target: exact up to `most`, half a voxel at either side of a border."""
    return Component(name=DISTANCE, options={"clip": most})


@torch.no_grad()
def measure_border(region: Region, context: LossContext) -> Float[Tensor, "b 1 z y x"]:
    """Distance of every voxel to the border of p > ½, in voxels of the finest axis; infinite where there is none.

    What nobody looked at is background, as it is in the truth.
    """
    masks = ((region.probability > HALF) & (region.weight > 0))[:, 0].cpu().numpy()
    edges = list_edges(context.voxel_size, len(masks))
    distances = [_measure_both_sides(mask, edge) for mask, edge in zip(masks, edges, strict=True)]
    return torch.from_numpy(np.stack(distances)[:, None]).to(region.probability.device)


def list_edges(voxel_size: Float[Tensor, "b 3"] | None, samples: int) -> list[Sequence[float]]:
    """Edges of each sample's voxels, the finest being 1; all 1 where nobody says."""
    if voxel_size is None:
        return [(1.0, 1.0, 1.0)] * samples
    relative = torch.nan_to_num(voxel_size / voxel_size.amin(1, keepdim=True), nan=1.0)
    edges: list[Sequence[float]] = relative.tolist()
    return edges


def _measure_both_sides(mask: Bool[np.ndarray, "z y x"], edges: Sequence[float]) -> Float[np.ndarray, "z y x"]:
    inside, outside = measure_distance(mask, edges), measure_distance(~mask, edges)
    distance: Float[np.ndarray, "z y x"] = inside + outside - np.float32(HALF)
    return distance
