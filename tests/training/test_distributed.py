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
    options = RunOptions(resume="resume" in sys.argv, device="cpu")
    train_folds(read_config(Path(sys.argv[1])), out=sys.argv[2], folds="all", options=options)
"""


def train(config, tmp_path, *arguments):
    (tmp_path / "train.py").write_text(SCRIPT)
    write_config(config, tmp_path / "recipe.yaml")
    command = [sys.executable, tmp_path / "train.py", tmp_path / "recipe.yaml", tmp_path / "run", *arguments]
    environment = os.environ | {"PYTHONPATH": "src", "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, env=environment, check=True, timeout=300, capture_output=True, text=True)


@pytest.mark.slow
def test_two_processes_train_all_folds_and_resume(make_config, tmp_path):
    settings = {"devices": 2, "strategy": "ddp", "swa": {"start_epoch": 0, "renew_batches": 1}, "ema": {}}
    data = {"data": {"batch_size": 1}}
    train(make_config(data, max_epochs=1, steps_per_epoch=None, **settings), tmp_path)
    train(make_config(data, max_epochs=2, steps_per_epoch=None, **settings), tmp_path, "resume")
    summary = read_summary(tmp_path / "run")
    assert [(result.status, result.epochs) for result in summary.folds] == [("completed", 2)] * 2
    for fold in (0, 1):
        folder = tmp_path / f"run/fold_{fold}"
        state = read_checkpoint(folder / "checkpoints/last.ckpt")
        assert state["run"]["batches"] == 2  # two cases, two processes: each case once an epoch
        assert all(torch.isfinite(weight).all() for weight in state["state_dict"].values())
        with (folder / "metrics.csv").open(newline="") as file:
            assert [row["epoch"] for row in csv.DictReader(file)] == ["1", "2"]
        assert (folder / "train.log").read_text().count("Epoch 2/2") == 1


@pytest.mark.slow
@pytest.mark.parametrize("balance", ["uncertainty", "gradnorm"])
def test_heads_whose_losses_are_not_due_hold_no_process_up(make_config, tmp_path, balance):
    heads = {
        "ball": {"target": {"name": "binary", "foreground": [1]}, "losses": ["dice"]},
        "depth": {"target": {"name": "distance", "clip": 3.0}, "losses": [{"name": "mse", "every": 2}]},
    }
    sections = {"data": {"batch_size": 1}, "heads": heads, "network": {"deep_supervision": True}}
    training = {"devices": 2, "strategy": "ddp", "balance": balance, "max_epochs": 2, "steps_per_epoch": 2}
    train(make_config(sections, **training), tmp_path)
    state = read_checkpoint(tmp_path / "run/fold_0/checkpoints/last.ckpt")["state_dict"]
    learnt = state["balance.log_variances" if balance == "uncertainty" else "balance.weights"]
    assert learnt[0] != learnt[1]
