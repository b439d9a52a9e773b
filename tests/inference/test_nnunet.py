"""nnU-Net's models, saved and run by nnU-Net itself: tests/data/nnunet/make_fixtures.py."""

import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from volumen.config import Component, build_component
from volumen.errors import ExistsError, ModelError
from volumen.geometry import TileGrid
from volumen.inference import import_nnunet, load_model
from volumen.networks import transfer_weights
from volumen.volumes import measure_intensity

FIXTURES = Path(__file__).parents[1] / "data" / "nnunet"
MODELS = ("plain", "residual", "flat", "regions")


@pytest.fixture(params=MODELS)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    out = tmp_path_factory.mktemp("imported")
    return {name: load_model(import_nnunet(FIXTURES / name, out / name)[0], device="cpu") for name in MODELS}


@pytest.fixture
def results(tmp_path):
    """A copy of a results folder that may be spoilt."""
    return Path(shutil.copytree(FIXTURES / "plain", tmp_path / "results"))


def read_expected(name):
    with np.load(FIXTURES / name / "expected.npz") as arrays:
        return dict(arrays)


def change_json(path, change):
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))


def lay_tile(tile, axes):
    """A tile or its logits `b c …`, whose axes are those that the weights know, with the axes of the volume."""
    array = torch.from_numpy(tile)
    array = array.unsqueeze(2) if array.ndim == 4 else array
    return array.permute(0, 1, *(2 + axes.index(axis) for axis in range(3)))


def test_logits_are_those_of_nnunet(name, imported):
    expected, model = read_expected(name), imported[name]
    axes = model.training["imported"]["transpose_forward"]
    with torch.no_grad():
        heads = model.network(lay_tile(expected["tile"], axes))
    logits = torch.cat([levels[0] for levels in heads.values()], dim=1)
    torch.testing.assert_close(logits, lay_tile(expected["logits"], axes), rtol=1e-4, atol=1e-4)


def join_heads(heads):
    return np.concatenate([head if head.ndim == 4 else head[None] for head in heads.values()])


def test_probabilities_of_a_tile_are_those_of_nnunet(name, imported):
    expected = read_expected(name)
    found = join_heads(imported[name].predict_probabilities(expected["corner"]))
    assert np.abs(found - expected["corner_probabilities"]).max() < 1e-5


def weigh_as_nnunet(tile):
    """Its Gaussian: about voxel `edge // 2`, where ours is about the middle."""
    middle = np.zeros(tile)
    middle[tuple(edge // 2 for edge in tile)] = 1
    weights = gaussian_filter(middle, [edge / 8 if edge > 1 else 0 for edge in tile], mode="constant")
    return np.maximum(weights, weights[weights > 0].min())


def add_tiles_as_nnunet(model, image):
    """Probabilities of a volume from our network and nnU-Net's weights, in double precision."""
    normalisation = build_component("normalisation", model.normalisation)
    volume = torch.from_numpy(normalisation.fit(measure_intensity(image)).apply(image))[None, None]
    tile = model.config.data.patch_size
    weights, sums, total = weigh_as_nnunet(tile), 0.0, np.zeros(image.shape)
    for box in TileGrid.plan(image.shape, tile, [edge // 2 for edge in tile]).boxes():
        with torch.no_grad():
            heads = model.network(volume[(..., *box.slices)].contiguous())
        logits = torch.cat([levels[0] for levels in heads.values()], dim=1)[0].double().numpy()
        placed = np.zeros((len(logits), *image.shape))
        placed[(slice(None), *box.slices)] = logits * weights
        sums, total[box.slices] = sums + placed, total[box.slices] + weights
    logits = torch.from_numpy(sums / total)
    return (logits.softmax(0) if model.heads[0].activation == "softmax" else logits.sigmoid()).numpy()


def test_a_volume_added_up_with_the_weights_of_nnunet_is_that_of_nnunet(name, imported):
    expected = read_expected(name)
    found = add_tiles_as_nnunet(imported[name], expected["image"][0])
    assert np.abs(found - expected["probabilities"]).max() < 1e-4


def test_a_volume_added_up_with_our_weights_is_near_it(name, imported):
    # networks of random weights disagree wildly where tiles meet: the worst case for another window
    expected = read_expected(name)
    found = join_heads(imported[name].predict_probabilities(expected["image"][0]))
    assert np.abs(found - expected["probabilities"]).mean() < 0.02


def test_labels_of_a_volume_are_near_those_of_nnunet(imported):
    for name in ("plain", "flat", "residual"):
        expected = read_expected(name)
        assert np.mean(imported[name].predict(expected["image"][0]) == expected["labels"]) > 0.97


def test_regions_are_heads_with_a_threshold(imported):
    model, expected = imported["regions"], read_expected("regions")
    assert [head.name for head in model.heads] == ["whole", "core"]
    for number, head in enumerate(("whole", "core")):
        sure = np.abs(expected["corner_probabilities"][number] - 0.5) > 1e-4
        found = model.predict(expected["corner"], head=head)
        assert np.array_equal(found[sure], (expected["corner_probabilities"][number] > 0.5)[sure])


@pytest.mark.parametrize(
    ("name", "normalisation"),
    [
        ("plain", {"name": "dataset_zscore", "low": 30.0, "high": 220.0, "mean": 120.0, "std": 40.0}),
        ("residual", {"name": "zscore"}),
        ("flat", {"name": "percentile", "low": 0.0, "high": 100.0}),
        ("regions", {"name": "range", "low": 0.0, "high": 255.0}),
    ],
)
def test_normalisation_is_carried_over(name, normalisation, imported):
    assert imported[name].normalisation == Component.model_validate(normalisation)


def test_axes_that_nnunet_turned_are_turned_back(imported):
    model = imported["plain"]
    assert model.config.data.patch_size == (16, 8, 12)
    assert model.network.plan.stages[0].kernel == (3, 1, 3)
    assert model.network.divisor == (4, 2, 4)


def test_a_model_says_where_it_comes_from(imported):
    about = imported["residual"].training["imported"]
    assert about["dataset"] == "Dataset001_Fixture"
    assert about["configuration"] == "3d_fullres"
    assert about["trainer"] == "nnUNetTrainer"
    assert about["checkpoint"] == "fold_0/checkpoint_final.pth"


def test_an_imported_model_is_one_to_start_from(imported):
    transfer = transfer_weights(imported["residual"].network, imported["residual"].network)
    assert not transfer.kept + transfer.misshaped + transfer.unused


def test_every_fold_is_imported_and_none_twice(results, tmp_path):
    shutil.copytree(results / "fold_0", results / "fold_3")
    assert import_nnunet(results, tmp_path / "out") == [tmp_path / f"out/fold_{fold}/model" for fold in (0, 3)]
    with pytest.raises(ExistsError, match="--overwrite"):
        import_nnunet(results, tmp_path / "out", fold=3)
    assert len(import_nnunet(results, tmp_path / "out", fold=3, overwrite=True)) == 1


def test_a_checkpoint_that_holds_code_is_not_read(results, tmp_path):
    path = results / "fold_0" / "checkpoint_final.pth"
    values = torch.load(path, weights_only=False) | {"trainer_name": Trap(tmp_path / "sprung")}
    torch.save(values, path)
    with pytest.raises(ModelError, match="holds code or foreign objects and is not read"):
        import_nnunet(results, tmp_path / "out")
    assert not (tmp_path / "sprung").exists()


class Trap:
    """What runs when a pickle is read without care."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_the_trap_is_one(tmp_path):
    pickle.loads(pickle.dumps(Trap(tmp_path / "sprung")))
    assert (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda plans: plans["configurations"].pop("3d_fullres"), "lacks '3d_fullres'"),
        (lambda plans: find(plans).update(use_mask_for_norm=[True]), "only what is not zero"),
        (lambda plans: find(plans).update(previous_stage="3d_lowres"), "second stage of a cascade"),
        (lambda plans: find(plans).update(normalization_schemes=["Odd"]), "normalisation Odd cannot be imported"),
        (lambda plans: find(plans).update(normalization_schemes=["ZScoreNormalization"] * 2), "each by itself"),
        (lambda plans: find(plans)["architecture"].update(network_class_name="a.b.Primus"), "network Primus cannot"),
        (lambda plans: find(plans)["architecture"]["arch_kwargs"].update(conv_bias=False), "conv_bias=False"),
        (
            lambda plans: find(plans)["architecture"]["arch_kwargs"].update(norm_op="a.LayerNorm3d"),
            "norm a.LayerNorm3d",
        ),
        (
            lambda plans: find(plans)["architecture"]["arch_kwargs"].update(features_per_stage=[4, 6, 7]),
            "plans.json describes",
        ),
    ],
)
def test_what_cannot_be_imported_is_said(spoil, message, results, tmp_path):
    change_json(results / "plans.json", spoil)
    with pytest.raises(ModelError, match=message):
        import_nnunet(results, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def find(plans):
    return plans["configurations"]["3d_fullres"]


def test_labels_that_the_weights_do_not_have_are_refused(results, tmp_path):
    change_json(results / "dataset.json", lambda dataset: dataset["labels"].update(more=2))
    with pytest.raises(ModelError, match="gives 2 channels, and its data set has 3 labels"):
        import_nnunet(results, tmp_path / "out")


def test_a_configuration_inherits_from_another(results, tmp_path):
    def split(plans):
        whole = plans["configurations"].pop("3d_fullres")
        plans["configurations"] = {
            "base": {key: whole[key] for key in list(whole)[:6]},
            "3d_fullres": {"inherits_from": "base"} | {key: whole[key] for key in list(whole)[6:]},
        }

    change_json(results / "plans.json", split)
    assert len(import_nnunet(results, tmp_path / "out")) == 1


def test_plans_of_the_first_version_are_read_too(results, tmp_path):
    def age(plans):
        configuration = find(plans)
        options = configuration.pop("architecture")["arch_kwargs"]
        configuration |= {
            "UNet_class_name": "PlainConvUNet",
            "UNet_base_num_features": 4,
            "unet_max_num_features": 8,
            "n_conv_per_stage_encoder": options["n_conv_per_stage"],
            "n_conv_per_stage_decoder": options["n_conv_per_stage_decoder"],
            "conv_kernel_sizes": options["kernel_sizes"],
            "pool_op_kernel_sizes": options["strides"],
        }
        plans["configurations"]["3d_fullres"] = configuration

    change_json(results / "plans.json", age)
    with pytest.raises(ModelError, match=r"\(6, 4, 3, 3, 3\), and plans.json describes \(8, 4"):  # 4, 8, 8 features
        import_nnunet(results, tmp_path / "out")


@pytest.mark.parametrize("missing", ["plans.json", "dataset.json", "fold_0"])
def test_folders_that_are_no_results_are_told_what_is_expected(missing, results, tmp_path):
    path = results / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(ModelError, match=r"results folder of a trainer holds plans\.json"):
        import_nnunet(results, tmp_path / "out")


def test_a_truncated_checkpoint_is_named(results, tmp_path):
    path = results / "fold_0" / "checkpoint_final.pth"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ModelError, match="truncated or no checkpoint"):
        import_nnunet(results, tmp_path / "out")
