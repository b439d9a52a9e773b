from dataclasses import replace

import numpy as np
import pytest
import torch

from volumen.config import Component
from volumen.data import (
    BalancedSampling,
    Flip,
    GaussianNoise,
    Rotate90,
    UniformSampling,
    Wanted,
    find_cases,
    fit_normalisations,
)
from volumen.data.drawing import SamplePlan, augment_sample, draw_sample, pick_case
from volumen.data.patches import PatchReader
from volumen.data.samples import collate_samples
from volumen.errors import VolumenError
from volumen.volumes import open_volume

PATCH = (8, 8, 8)


@pytest.fixture
def plan(scrolls) -> SamplePlan:
    cases = tuple(find_cases(scrolls))
    return SamplePlan(
        cases=cases,
        wanted=Wanted(("labels",)),
        patch=PATCH,
        ignore=2,
        maps=fit_normalisations(cases, Component(name="percentile")),
        sampling=UniformSampling(),
        transforms=(),
        seed=42,
        training=True,
    )


def draw(plan: SamplePlan, number: int):
    return draw_sample(plan, number, PatchReader(1 << 20))[0]


def test_a_sample_is_the_normalised_patch_at_its_origin(plan):
    for number in range(8):
        sample = draw(plan, number)
        case = next(case for case in plan.cases if case.name == sample.cases[0])
        z, y, x = sample.origin[0].tolist()
        there = np.s_[z : z + 8, y : y + 8, x : x + 8]
        image = plan.maps[case.name].apply(open_volume(case.image).read()[there])
        labels = open_volume(case.labels["labels"]).read()[there].astype(np.int64)
        assert np.array_equal(sample.image[0, 0].numpy(), image)
        assert np.array_equal(sample.labels["labels"][0].numpy(), np.where(labels == 2, -100, labels))


def test_sample_i_is_a_function_of_the_seed_and_i_alone(plan):
    plan = replace(plan, transforms=(Flip(), Rotate90(), GaussianNoise()))
    reader = PatchReader(1 << 20)
    backwards = {number: draw_sample(plan, number, reader)[0] for number in reversed(range(12))}
    for number in range(12):
        again = draw(plan, number)
        assert torch.equal(again.image, backwards[number].image)
        assert torch.equal(again.labels["labels"], backwards[number].labels["labels"])


def test_another_seed_draws_other_samples(plan):
    seeds = {int(draw(replace(plan, seed=seed), 0).seed) for seed in range(5)}
    assert len(seeds) == 5


def test_every_case_comes_once_in_each_turn_newly_shuffled(plan):
    turns = [[pick_case(plan, 5 * turn + place)[0].name for place in range(5)] for turn in range(20)]
    assert all(sorted(turn) == [f"s{i}" for i in range(5)] for turn in turns)
    assert len({tuple(turn) for turn in turns}) > 10


def test_validation_patches_do_not_depend_on_the_other_cases(plan):
    plan = replace(plan, training=False)
    fewer = replace(plan, cases=plan.cases[3:])
    # patch 1 of s3: number 5 + 3 of five cases, number 2 + 0 of two
    several, few = draw(plan, 8), draw(fewer, 2)
    assert several.cases == few.cases == ("s3",)
    assert torch.equal(several.origin, few.origin)


def test_validation_is_never_augmented(plan):
    plain = replace(plan, training=False)
    noisy = replace(plain, transforms=(GaussianNoise(p=1.0), Flip(p=1.0)))
    assert torch.equal(draw(plain, 3).image, draw(noisy, 3).image)


def test_a_volume_smaller_than_the_patch_is_padded_with_0_and_ignored_labels(plan):
    sample = draw(replace(plan, patch=(16, 16, 16)), 0)
    assert sample.image.shape == (1, 1, 16, 16, 16)
    assert (sample.image[..., 12:, :, :] == 0).all()
    assert (sample.labels["labels"][:, :, 14:] == -100).all()
    assert (sample.labels["labels"][:, :12, :14, 2:16] != -100).all()


def test_balanced_sampling_looks_at_the_labels(plan):
    plan = replace(plan, sampling=BalancedSampling(0.45, 0.55, tries=200), patch=(2, 2, 2))
    for number in range(10):
        labels = draw(plan, number).labels["labels"]
        known = labels != -100
        assert (labels[known] > 0).double().mean() == 0.5


def test_an_unreachable_share_is_noted(plan):
    plan = replace(plan, sampling=BalancedSampling(0.95, 1.0), patch=(12, 14, 16))
    assert "foreground share" in draw_sample(plan, 0, PatchReader(0))[1]


def test_a_batch_is_augmented_like_its_samples(plan):
    transforms = (Flip(), Rotate90(), GaussianNoise())
    plain = [draw(plan, number) for number in range(6)]
    batch = augment_sample(collate_samples(plain), transforms)
    alone = collate_samples([augment_sample(sample, transforms) for sample in plain])
    assert torch.equal(batch.image, alone.image)
    assert torch.equal(batch.labels["labels"], alone.labels["labels"])


def test_two_samples_never_share_their_random_stream(plan):
    """nnU-Net's workers all flip alike, because they share one stream."""
    plan = replace(plan, transforms=(GaussianNoise(sigma=1.0, p=1.0),))
    noises = [draw(plan, i).image - draw(replace(plan, transforms=()), i).image for i in range(6)]
    assert all(not torch.equal(noises[i], noises[j]) for i in range(6) for j in range(i))


def test_an_error_names_its_case(plan):
    case = replace(plan.cases[0], image="gone.tif", name="s0")
    with pytest.raises(VolumenError, match=r"case s0: .*gone\.tif"):
        draw(replace(plan, cases=(case,)), 0)


def test_the_voxel_size_is_nan_where_the_case_has_none(plan):
    plan = replace(plan, cases=tuple(replace(case, voxel_size=None) for case in plan.cases))
    assert draw(plan, 0).voxel_size.isnan().all()


def test_several_labels_of_a_case_come_together(scrolls, plan, write_volume):
    fine = write_volume("extra/fine.tif", np.arange(12 * 14 * 16, dtype=np.uint32).reshape(12, 14, 16))
    cases = tuple(replace(case, labels=case.labels | {"fine": str(fine)}) for case in plan.cases)
    sample = draw(replace(plan, cases=cases, wanted=Wanted(("labels", "fine")), ignore=None), 0)
    z, y, x = sample.origin[0].tolist()
    assert set(sample.labels) == {"labels", "fine"}
    assert sample.labels["fine"][0, 0, 0, 0] == (z * 14 + y) * 16 + x


def test_slices_are_cut_from_a_volume_when_the_patch_is_flat(plan):
    sample = draw(replace(plan, patch=(1, 8, 8), transforms=(Flip(p=1.0), Rotate90(p=1.0))), 0)
    assert sample.image.shape == (1, 1, 1, 8, 8)
