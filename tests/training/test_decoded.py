import csv

import numpy as np
import pytest
import tifffile
import torch

from volumen.config import RunConfig
from volumen.data import gather_cases, split_folds
from volumen.errors import ConfigError
from volumen.networks import Network
from volumen.training import RunOptions, train_fold
from volumen.training.setup import set_up_fold, settle_config

HEADS = {
    "mask": {"target": "binary", "label": "cells", "losses": ["cross_entropy"]},
    "rim": {"target": "boundary", "label": "cells", "losses": ["cross_entropy"]},
}
RANGE = {"name": "range", "low": 0, "high": 200}


class Oracle(Network):
    """Knows that voxels of cells are bright, and that dark ones part them."""

    divisor = (1, 1, 1)

    def __init__(self, heads):
        super().__init__(channels=1, heads=heads)
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(self, image):
        return {"mask": [40 * image - 20], "rim": [20 - 40 * image]}


@pytest.fixture
def cells(tmp_path):
    """Two cubes with a gap between, bright on dark, in each of four volumes."""
    (tmp_path / "images").mkdir()
    (tmp_path / "labels").mkdir()
    labels = np.zeros((12, 12, 20), np.uint16)
    labels[2:9, 2:9, 2:9], labels[2:9, 2:9, 11:18] = 1, 2
    for number in range(4):
        tifffile.imwrite(tmp_path / f"images/c{number}.tif", np.where(labels, 200, 0).astype(np.uint8))
        tifffile.imwrite(tmp_path / f"labels/c{number}_cells.tif", labels)
    return tmp_path


def make_config(root, decoded, decoding=("watershed",), **training):
    return RunConfig.model_validate(
        {
            "data": {"root": str(root), "patch_size": 8, "num_workers": 0, "folds": 2, "normalisation": RANGE},
            "network": {"name": "unet", "features": 2, "depth": 1},
            "heads": HEADS,
            "training": {"max_epochs": 2, "steps_per_epoch": 1, "previews": 0, **training},
            "validation": {"decoded": {"metrics": ["rand", "voi"], "every": 2, **decoded}},
            "decoding": list(decoding),
        }
    )


def find_fold(config):
    cases = gather_cases(config.data).cases
    return cases, split_folds(cases, folds=2)[0]


def test_whole_cases_are_scored_as_a_prediction_of_them_would_be(cells, tmp_path):
    config = make_config(cells, {})
    cases, fold = find_fold(config)
    decoded = set_up_fold(config, cases=cases, fold=fold, folder=tmp_path, maps={}).decoded
    scores = list(decoded.score_cases(Oracle(decoded.objective.heads), 0, 1))
    assert len(scores) == 2
    assert scores[0]["rand"] == pytest.approx(0, abs=1e-6)
    assert scores[0]["voi"] == pytest.approx(0, abs=1e-6)
    assert len(list(decoded.score_cases(Oracle(decoded.objective.heads), 1, 2))) == 1  # another process's share


@pytest.mark.parametrize("of", ["cases", "patches"])
def test_scores_are_in_the_table_when_they_are_due_and_may_be_monitored(cells, tmp_path, of):
    config = make_config(cells, {"of": of}, monitor="decoded/voi", max_epochs=3)
    cases, fold = find_fold(config)
    result = train_fold(config, cases=cases, fold=fold, out=tmp_path / "out")
    with (tmp_path / "out/metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [bool(row["decoded/voi"]) for row in rows] == [False, True, True]  # every second, and the last
    assert result.best.monitor == "decoded/voi"
    assert result.best.value == pytest.approx(min(float(row["decoded/voi"]) for row in rows[1:]))


def test_fast_decodes_one_case(cells, tmp_path):
    config = make_config(cells, {"every": 50}, max_epochs=300)
    cases, fold = find_fold(config)
    train_fold(config, cases=cases, fold=fold, out=tmp_path / "out", options=RunOptions(fast=True))
    assert "decoded/rand" in (tmp_path / "out/metrics.csv").read_text()
    assert settle_config(config, fast=True).validation.decoded.at_most == 1


@pytest.mark.parametrize(
    ("decoded", "message"),
    [
        ({"label": "cels"}, "'cels' is none; did you mean 'cells'"),
        ({"metrics": [{"name": "dice", "classes": []}]}, "classes to score must be one or more"),
    ],
)
def test_what_does_not_fit_is_an_error_before_training(cells, tmp_path, decoded, message):
    config = make_config(cells, decoded)
    cases, fold = find_fold(config)
    with pytest.raises(ConfigError, match=message):
        set_up_fold(config, cases=cases, fold=fold, folder=tmp_path, maps={})


def test_a_decoding_that_reads_other_heads_is_an_error_before_training(cells, tmp_path):
    config = make_config(cells, {}, decoding=["flow_components"])
    cases, fold = find_fold(config)
    with pytest.raises(ConfigError, match="flow_components"):
        set_up_fold(config, cases=cases, fold=fold, folder=tmp_path, maps={})
