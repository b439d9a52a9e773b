from dataclasses import replace

import numpy as np
import pytest
import torch

from volumen.config import Component
from volumen.data import Flip, LabelTarget, Rotate90, UniformSampling, Wanted, find_cases, fit_normalisations
from volumen.data.drawing import SamplePlan, draw_sample
from volumen.data.encoding import cut_middle, find_halos
from volumen.data.patches import PatchReader
from volumen.data.samples import collate_samples
from volumen.geometry import VoxelSize
from volumen.targets import AffinitiesTarget, BoundaryTarget, DistanceTarget
from volumen.volumes import open_volume

TARGETS = {
    "rim": LabelTarget("labels", BoundaryTarget(side="both")),
    "far": LabelTarget("labels", AffinitiesTarget(offsets=[[3, 0, 0], [0, 2, 0], [0, 0, -4]])),
    "deep": LabelTarget("labels", DistanceTarget(clip=2.0)),
}


@pytest.fixture
def plan(scrolls, write_volume, rng) -> SamplePlan:
    for number in range(5):
        coarse = rng.integers(0, 3, (4, 5, 6), np.uint8)
        labels = coarse.repeat(3, 0).repeat(3, 1).repeat(3, 2)[:12, :14, :16]
        write_volume(f"train_labels/s{number}.tif", labels)
    cases = tuple(find_cases(scrolls))
    return SamplePlan(
        cases=cases,
        wanted=Wanted(("labels",), TARGETS),
        patch=(8, 8, 8),
        ignore=2,
        maps=fit_normalisations(cases, Component(name="percentile")),
        sampling=UniformSampling(),
        transforms=(),
        seed=42,
        training=True,
    )


def draw(plan, number):
    return draw_sample(plan, number, PatchReader(1 << 20))[0]


def encode_whole(plan, sample, name):
    """The target of the whole volume, nobody having looked beyond it, cut where the patch is."""
    case = next(case for case in plan.cases if case.name == sample.cases[0])
    labels = open_volume(case.labels["labels"]).read().astype(np.int64)
    around = np.pad(np.where(labels == 2, -100, labels), 8, constant_values=-100)
    encoded = TARGETS[name].target.encode(torch.from_numpy(around)[None])
    z, y, x = (slice(start + 8, start + 16) for start in sample.origin[0].tolist())
    return encoded.values[:, :, z, y, x], encoded.weight[:, :, z, y, x]


@pytest.mark.parametrize("name", TARGETS)
def test_a_patchs_target_is_that_of_the_whole_volume(plan, name):
    for number in range(8):
        sample = draw(plan, number)
        values, weight = encode_whole(plan, sample, name)
        assert torch.equal(sample.targets[name].weight, weight)
        assert torch.equal(sample.targets[name].values * weight, values * weight)


@pytest.mark.parametrize("transform", [Flip(p=1.0), Rotate90(p=1.0)], ids=["flip", "rotate90"])
def test_the_halo_moves_with_the_patch(plan, transform):
    for number in range(12):
        plain, moved = draw(plan, number), draw(replace(plan, transforms=(transform,)), number)
        params = [transform.draw(np.random.default_rng(int(plain.seed)), plan.patch)]
        assert torch.equal(moved.labels["labels"], transform.apply(plain.labels["labels"], params, "labels"))
        for name in ("rim", "deep"):
            for part in (0, 1):
                expected = transform.apply(plain.targets[name][part], params, "mask")
                assert torch.equal(moved.targets[name][part], expected)


def test_a_label_is_read_as_far_as_any_of_its_targets_looks():
    wanted = Wanted(("ink", "cells"), {"a": LabelTarget("ink", TARGETS["far"].target)})
    assert find_halos(wanted, (8, 9, 10), None) == {"ink": (3, 2, 4), "cells": (0, 0, 0)}


def test_axes_that_can_be_turned_onto_each_other_have_one_halo():
    wanted = Wanted(("ink",), {"a": LabelTarget("ink", TARGETS["far"].target)})
    assert find_halos(wanted, (8, 8, 8), None) == {"ink": (4, 4, 4)}
    assert find_halos(wanted, (4, 8, 8), None) == {"ink": (3, 4, 4)}


def test_the_halo_of_a_length_depends_on_the_voxel_size():
    wanted = Wanted(("ink",), {"a": LabelTarget("ink", DistanceTarget(clip=40, unit="nm"))})
    assert find_halos(wanted, (8, 64, 64), VoxelSize(30, 8, 8)) == {"ink": (2, 6, 6)}


def test_the_middle_of_a_label_keeps_as_much_halo_as_asked():
    labels = torch.arange(14 * 12 * 10).view(1, 14, 12, 10)
    assert torch.equal(cut_middle(labels, (8, 8, 8), (0, 0, 0)), labels[:, 3:11, 2:10, 1:9])
    assert torch.equal(cut_middle(labels, (8, 8, 8), (2, 2, 1)), labels[:, 1:13, 0:12, 0:10])


def test_targets_are_collated_and_moved_with_their_sample(plan):
    samples = [draw(plan, number) for number in range(3)]
    batch = collate_samples(samples)
    for name, each in TARGETS.items():
        assert torch.equal(batch.targets[name].values[2:], samples[2].targets[name].values)
        assert batch.targets[name].linear == each.target.linear
    assert {target.values.device.type for target in batch.to("meta").targets.values()} == {"meta"}


def test_sampling_looks_at_labels_and_without_any_at_nothing(plan):
    sample = draw(replace(plan, wanted=Wanted(())), 0)
    assert sample.labels == sample.targets == {}
