"""Every layout: its folder is known for what it is, and what is drawn from it is what was written."""

import shutil

import numpy as np
import pytest
from public_data_sets import DATA_SETS, Public, Truths

from volumen.config import DataSection
from volumen.data import UniformSampling, Wanted, find_cases, fit_normalisations, gather_cases, recognise_layout
from volumen.data.drawing import SamplePlan, draw_sample
from volumen.data.images import find_shape, read_image
from volumen.data.labels import read_labels
from volumen.data.patches import PatchReader
from volumen.errors import VolumenError
from volumen.geometry import Box
from volumen.volumes import IntensityMap

PLAIN = IntensityMap(-np.inf, np.inf, 0.0, 1.0)


@pytest.fixture(params=DATA_SETS.values(), ids=DATA_SETS.keys())
def public(request) -> Public:
    return request.param


@pytest.fixture
def truths(public, tmp_path, rng) -> Truths:
    return public.build(tmp_path, rng)


def test_the_folder_is_known_for_what_it_is(public, truths, tmp_path):
    assert recognise_layout(tmp_path) == public.layout


def test_every_case_is_found_with_its_voxel_size_and_group(truths, tmp_path):
    cases = find_cases(tmp_path)
    assert {case.name for case in cases} == set(truths)
    for case in cases:
        truth = truths[case.name]
        assert (None if case.voxel_size is None else tuple(case.voxel_size)) == truth.voxel_size
        assert case.group == truth.group
        assert set(case.labels) == set(truth.labels)


def test_every_voxel_is_what_was_written(truths, tmp_path):
    reader = PatchReader(1 << 20)
    for case in find_cases(tmp_path):
        truth = truths[case.name]
        box = Box.whole(find_shape(case, reader))
        image = read_image(case, box, reader=reader, intensities=PLAIN)
        assert np.array_equal(image, truth.image.reshape(image.shape))
        for name, labels in truth.labels.items():
            assert np.array_equal(read_labels(case, name, box, reader=reader, ignore=2), labels)


def test_samples_are_drawn_from_every_case(truths, tmp_path):
    data = DataSection(root=str(tmp_path), patch_size=(2, 4, 4))
    cases = tuple(gather_cases(data).cases)
    labels = tuple(dict.fromkeys(name for case in cases for name in case.labels))
    maps = fit_normalisations(cases, data.normalisation)
    plan = SamplePlan(cases, Wanted(labels), (2, 4, 4), 2, maps, UniformSampling(), (), 0, training=False)
    for number, case in enumerate(cases):
        sample, _ = draw_sample(plan, number, PatchReader(1 << 20))
        assert sample.cases == (case.name,)
        assert 0 <= sample.image.min() <= sample.image.max() <= 1
        where = Box.at(sample.origin[0].tolist(), (2, 4, 4)).slices
        for name, truth in truths[case.name].labels.items():
            if "instances" not in name:
                assert np.array_equal(sample.labels[name][0].numpy(), truth[where])


@pytest.mark.parametrize("name", [name for name, public in DATA_SETS.items() if public.labels])
def test_without_labels_it_says_what_is_missing(name, tmp_path, rng):
    DATA_SETS[name].build(tmp_path, rng)
    for pattern in DATA_SETS[name].labels:
        for path in tmp_path.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(VolumenError) as caught:
        find_cases(tmp_path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) > 20
