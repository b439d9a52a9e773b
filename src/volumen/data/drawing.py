"""Sample number i, a function of the seed and i alone: whichever process makes it, and however often."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from zlib import crc32

import numpy as np
import torch

from volumen.config import LayersSection
from volumen.data.augmentation.transform import Transform
from volumen.data.augmentation.warp import join_warps
from volumen.data.cases import Case
from volumen.data.encoding import Wanted, encode_targets, find_halos
from volumen.data.images import find_shape, read_image
from volumen.data.index import PatchIndex
from volumen.data.labels import read_labels, read_seen
from volumen.data.ordering import choose_case
from volumen.data.patches import PatchReader
from volumen.data.samples import Sample
from volumen.data.sampling import Drawn, Sampling
from volumen.data.views import CaseView
from volumen.errors import VolumenError
from volumen.geometry import Box, Shape, to_shape
from volumen.volumes import IntensityMap

# Last word of the seeds of validation: numbers drawn for one purpose never serve another.
VALIDATION_STREAM = 2


@dataclass(frozen=True)
class SamplePlan:
    """All that samples are made from, as plain data that goes to worker processes.

    Args:
        cases: where patches are cut.
        wanted: labels to read and targets to encode.
        patch: voxels of a patch.
        layers: which layers patches lie in, where labels are one slice for all of them; None for anywhere.
        ignore: the files' label value for "nobody looked".
        maps: what normalisation does to each case.
        sampling: how places are chosen.
        transforms: augmentations in the order they are applied.
        seed: of everything random.
        training: whether cases come shuffled and patches are augmented; if not, patch i of a case is always the same.
        weights: how often each data set is drawn from, by name; each case alike when empty.
        indexes: where labels lie in each case, for samplings that go by it.
    """

    cases: tuple[Case, ...]
    wanted: Wanted
    patch: Shape
    ignore: int | None
    maps: Mapping[str, IntensityMap]
    sampling: Sampling
    transforms: tuple[Transform[Any], ...]
    seed: int
    training: bool
    weights: Mapping[str, float] = field(default_factory=dict)
    indexes: Mapping[str, PatchIndex] = field(default_factory=dict)
    layers: LayersSection | None = None

    @property
    def label_patch(self) -> Shape:
        """Voxels of a patch's labels: one slice for all layers."""
        return self.patch if self.layers is None else (1, *self.patch[1:])


def draw_sample(plan: SamplePlan, number: int, reader: PatchReader) -> tuple[Sample, str | None]:
    """Sample `number`, and what a user should be told once."""
    case, rng = pick_case(plan, number)
    try:
        return _draw_from(plan, case, rng, reader)
    except VolumenError as error:
        raise type(error)(f"case {case.name}: {error}") from error


def pick_case(plan: SamplePlan, number: int) -> tuple[Case, np.random.Generator]:
    """Which case a sample is from, and the stream it draws from.

    In training the order is that of `choose_case`. In validation the cases come in order, and what is drawn depends on
    the case's name and on how often it came before, nothing else.
    """
    if plan.training:
        case = choose_case(plan.cases, plan.seed, number, plan.weights)
        return case, np.random.default_rng((plan.seed, number))
    turn, place = divmod(number, len(plan.cases))
    case = plan.cases[place]
    return case, np.random.default_rng((plan.seed, turn, crc32(case.name.encode()), VALIDATION_STREAM))


def augment_sample(sample: Sample, transforms: Sequence[Transform[Any]]) -> Sample:
    """The sample after each transform, every patch changed by draws from its own seed."""
    streams = [np.random.default_rng(seed) for seed in sample.seed.tolist()]
    for transform in join_warps(transforms):
        params = [transform.draw(stream, to_shape(sample.image.shape[-3:])) for stream in streams]
        labels = {name: transform.apply(tensor, params, "labels") for name, tensor in sample.labels.items()}
        weight = None if sample.weight is None else transform.apply(sample.weight, params, "mask")
        image = transform.apply(sample.image, params, "image")
        sample = replace(sample, image=image, labels=labels, weight=weight)
    return sample


def _draw_from(
    plan: SamplePlan, case: Case, rng: np.random.Generator, reader: PatchReader
) -> tuple[Sample, str | None]:
    sample, notice = read_sample(plan, case, rng, reader)
    moved = augment_sample(sample, plan.transforms) if plan.training else sample
    return encode_targets(moved, plan.wanted, plan.label_patch, case.voxel_size), notice if plan.training else None


def read_sample(
    plan: SamplePlan, case: Case, rng: np.random.Generator, reader: PatchReader
) -> tuple[Sample, str | None]:
    """A patch as its files have it, labels with the halos that targets need; and what a user should be told once."""
    seed = int(rng.integers(2**63))
    drawn = _draw_place(plan, case, rng, reader)
    labelled = case.frame.lay_labels(drawn.box)
    halos = find_halos(plan.wanted, plan.label_patch, case.voxel_size)
    labels = {
        name: read_labels(case, name, labelled.grow(halo), reader=reader, ignore=plan.ignore)[None]
        for name, halo in halos.items()
    }
    image = read_image(case, drawn.box, reader=reader, intensities=plan.maps[case.name])
    sample = Sample(
        image=torch.from_numpy(image[None]),
        labels={name: torch.from_numpy(array) for name, array in labels.items()},
        cases=(case.name,),
        origin=torch.tensor([drawn.box.start]),
        voxel_size=torch.tensor([tuple(case.voxel_size or (math.nan,) * 3)], dtype=torch.float32),
        seed=torch.tensor([seed]),
        class_ids=None if case.class_id is None else torch.tensor([case.class_id]),
    )
    return sample, drawn.notice


def _draw_place(plan: SamplePlan, case: Case, rng: np.random.Generator, reader: PatchReader) -> Drawn:
    """Where a patch is cut; one of layers where sampling says in the slice of labels, and as deep as the layers say."""
    name = plan.wanted.find_seen(case)
    read = None if name is None else partial(read_seen, case, name, reader=reader, ignore=plan.ignore)
    shape, index = find_shape(case, reader), plan.indexes.get(case.name)
    if plan.layers is None:
        return plan.sampling.draw(CaseView(shape, plan.patch, read, index), rng)
    start = _draw_start(plan, plan.layers, shape[0], rng)
    drawn = plan.sampling.draw(CaseView((1, *shape[1:]), plan.label_patch, read, index), rng)
    (_, top, left), (_, bottom, right) = drawn.box.start, drawn.box.stop
    return replace(drawn, box=Box((start, top, left), (start + plan.patch[0], bottom, right)))


def _draw_start(plan: SamplePlan, layers: LayersSection, depth: int, rng: np.random.Generator) -> int:
    """The first layer of a patch; in validation that of the middle of all that training draws."""
    shift = int(rng.integers(-layers.jitter, layers.jitter, endpoint=True)) if plan.training else 0
    return layers.find_start(depth, plan.patch[0], shift)
