"""Losses in real training: each on a head that it fits, when and as heavily as the recipe says."""

import csv
from dataclasses import replace

import numpy as np
import pytest
import tifffile
import torch

from volumen.errors import ConfigError
from volumen.registry import TABLES
from volumen.training import RunOptions, read_checkpoint, train_folds
from volumen.training.setup import shrink_config

# By target the losses that go with it and need no probabilities of one foreground.
OTHERS = {
    "distance": ["mse", "l1", "smooth_l1", "signed_distance"],
    "normals": ["cosine", {"name": "normal_smoothness", "mask_head": "ball", "mask_above": 0.1}],
    "direction": ["cosine"],
    "structure_tensor": ["tensor"],
    "embedding": ["discriminative"],
    "affinities": ["malis", "balanced_cross_entropy"],
}
FOREGROUND = sorted(set(TABLES["loss"]) - {loss for own in OTHERS.values() for loss in own if isinstance(loss, str)})
BOTH = {
    "heads": {
        "ball": {
            "target": {"name": "binary", "foreground": [1]},
            "losses": ["dice", {"name": "focal", "start_epoch": 1}],
        },
        "depth": {
            "target": {"name": "distance", "clip": 4.0},
            "losses": [{"name": "smooth_l1", "every": 2, "ramp": 1}],
        },
    }
}


def read_rows(folder):
    with (folder / "fold_0/metrics.csv").open() as file:
        return list(csv.DictReader(file))


def test_every_loss_trains_a_head_that_it_goes_with(make_config, cases, tmp_path):
    losses = [loss for loss in FOREGROUND if loss != "normal_smoothness"]
    heads = {"ball": {"target": {"name": "binary", "foreground": [1]}, "losses": losses}}
    heads |= {kind: {"target": kind, "losses": own} for kind, own in OTHERS.items()}
    config = make_config({"heads": heads, "network": {"depth": 1, "deep_supervision": True}})
    train_folds(config, out=tmp_path, cases=cases, options=RunOptions(fast=True))
    (row,) = read_rows(tmp_path)
    names = [f"ball/{loss}" for loss in losses]
    names += [f"{kind}/{own if isinstance(own, str) else own['name']}" for kind in OTHERS for own in OTHERS[kind]]
    assert {name.rpartition("/")[2] for name in names} == set(TABLES["loss"])
    assert all(float(row[f"{part}/{name}"]) >= 0 for part in ("train", "val") for name in names)
    zero = {name for name in names if float(row[f"train/{name}"]) == 0}
    assert zero <= {"normals/normal_smoothness", "ball/critical_components", "affinities/malis"}


def test_what_is_not_yet_due_has_no_number_in_training_and_one_in_validation(make_config, cases, tmp_path):
    train_folds(make_config(BOTH, max_epochs=2, steps_per_epoch=2), out=tmp_path, cases=cases)
    first, second = read_rows(tmp_path)
    assert first["train/ball/focal"] == ""
    assert float(second["train/ball/focal"]) > 0
    assert float(first["val/ball/focal"]) > 0
    assert float(first["train/depth/smooth_l1"]) > 0


def test_the_sum_of_validation_is_that_of_the_recipes_weights(make_config, cases, tmp_path):
    """Neither a loss that begins later nor a balance makes epochs differ, or the best would be the first."""
    sections = {"heads": {**BOTH["heads"], "depth": {"target": "distance", "losses": [{"name": "mse", "weight": 0.5}]}}}
    config = make_config(sections, max_epochs=2, steps_per_epoch=2, balance={"name": "uncertainty"})
    train_folds(config, out=tmp_path, cases=cases)
    for row in read_rows(tmp_path):
        parts = [float(row[f"val/{name}"]) for name in ("ball/dice", "ball/focal", "depth/mse")]
        assert float(row["val/loss"]) == pytest.approx(parts[0] + parts[1] + 0.5 * parts[2], rel=1e-4)


@pytest.mark.parametrize("balance", ["uncertainty", {"name": "gradnorm", "over": "losses"}])
def test_a_balance_is_learnt_and_goes_on_bit_by_bit(make_config, cases, tmp_path, balance):
    options = {"max_epochs": 3, "steps_per_epoch": 2, "balance": balance}
    train_folds(make_config(BOTH, **options), out=tmp_path / "whole", cases=cases)
    train_folds(make_config(BOTH, **options | {"max_epochs": 1}), out=tmp_path / "parts", cases=cases)
    train_folds(make_config(BOTH, **options), out=tmp_path / "parts", cases=cases, options=RunOptions(resume=True))
    states = [
        read_checkpoint(tmp_path / f"{name}/fold_0/checkpoints/last.ckpt")["state_dict"] for name in ("whole", "parts")
    ]
    learnt = {name: tensor for name, tensor in states[0].items() if name.startswith("balance.")}
    assert learnt
    assert not all(torch.equal(tensor, torch.full_like(tensor, float(tensor[0]))) for tensor in learnt.values())
    assert states[0].keys() == states[1].keys()
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    rows = read_rows(tmp_path / "whole")
    weights = [name for name in rows[0] if name.startswith("train/balance/")]
    assert len(weights) == (2 if balance == "uncertainty" else 3)
    assert any(rows[0][name] != rows[2][name] for name in weights)


def test_gradnorm_in_half_precision_is_refused(make_config, cases, tmp_path):
    config = make_config(BOTH, balance={"name": "gradnorm"}, precision="16-mixed")
    with pytest.raises(ConfigError, match="measures gradients, which half precision loses"):
        train_folds(config, out=tmp_path, cases=cases)


def test_a_balance_of_one_head_is_refused(make_config, cases, tmp_path):
    with pytest.raises(ConfigError, match="one part only, 'ball'"):
        train_folds(make_config(balance={"name": "uncertainty"}), out=tmp_path, cases=cases)


def test_a_trial_run_computes_late_and_rare_losses_too(make_config):
    losses = (
        shrink_config(make_config(BOTH)).heads["depth"].losses + shrink_config(make_config(BOTH)).heads["ball"].losses
    )
    assert {(loss.start_epoch, loss.every, loss.ramp) for loss in losses} == {(0, 1, 0)}


def test_a_loss_that_begins_after_the_end_is_said(make_config, cases, tmp_path, caplog):
    train_folds(make_config(BOTH, max_epochs=1, steps_per_epoch=1), out=tmp_path, cases=cases)
    assert "Loss ball/focal begins after the last epoch" in caplog.text


def test_labels_that_nobody_looked_at_are_said_and_are_no_zero(make_config, cases, tmp_path, caplog):
    mask = tmp_path / "nobody.tif"
    tifffile.imwrite(mask, np.zeros((16, 16, 16), np.uint8))
    hidden = [replace(case, mask=str(mask)) for case in cases]
    config = make_config({"validation": {"metrics": []}}, max_epochs=1, steps_per_epoch=1)
    train_folds(config, out=tmp_path / "run", cases=hidden)
    (row,) = read_rows(tmp_path / "run")
    assert not any("loss" in name or "ball" in name for name in row)
    assert "Epoch 1 has no train/loss, train/ball/dice" in caplog.text
