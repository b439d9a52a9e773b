"""Losses of affinities: the few edges on which it hangs whether objects are whole and apart."""

from collections.abc import Mapping
from typing import Annotated, NamedTuple, final

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int64
from pydantic import Field
from torch import Tensor

from volumen.errors import ConfigError
from volumen.geometry import Box
from volumen.heads import HeadSpec, Offset
from volumen.losses.crops import draw_crop
from volumen.losses.loss import Compared, Loss, LossContext, Scalar, activate, check_channels

HALF = 0.5


class Links(NamedTuple):
    """The edges of a part of one sample: the affinities' places in C order, and the voxels at both ends."""

    places: Int64[np.ndarray, " edges"]
    starts: Int64[np.ndarray, " edges"]
    stops: Int64[np.ndarray, " edges"]


@final
class Malis(Loss):
    """Each pair of voxels judged by the weakest edge of the best path between them (MALIS, Turaga et al. 2009).

        L = ½ Σ_e n⁺_e (1 − p_e)² / Σ n⁺ + ½ Σ_e n⁻_e p_e² / Σ n⁻

    with n⁺_e the pairs of the same object, and n⁻_e those of different objects, that hang on edge e in the maximum
    spanning tree. Both are counted apart, as in constrained MALIS (Funke et al. 2019): for n⁺ only edges within objects
    are there, for n⁻ all of these are joined beforehand. Objects are what true edges join within the patch, so that the
    two ends of one that bends out of it are no split. Only edges to neighbours at faces count.

    Args:
        crop: edge of the part of each sample that is looked at, another one each step; 64 takes 0.2 s of one core.
    """

    fits = ("affinities",)
    finest_only = True

    def __init__(self, *, crop: Annotated[int, Field(ge=2, le=128)] = 64) -> None:
        self.crop = crop

    def judge(self, compared: Compared, context: LossContext) -> Scalar:
        """0 when all edges are certain and right."""
        check_channels(compared, context.head)
        faces = list_faces(context.head)
        affinity = activate(compared.prediction, context.head)
        known = (compared.weight > 0).expand_as(affinity).cpu().numpy()
        truth = compared.target.cpu().numpy() > HALF
        costs = []
        for sample in np.flatnonzero(known.any((1, 2, 3, 4))).tolist():
            box = draw_crop(truth[sample].any(0), self.crop, step=context.step, sample=sample)
            links = list_links(known[sample], faces, box)
            costs.append(judge_links(affinity[sample].flatten(), truth[sample].ravel()[links.places], links))
        return torch.stack(costs).mean() if costs else 0 * affinity.sum()


def list_faces(head: HeadSpec) -> dict[int, Offset]:
    """The channels that link neighbours at faces, and where the other voxel of each lies."""
    if head.affinities is None:
        raise ConfigError(f"head {head.name!r} gives no affinities; this loss goes with target: affinities")
    faces = {number: reach for number, reach in enumerate(head.affinities.reaches) if sum(map(abs, reach)) == 1}
    if not faces:
        raise ConfigError(
            f"head {head.name!r} links no neighbours at faces, along which this loss walks; add the offset [0, 0, 1]"
        )
    return faces


def list_links(known: Bool[np.ndarray, "c z y x"], faces: Mapping[int, Offset], box: Box) -> Links:
    """The known edges in a box of one sample; voxels are numbered within the box."""
    numbers = np.arange(known.size).reshape(known.shape)
    grid = np.arange(box.size).reshape(box.shape)
    parts = []
    for channel, reach in faces.items():
        here = box.clip(box.shift([-step for step in reach]))
        starts, stops = here.relative_to(box.start), here.relative_to(box.start).shift(reach)
        kept = known[channel][here.slices]
        arrays = (numbers[channel][here.slices], grid[starts.slices], grid[stops.slices])
        parts.append(Links(*(array[kept] for array in arrays)))
    return Links(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def judge_links(affinity: Float[Tensor, " places"], joined: Bool[np.ndarray, " edges"], links: Links) -> Scalar:
    """What the affinities of one sample cost.

    Args:
        affinity: all of the sample's, in C order.
        joined: which edges lie within objects.
        links: the edges.
    """
    predicted = affinity.detach().cpu().numpy()
    own, others = (_sort_links(_choose(links, chosen), predicted) for chosen in (joined, ~joined))
    split, merged = count_pairs(own, others)
    within, across = (affinity[torch.from_numpy(part.places).to(affinity.device)] for part in (own, others))
    return HALF * _average((1 - within).square(), split) + HALF * _average(across.square(), merged)


def count_pairs(own: Links, others: Links) -> tuple[Int64[np.ndarray, " own"], Int64[np.ndarray, " others"]]:
    """For each edge within objects the pairs of one object that hang on it, for the others those of two objects.

    Edges come with the strongest first.
    """
    from volumen.losses import affinity_kernels as kernels

    voxels = 1 + max(int(numbers.max(initial=0)) for part in (own, others) for numbers in part[1:])
    alone = np.arange(voxels, dtype=np.int32)
    split = kernels.count_pairs(alone.copy(), np.ones(voxels, np.int64), own.starts, own.stops)
    objects = alone.copy()
    kernels.join_nodes(objects, own.starts, own.stops)
    sizes = np.bincount(kernels.list_roots(objects), minlength=voxels)
    sizes[sizes == 1] = 0  # background, or a voxel that no true edge leads to
    return split, kernels.count_pairs(objects, sizes, others.starts, others.stops)


def _choose(links: Links, chosen: Bool[np.ndarray, " edges"]) -> Links:
    return Links(*(array[chosen] for array in links))


def _sort_links(links: Links, affinity: Float32[np.ndarray, " places"]) -> Links:
    """The strongest first; equal ones stay as they are."""
    order = np.argsort(-affinity[links.places], kind="stable")
    return Links(*(array[order] for array in links))


def _average(errors: Float[Tensor, " edges"], pairs: Int64[np.ndarray, " edges"]) -> Scalar:
    """The mean of errors over pairs of voxels; 0 when there are none."""
    weight = torch.from_numpy(pairs / max(1, pairs.sum())).to(errors)
    return (weight * errors).sum()
