"""Surface volumes: windows of layers, and one slice of labels for all of them."""

import numpy as np
import pytest
import tifffile
import torch

from volumen.config import DataSection
from volumen.data import Wanted, build_loader, find_cases, gather_cases
from volumen.errors import DataError, ShapeError

DEPTH, WINDOW = 15, 5
SECTION = {"patch_size": [WINDOW, 8, 8], "num_workers": 0, "ignore": None, "normalisation": "none", "batch_size": 1}


@pytest.fixture
def segments(tmp_path, rng):
    """Two segments whose voxels say the layer they are in."""
    for name in ("a", "b"):
        for folder in (f"images/{name}", "labels", "masks"):
            (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        for layer in range(DEPTH):
            tifffile.imwrite(tmp_path / f"images/{name}/{layer:02d}.tif", np.full((24, 20), layer, np.uint8))
        tifffile.imwrite(tmp_path / f"labels/{name}_ink.tif", rng.integers(0, 2, (24, 20)).astype(np.uint8))
        mask = np.ones((24, 20), np.uint8)
        mask[:3] = 0
        tifffile.imwrite(tmp_path / f"masks/{name}.tif", mask)
    return tmp_path


def load(root, *, training=True, count=6, **options):
    data = DataSection.model_validate(SECTION | {"root": str(root), "layers": {"jitter": 2}} | options)
    cases = gather_cases(data).cases
    return cases, list(
        build_loader(cases, config=data, wanted=Wanted(("ink",)), seed=0, first=0, count=count, training=training)
    )


def test_a_patch_has_its_window_of_layers_and_one_slice_of_labels(segments):
    cases, samples = load(segments)
    for sample in samples:
        assert sample.image.shape == (1, 1, WINDOW, 8, 8)
        _, y, x = sample.origin[0].tolist()
        truth = tifffile.imread(segments / f"labels/{sample.cases[0]}_ink.tif").astype(np.int64)
        truth[:3] = -100
        assert np.array_equal(sample.labels["ink"][0, 0].numpy(), truth[y : y + 8, x : x + 8])
    assert all(case.frame.flat for case in cases)


def test_windows_lie_round_the_middle_and_vary_in_training_only(segments):
    first = [int(sample.image[0, 0, 0, 0, 0]) for sample in load(segments, count=20)[1]]
    assert set(first) == {3, 4, 5, 6, 7}
    assert {int(sample.image[0, 0, 0, 0, 0]) for sample in load(segments, training=False)[1]} == {5}


def test_a_centre_may_be_said_and_a_window_stays_inside(segments):
    first = [
        int(sample.image[0, 0, 0, 0, 0]) for sample in load(segments, count=30, layers={"centre": 3, "jitter": 4})[1]
    ]
    assert set(first) == set(range(6))


def test_layers_follow_each_other(segments):
    layers = load(segments, count=1)[1][0].image[0, 0, :, 0, 0]
    assert torch.equal(layers, layers[0] + torch.arange(WINDOW))


def test_sampling_looks_at_the_one_slice(segments):
    tifffile.imwrite(segments / "labels/a_ink.tif", np.pad(np.ones((8, 8), np.uint8), ((16, 0), (12, 0))))
    options = {"sampling": {"name": "balanced", "low": 0.9, "high": 1.0, "tries": 40}}
    samples = [sample for sample in load(segments, **options)[1] if sample.cases == ("a",)]
    assert np.mean([float(sample.labels["ink"].float().mean()) for sample in samples]) > 0.5


def test_a_window_deeper_than_the_volume_is_one_clear_error(segments):
    with pytest.raises((ShapeError, DataError), match="a volume of 15 layers is thinner than the window of 21"):
        load(segments, patch_size=[21, 8, 8])


def test_a_recipe_without_layers_says_what_labels_of_one_slice_need(segments):
    with pytest.raises(DataError, match=r"a, b are one slice, .* set data.layers and network.project"):
        load(segments, layers=None)


def test_a_recipe_with_layers_refuses_labels_of_several(scrolls):
    with pytest.raises(DataError, match=r"data\.layers is for labels of one slice"):
        load(scrolls)


def test_a_mask_of_layers_beside_labels_of_one_slice_is_told(segments):
    tifffile.imwrite(segments / "masks/a.tif", np.ones((DEPTH, 24, 20), np.uint8))
    with pytest.raises(DataError, match=r"labels/a_ink\.tif \(1×24×20, not 15×24×20\)"):
        find_cases(segments)
