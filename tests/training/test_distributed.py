"""Two processes on the CPU train together: each learns from batches of its own, one writes."""

import csv
import os
import subprocess
import sys

import pytest
import torch

from volumen.config import write_config
from volumen.training import read_checkpoint, read_summary

SCRIPT = """
import sys
from pathlib import Path
from volumen.config import read_config
from volumen.training import RunOptions, train_folds

if __name__ == "__main__":
    options = RunOptions(resume=True, device="cpu")
    for recipe in map(Path, sys.argv[1:]):
        train_folds(read_config(recipe), out=recipe.with_suffix(""), folds="all", options=options)
"""
SETTINGS = {"devices": 2, "strategy": "ddp"}
AVERAGES = {"swa": {"start_epoch": 0, "renew_batches": 1}, "ema": {}}
# The loss of the second is due at every other step.
HEADS = {
    "ball": {"target": {"name": "binary", "foreground": [1]}, "losses": ["dice"]},
    "depth": {"target": {"name": "distance", "clip": 3.0}, "losses": [{"name": "mse", "every": 2}]},
}


@pytest.mark.slow
def test_two_processes_train_all_folds_and_resume_and_wait_for_no_loss_that_is_not_due(make_config, tmp_path):
    sections = {"data": {"batch_size": 1}}
    more = sections | {"heads": HEADS, "network": {"deep_supervision": True}}
    for epochs, balance in ((1, "uncertainty"), (2, "gradnorm")):
        plain = make_config(sections, max_epochs=epochs, steps_per_epoch=None, **SETTINGS, **AVERAGES)
        balanced = make_config(more, max_epochs=2, steps_per_epoch=2, balance=balance, **SETTINGS)
        train(tmp_path, {"plain": plain, balance: balanced})
    assert_all_folds_are_done(tmp_path / "plain")
    for balance, learnt in (("uncertainty", "log_variances"), ("gradnorm", "weights")):
        state = read_checkpoint(tmp_path / balance / "fold_0/checkpoints/last.ckpt")["state_dict"]
        assert state[f"balance.{learnt}"][0] != state[f"balance.{learnt}"][1]


def train(folder, configs):
    """Starts two processes once for all recipes: half of their time goes by until they have loaded what they need."""
    (folder / "train.py").write_text(SCRIPT)
    for name, config in configs.items():
        write_config(config, folder / f"{name}.yaml")
    command = [sys.executable, folder / "train.py", *(folder / f"{name}.yaml" for name in configs)]
    environment = os.environ | {"PYTHONPATH": "src", "OMP_NUM_THREADS": "1"}
    subprocess.run(command, env=environment, check=True, timeout=300, capture_output=True, text=True)


def assert_all_folds_are_done(run):
    assert [(result.status, result.epochs) for result in read_summary(run).folds] == [("completed", 2)] * 2
    for fold in (0, 1):
        folder = run / f"fold_{fold}"
        state = read_checkpoint(folder / "checkpoints/last.ckpt")
        assert state["run"]["batches"] == 2  # two cases, two processes: each case once an epoch
        assert all(torch.isfinite(weight).all() for weight in state["state_dict"].values())
        with (folder / "metrics.csv").open(newline="") as file:
            assert [row["epoch"] for row in csv.DictReader(file)] == ["1", "2"]
        assert (folder / "train.log").read_text().count("Epoch 2/2") == 1
