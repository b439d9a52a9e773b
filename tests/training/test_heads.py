"""Every representation is learnt for real: encoded by workers, judged by its own losses, decoded by its own decoder."""

import csv

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image

from volumen.config import RunConfig
from volumen.data import find_cases
from volumen.errors import ConfigError, DataError
from volumen.registry import TABLES
from volumen.targets import ArrayTarget
from volumen.training import RunOptions, train_folds
from volumen.training.objective import build_objective
from volumen.training.previews import take_preview
from volumen.training.setup import set_up_fold

OPTIONS = {"classes": {"classes": 9}, "shape_descriptors": {"sigma": 2.0}, "affinities": {"offsets": [[1, 0, 0]]}}
KINDS = sorted(TABLES["target"])


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    """Four volumes of eight boxes each, some of which touch."""
    root = tmp_path_factory.mktemp("cells")
    rng = np.random.default_rng(3)
    for folder in ("images", "labels"):
        (root / folder).mkdir()
    for number in range(4):
        labels = np.zeros((20, 20, 20), np.uint16)
        for each in range(1, 9):
            (z, y, x), (depth, height, width) = rng.integers(0, 14, 3), rng.integers(3, 8, 3)
            labels[z : z + depth, y : y + height, x : x + width] = each
        image = (80 * (labels > 0) + rng.normal(60, 10, labels.shape)).clip(0, 255).astype(np.uint8)
        tifffile.imwrite(root / f"images/c{number}.tif", image)
        tifffile.imwrite(root / f"labels/c{number}_cells.tif", labels)
    return root


def make_config(root, heads, **data):
    return RunConfig.model_validate(
        {
            "data": {
                "root": str(root),
                "patch_size": 8,
                "batch_size": 2,
                "num_workers": 0,
                "folds": 2,
                "ignore": None,
                "augmentations": ["flip", "rotate90"],
                **data,
            },
            "network": {"name": "unet", "features": 2, "depth": 1},
            "heads": heads,
            "training": {"max_epochs": 1, "steps_per_epoch": 1, "previews": 1},
        }
    )


def name_heads():
    return {kind: {"target": {"name": kind, **OPTIONS.get(kind, {})}, "label": "cells"} for kind in KINDS}


def test_every_head_learns_with_the_losses_that_its_target_suggests(cells, tmp_path):
    config = make_config(cells, name_heads())
    train_folds(config, out=tmp_path / "run", options=RunOptions())
    with (tmp_path / "run/fold_0/metrics.csv").open() as file:
        row = next(csv.DictReader(file))
    for name, section in config.heads.items():
        for loss in section.losses:
            assert float(row[f"train/{name}/{loss.name}"]) > 0
    with Image.open(tmp_path / "run/fold_0/previews/epoch_001.gif") as preview:
        assert preview.n_frames == 8
        assert preview.height > 192 * len(KINDS)


def test_a_preview_has_labels_numbers_or_objects_of_every_head(set_up):
    setup = set_up()
    sample = next(iter(setup.build_validation_loader(1)))
    with torch.no_grad():
        outputs = setup.build_network()(sample.image)
    views = {
        view.name: view for view in take_preview(setup.objective, sample, outputs, setup.objective.encode(sample)).heads
    }
    assert list(views) == KINDS
    assert views["binary"].truth.ndim == views["binary"].prediction.ndim == 3
    assert views["classes"].instances
    assert views["embedding"].instances
    assert views["embedding"].truth.ndim == 3
    assert {
        kind: len(views[kind].prediction) for kind in ("affinities", "distance", "embedding", "structure_tensor")
    } == {
        "affinities": 1,
        "distance": 1,
        "embedding": 3,
        "structure_tensor": 3,
    }


@pytest.fixture
def set_up(cells, tmp_path):
    def set_up(**data):
        config = make_config(cells, name_heads(), **data)
        cases = find_cases(cells)
        from volumen.data import fit_normalisations, split_folds

        fold = split_folds(cases, folds=2, seed=0, group=None)[0]
        maps = fit_normalisations(cases, config.data.normalisation)
        return set_up_fold(config, cases=cases, fold=fold, folder=tmp_path, maps=maps)

    return set_up


def test_a_worker_encodes_the_same_as_this_process(set_up):
    here, there = (list(set_up(num_workers=workers).build_training_loader(0, 2)) for workers in (0, 1))
    for one, other in zip(here, there, strict=True):
        assert one.targets.keys() == other.targets.keys()
        for name, target in one.targets.items():
            assert torch.equal(target.values, other.targets[name].values)
            assert torch.equal(target.weight, other.targets[name].weight)


def test_samples_carry_what_workers_encode_and_labels_without_halo(set_up):
    setup = set_up()
    sample = next(iter(setup.build_training_loader(0, 1)))
    assert sample.labels["cells"].shape == (2, 8, 8, 8)
    encoded = setup.objective.encode(sample)
    for name, target in setup.objective.targets.items():
        assert (name in sample.targets) == isinstance(target, ArrayTarget)
        assert encoded[name].values.shape[2:] == (8, 8, 8)
        assert name not in sample.targets or encoded[name] is sample.targets[name]


def test_affinities_at_the_faces_of_a_patch_are_known_as_far_as_the_volume_goes(set_up):
    setup = set_up()
    for sample in setup.build_training_loader(0, 4):
        weight = sample.targets["affinities"].weight
        lost = (~weight).flatten(1).any(1).tolist()
        at_face = [bool(origin in (0, 12)) for origin in sample.origin[:, 0].tolist()]
        assert all(face or not missing for face, missing in zip(at_face, lost, strict=True))


def test_a_head_may_learn_from_the_label_of_another(cells):
    heads = {"cells": {"target": "binary"}, "way_out": {"target": "normals", "label": "cells"}}
    heads["distance"] = {"target": "distance", "label": "way_out"}
    objective = build_objective(make_config(cells, heads), find_cases(cells))
    assert objective.labels == {"cells": "cells", "way_out": "cells", "distance": "cells"}


def test_heads_that_name_each_other_are_refused(cells):
    heads = {"a": {"target": "binary", "label": "b"}, "b": {"target": "normals", "label": "a"}}
    with pytest.raises(ConfigError, match="heads a and b name each other as label"):
        build_objective(make_config(cells, heads), find_cases(cells))


def test_a_head_whose_label_is_nowhere_is_refused_before_training(cells):
    heads = {"a": {"target": "normals", "label": "vesicles"}}
    with pytest.raises(DataError, match="asks for the label 'vesicles', which no case has"):
        build_objective(make_config(cells, heads), find_cases(cells))


def test_lengths_in_nm_need_cases_that_have_a_voxel_size(cells):
    heads = {"a": {"target": {"name": "distance", "unit": "nm"}, "label": "cells"}}
    with pytest.raises(DataError, match="lengths in nm need cases with a voxel size"):
        build_objective(make_config(cells, heads), find_cases(cells))
