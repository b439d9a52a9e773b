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


@pytest.fixture(scope="module")
def runs(make_config, tmp_path_factory):
    """Runs by name, of which `plain` was resumed; two recipes each time that processes are started."""
    folder = tmp_path_factory.mktemp("runs")
    sections = {"data": {"batch_size": 1}}

    def make_plain(epochs):
        return make_config(sections, max_epochs=epochs, steps_per_epoch=None, **SETTINGS, **AVERAGES)

    def make_balanced(balance):
        more = {"heads": HEADS, "network": {"deep_supervision": True}}
        return make_config(sections | more, max_epochs=2, steps_per_epoch=2, balance=balance, **SETTINGS)

    train(folder, plain=make_plain(1), uncertainty=make_balanced("uncertainty"))
    train(folder, plain=make_plain(2), gradnorm=make_balanced("gradnorm"))
    return folder


def train(folder, **configs):
    (folder / "train.py").write_text(SCRIPT)
    for name, config in configs.items():
        write_config(config, folder / f"{name}.yaml")
    command = [sys.executable, folder / "train.py", *(folder / f"{name}.yaml" for name in configs)]
    environment = os.environ | {"PYTHONPATH": "src", "OMP_NUM_THREADS": "1"}
    subprocess.run(command, env=environment, check=True, timeout=300, capture_output=True, text=True)


@pytest.mark.slow
def test_two_processes_train_all_folds_and_resume(runs):
    summary = read_summary(runs / "plain")
    assert [(result.status, result.epochs) for result in summary.folds] == [("completed", 2)] * 2
    for fold in (0, 1):
        folder = runs / f"plain/fold_{fold}"
        state = read_checkpoint(folder / "checkpoints/last.ckpt")
        assert state["run"]["batches"] == 2  # two cases, two processes: each case once an epoch
        assert all(torch.isfinite(weight).all() for weight in state["state_dict"].values())
        with (folder / "metrics.csv").open(newline="") as file:
            assert [row["epoch"] for row in csv.DictReader(file)] == ["1", "2"]
        assert (folder / "train.log").read_text().count("Epoch 2/2") == 1


@pytest.mark.slow
@pytest.mark.parametrize(("balance", "learnt"), [("uncertainty", "log_variances"), ("gradnorm", "weights")])
def test_heads_whose_losses_are_not_due_hold_no_process_up(runs, balance, learnt):
    weights = read_checkpoint(runs / f"{balance}/fold_0/checkpoints/last.ckpt")["state_dict"][f"balance.{learnt}"]
    assert weights[0] != weights[1]
