"""The recipes for surfaces without holes: they plan as they are, and learn from a scroll phantom at test widths."""

import csv
import math

import pytest
import torch

from volumen.config import read_recipe
from volumen.data import write_phantoms
from volumen.heads import HeadSpec
from volumen.networks import build_network
from volumen.training import RunOptions, train_folds

HEADS = (HeadSpec("surface", 1, "sigmoid"),)
SMALL = [
    "data.num_workers=0",
    "data.batch_size=1",
    "data.folds=2",
    "training.precision=32-true",
    "prediction.overlap=0.25",
]
WIDTHS = {
    "scroll-topology": ["data.patch_size=[16,24,24]", "prediction.tile=[16,24,24]", "network.features=4"],
    "surface-best": ["data.patch_size=32", "network.features=[4,8,8]"],
}


@pytest.fixture(scope="module")
def scrolls(tmp_path_factory):
    root = tmp_path_factory.mktemp("scrolls")
    write_phantoms("scroll", root, cases=2, size=40, seed=0)
    return root


@pytest.mark.parametrize(("name", "parameters"), [("scroll-topology", 23.63), ("surface-best", 102.35)])
def test_a_recipe_plans_as_it_is(name, parameters):
    config = read_recipe(name)
    with torch.device("meta"):
        network = build_network(config.network, heads=HEADS, channels=1, patch_size=config.data.patch_size)
        output = network(torch.empty(1, 1, *config.tile))
    assert output["surface"][0].shape[2:] == config.tile
    assert sum(weight.numel() for weight in network.parameters()) / 1e6 == pytest.approx(parameters, abs=0.01)
    assert config.data.ignore == 2


@pytest.mark.parametrize("name", WIDTHS)
def test_a_recipe_trains_a_step_with_every_loss(name, scrolls, tmp_path):
    config = read_recipe(name, [f"data.root={scrolls}", *SMALL, *WIDTHS[name]])
    train_folds(config, out=tmp_path / "run", options=RunOptions(fast=True))
    with (tmp_path / "run/fold_0/metrics.csv").open() as file:
        row = next(csv.DictReader(file))
    for loss in config.heads["surface"].losses:
        assert math.isfinite(float(row[f"train/surface/{loss.name}"]))
    assert (tmp_path / "run/fold_0/model_ema/model.json").exists()


def test_the_topology_recipe_has_the_figures_of_the_system_it_replaces():
    config = read_recipe("scroll-topology")
    losses = {loss.name: loss for loss in config.heads["surface"].losses}
    assert set(losses) >= {"cldice", "morphological_skeleton", "surface_distance", "persistence"}
    assert losses["surface_distance"].every == 16
    assert config.network.options["features"] == 40
    assert config.data.patch_size == (72, 136, 136)
    assert [edge - shared for edge, shared in zip(config.tile, config.prediction.overlap, strict=True)] == [
        36,
        104,
        104,
    ]
    assert (config.training.steps_per_epoch, config.training.max_epochs, config.training.max_hours) == (4000, 32, 48)
