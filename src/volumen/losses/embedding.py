"""Losses of embeddings: voxels of an object together, objects apart."""

from typing import Annotated, NamedTuple, final

import torch
from jaxtyping import Bool, Float, Int64
from pydantic import Field
from torch import Tensor

from volumen.config import Component
from volumen.errors import ConfigError
from volumen.losses.loss import Compared, Loss, LossContext, Scalar

BOUNDARY, SKELETON = Component(name="boundary"), Component(name="skeleton")
# Keeps the slope of a length finite where it is 0.
TINY = 1e-12
NotNegative = Annotated[float, Field(ge=0)]


class Objects(NamedTuple):
    """Voxels of objects, and the objects of all samples, numbered on.

    Args:
        embeddings: of the voxels.
        weight: of the voxels.
        numbers: of each voxel's object.
        samples: of each object.
        voxels: which of all voxels these are.
    """

    embeddings: Float[Tensor, "voxels e"]
    weight: Float[Tensor, "voxels 1"]
    numbers: Int64[Tensor, " voxels"]
    samples: Int64[Tensor, " objects"]
    voxels: Bool[Tensor, "b z y x"]

    def read(self, values: Float[Tensor, "b k z y x"]) -> Float[Tensor, "voxels k"]:
        """Values of a map at the voxels."""
        return values.movedim(1, -1)[self.voxels]

    def add_up(self, values: Float[Tensor, "voxels k"]) -> Float[Tensor, "objects k"]:
        """Sums over the voxels of each object."""
        sums = values.new_zeros((len(self.samples), values.shape[1]))
        return sums.index_add(0, self.numbers, values)

    def average(self, values: Float[Tensor, "objects 1"]) -> Scalar:
        """The mean over the objects of each sample, and over the samples that have any."""
        counts = torch.bincount(self.samples)
        return (values[:, 0] / counts[self.samples]).sum() / (counts > 0).sum()


@final
class Discriminative(Loss):
    """Pull and push of embeddings (De Brabandere et al. 2017, Semantic Instance Segmentation, equations 1 to 4).

        pull = mean over objects of Σ w max(0, ‖e − μ‖ − δ_v)² / Σ w,  μ the object's mean
        push = mean over pairs of objects of max(0, 2 δ_d − ‖μ_a − μ_b‖)²
        norm = mean over objects of ‖μ‖
        L = pull · v_pull + push · v_push + norm · v_norm

    All for each sample, and the mean over the samples that have objects: data sets whose objects are of different
    classes never push each other. Label 0 is background and no object. Voxels at boundaries and on skeletons, where
    objects meet and where thin ones break, are pulled harder.

    Args:
        delta_v: δ_v: closer than this to its mean a voxel is not pulled.
        delta_d: δ_d: means further apart than twice this are not pushed.
        pull: v_pull.
        push: v_push.
        norm: v_norm.
        edge: what voxels at the boundary of objects count more; 0 asks for no boundary.
        bone: what voxels on skeletons count more; 0 asks for no skeleton.
        class_head: the head that names classes: objects of different classes, by its target, are not pushed apart.
    """

    fits = ("embedding",)
    finest_only = True

    def __init__(
        self,
        *,
        delta_v: NotNegative = 0.5,
        delta_d: NotNegative = 1.5,
        pull: NotNegative = 1.0,
        push: NotNegative = 1.0,
        norm: NotNegative = 0.001,
        edge: NotNegative = 10.0,
        bone: NotNegative = 10.0,
        class_head: str | None = None,
    ) -> None:
        self.margins = (delta_v, delta_d)
        self.shares = (pull, push, norm)
        self.extra = {BOUNDARY.name: edge, SKELETON.name: bone}
        self.maps = tuple(target for target in (BOUNDARY, SKELETON) if self.extra[target.name])
        self.heads = () if class_head is None else (class_head,)

    def judge(self, compared: Compared, context: LossContext) -> Scalar:
        """The share of norms when every object is in a place of its own."""
        if compared.target.shape[1] != 1:
            raise ConfigError(
                f"head {context.head.name!r}: embeddings are compared with the numbers of objects, in one channel; "
                f"its target {context.head.target!r} has {compared.target.shape[1]}"
            )
        objects = find_objects(compared)
        if objects is None:
            return 0 * compared.prediction.sum()
        means = objects.add_up(objects.embeddings * objects.weight) / objects.add_up(objects.weight)
        parts = (
            self._pull(objects, means, context),
            self._push(objects, means, context),
            objects.average(measure_length(means)),
        )
        return torch.stack([share * part for share, part in zip(self.shares, parts, strict=True)]).sum()

    def _pull(self, objects: Objects, means: Float[Tensor, "objects e"], context: LossContext) -> Scalar:
        """How far voxels are from the means of their objects."""
        weight = objects.weight
        for name in (target.name for target in self.maps):
            values, known = context.maps[name]
            weight = weight + self.extra[name] * objects.weight * objects.read((values * known > 0).to(weight.dtype))
        distance = measure_length(objects.embeddings - means[objects.numbers])
        excess = (distance - self.margins[0]).clamp(min=0).square()
        return objects.average(objects.add_up(excess * weight) / objects.add_up(weight))

    def _push(self, objects: Objects, means: Float[Tensor, "objects e"], context: LossContext) -> Scalar:
        """How near the means of different objects are."""
        pairs = objects.samples[:, None] == objects.samples
        if self.heads:
            classes = objects.add_up(objects.read(context.targets[self.heads[0]].values)).argmax(1)
            pairs = pairs & (classes[:, None] == classes)
        pairs = pairs.fill_diagonal_(fill_value=False)
        distance = torch.cdist(means, means, compute_mode="donot_use_mm_for_euclid_dist")
        lack = (2 * self.margins[1] - distance).clamp(min=0).square() * pairs
        counts = torch.bincount(objects.samples, weights=pairs.sum(1).to(means.dtype))
        share = 1 / counts[objects.samples].clamp(min=1)
        return (lack.sum(1) * share).sum() / (counts > 0).sum().clamp(min=1)


def find_objects(compared: Compared) -> Objects | None:
    """The voxels of objects that somebody looked at; None when there are none."""
    numbers = compared.target[:, 0].long()
    weight = compared.weight.amin(1)
    voxels = (numbers > 0) & (weight > 0)
    if not bool(voxels.any()):
        return None
    sample = torch.arange(len(numbers), device=numbers.device).view(-1, 1, 1, 1).expand_as(numbers)
    keys = sample[voxels] * (numbers.max() + 1) + numbers[voxels]
    objects, order = torch.unique(keys, return_inverse=True)
    return Objects(
        embeddings=compared.prediction.movedim(1, -1)[voxels],
        weight=weight[voxels][:, None],
        numbers=order,
        samples=objects // (numbers.max() + 1),
        voxels=voxels,
    )


def measure_length(vectors: Float[Tensor, "n e"]) -> Float[Tensor, "n 1"]:
    """Lengths, with a finite slope where they are 0."""
    return (vectors.square().sum(1, keepdim=True) + TINY).sqrt()
