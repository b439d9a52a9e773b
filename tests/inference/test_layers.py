"""Surface volumes: a window of layers in, one slice out, by tiles as of the whole."""

import numpy as np
import pytest
import torch

from volumen.errors import ModelError, ShapeError
from volumen.geometry import Box, VoxelSize
from volumen.heads import HeadSpec
from volumen.inference import Compute, Tiling, activate_logits, load_model, predict_array, predict_volume
from volumen.inference.plan import fit_intensity
from volumen.volumes import ArrayVolume

WINDOW, DEPTH = 5, 13
CONFIG = {
    "data": {"patch_size": [WINDOW, 16, 16], "layers": {"jitter": 2}},
    "network": {"name": "unet", "features": 4, "depth": 2, "normalisation": "group", "project": "max"},
    "heads": {"ink": {"target": "binary", "losses": ["dice"]}},
    "prediction": {"overlap": 0.5},
}
HEADS = (HeadSpec("ink", 1, "sigmoid"),)
TILING = Tiling(batch=1)


@pytest.fixture
def make_model(write_model, tmp_path):
    def make(name="model", seed=0, **layers):
        config = CONFIG | {"data": CONFIG["data"] | {"layers": {"jitter": 2} | layers}}
        return load_model(write_model(tmp_path / name, seed, config=config, heads=HEADS), device="cpu")

    return make


@pytest.fixture
def surface(rng):
    return rng.integers(0, 255, (DEPTH, 40, 36)).astype(np.uint8)


def forward_window(model):
    def forward(image):
        return model.network(image.reshape(1, 1, WINDOW, *image.shape[3:]))["ink"][0]

    return forward


def cut_window(model, surface, start):
    """The window as normalised channels of one slice."""
    return fit_intensity(model, surface).apply(surface)[start : start + WINDOW][:, None]


def test_one_tile_is_the_networks_own_answer(make_model, surface):
    model, patch = make_model(), surface[:, :16, :16]
    given = model.predict_probabilities(patch)["ink"]
    window = fit_intensity(model, patch).apply(patch)[4 : 4 + WINDOW]
    with torch.inference_mode():
        expected = model.network(torch.from_numpy(window)[None, None])["ink"][0].sigmoid()[0, 0].numpy()
    assert given.shape == (1, 16, 16)
    np.testing.assert_allclose(given, expected, atol=1e-6)


@pytest.mark.parametrize("region", [None, (16, 32)])
def test_a_volume_by_regions_equals_the_array_in_one_to_the_last_bit(make_model, surface, tmp_path, region):
    model = make_model()
    prediction = predict_volume(
        [model], ArrayVolume(surface), tmp_path / "p.zarr", tiling=TILING, compute=Compute(region=region)
    )
    logits = predict_array(forward_window(model), cut_window(model, surface, 4), tile=(1, 16, 16), overlap=(0, 8, 8))
    expected = activate_logits(logits[None], "sigmoid")[0]
    assert prediction.shape == (1, 40, 36)
    assert prediction.read().tobytes() == expected.tobytes()
    assert model.predict_probabilities(surface, tiling=TILING)["ink"].tobytes() == expected.tobytes()


def test_a_region_of_interest_has_the_numbers_of_the_whole(make_model, surface, tmp_path):
    model, part = make_model(), Box((0, 8, 4), (1, 30, 36))
    whole = predict_volume([model], ArrayVolume(surface), tmp_path / "a.zarr", tiling=TILING).read()
    cut = predict_volume([model], ArrayVolume(surface), tmp_path / "b.zarr", tiling=TILING, roi=part).read()
    assert cut.tobytes() == whole[part.slices].tobytes()


def test_the_window_lies_where_the_recipe_says(make_model, surface):
    model = make_model(centre=3)
    other = surface.copy()
    other[6:] = other[6:, ::-1]  # layers that it does not look at; the grey values are the same
    assert np.array_equal(model.predict_probabilities(surface)["ink"], model.predict_probabilities(other)["ink"])
    other[5] = other[5, ::-1]
    assert not np.array_equal(model.predict_probabilities(surface)["ink"], model.predict_probabilities(other)["ink"])


def test_the_prediction_lies_at_the_first_layer_of_the_window(make_model, surface, tmp_path):
    source = ArrayVolume(surface, VoxelSize(10, 10, 10), offset=(0.0, 50.0, 0.0))
    prediction = predict_volume([make_model()], source, tmp_path / "p.zarr", tiling=TILING)
    assert prediction.open_head("ink").offset == (40.0, 50.0, 0.0)


@pytest.mark.parametrize("tile", [(WINDOW, 16, 16), (1, 16, 16)])
def test_a_tile_may_be_given_with_its_layers_or_as_a_slice(make_model, surface, tile):
    model = make_model()
    given = model.predict_probabilities(surface, tiling=Tiling(tile=tile, overlap=(2, 8, 8), batch=1))["ink"]
    assert given.tobytes() == model.predict_probabilities(surface, tiling=TILING)["ink"].tobytes()


def test_a_tile_of_other_layers_is_refused(make_model, surface):
    with pytest.raises(ShapeError, match="looks at 5 layers; give 1 or 5 along z"):
        make_model().predict_probabilities(surface, tiling=Tiling(tile=(8, 16, 16)))


def test_a_volume_thinner_than_the_window_is_refused(make_model, surface):
    with pytest.raises(ShapeError, match="a volume of 4 layers is thinner than the window of 5"):
        make_model().predict_probabilities(surface[:4])


def test_channels_are_counted_before_layers(make_model, surface):
    with pytest.raises(ShapeError, match="takes images of 1 channels; this one has 2"):
        make_model().predict_probabilities(np.stack([surface, surface]))


def test_models_that_look_at_different_layers_are_not_averaged(make_model, surface, tmp_path):
    models = [make_model("a"), make_model("b", seed=1, centre=3)]
    with pytest.raises(ModelError, match="look at different layers"):
        predict_volume(models, ArrayVolume(surface), tmp_path / "p.zarr")


def test_two_models_average(make_model, surface, tmp_path):
    models = [make_model("a"), make_model("b", seed=1)]
    mean = predict_volume(models, ArrayVolume(surface), tmp_path / "p.zarr", tiling=TILING).read()
    each = [model.predict_probabilities(surface, tiling=TILING)["ink"] for model in models]
    np.testing.assert_allclose(mean, (each[0] + each[1]) / 2, atol=1e-6)
