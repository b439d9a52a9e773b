"""A run that is killed anywhere and resumed ends with the very weights of one that was not."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from volumen.config import write_config
from volumen.training import read_checkpoint

SCRIPT = """
import os, signal, sys
from pathlib import Path
from volumen.config import read_config
from volumen.training import RunOptions, train_folds

def main(recipe, out, kill_at):
    def count(what, done, total):
        if (what, done) == ("batches", kill_at):
            os.kill(os.getpid(), signal.SIGKILL)
    train_folds(read_config(Path(recipe)), out=out, options=RunOptions(resume=True), progress=count)

if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
"""
RECIPE = {"max_epochs": 3, "steps_per_epoch": 4, "accumulate_grad_batches": 2}
# A head whose target the workers encode, from labels that reach past the patch.
DEEP = {"deep": {"target": {"name": "distance", "clip": 3.0}, "label": "labels"}}
AVERAGES = {"swa": {"start_epoch": 1, "renew_batches": 2}, "ema": {"decay": 0.9}}


@pytest.fixture
def train(tmp_path):
    (tmp_path / "train.py").write_text(SCRIPT)

    def run(config, out: Path, kill_at: int = 0) -> int:
        write_config(config, tmp_path / "recipe.yaml")
        command = [sys.executable, tmp_path / "train.py", tmp_path / "recipe.yaml", out, str(kill_at)]
        environment = os.environ | {"PYTHONPATH": "src", "OMP_NUM_THREADS": "1"}
        return subprocess.run(command, env=environment, check=False).returncode

    return run


def assert_equal(one: object, other: object, path: str) -> None:
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, other), path
    elif isinstance(one, dict):
        assert one.keys() == other.keys(), path
        for key in one:
            assert_equal(one[key], other[key], f"{path}.{key}")
    elif isinstance(one, list | tuple):
        for number, (first, second) in enumerate(zip(one, other, strict=True)):
            assert_equal(first, second, f"{path}.{number}")
    else:
        assert one == other, path


def assert_same(one: Path, other: Path) -> None:
    for name in ("last", "best", "swa", "ema"):
        first, second = (read_checkpoint(run / f"fold_0/checkpoints/{name}.ckpt") for run in (one, other))
        for state in (first, second):
            state["run"].pop("seconds")
        assert_equal(first, second, name)
    rows = [(run / "fold_0/metrics.csv").read_text().splitlines() for run in (one, other)]
    without_seconds = [[line.rpartition(",")[0] for line in table] for table in rows]
    assert without_seconds[0] == without_seconds[1]
    assert len(list(csv.reader(rows[0]))) == 1 + RECIPE["max_epochs"]


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
def test_kills_in_mid_epoch_leave_no_trace(make_config, train, tmp_path, workers):
    config = make_config({"data": {"num_workers": workers}, "heads": DEEP}, **RECIPE, **AVERAGES)
    assert train(config, tmp_path / "whole") == 0
    for kill_at in (3, 19) if workers == 0 else (13,):
        assert train(config, tmp_path / "killed", kill_at) == -signal.SIGKILL
    assert train(config, tmp_path / "killed") == 0
    assert_same(tmp_path / "whole", tmp_path / "killed")


@pytest.mark.slow
def test_kills_at_any_moment_leave_no_trace(make_config, train, tmp_path):
    config = make_config(**RECIPE, **AVERAGES)
    assert train(config, tmp_path / "whole") == 0
    write_config(config, tmp_path / "recipe.yaml")
    command = [sys.executable, tmp_path / "train.py", tmp_path / "recipe.yaml", tmp_path / "killed", "0"]
    for wait in (0.1, 0.5):
        process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": "src", "OMP_NUM_THREADS": "1"})
        while process.poll() is None and "Starting" not in _read_log(tmp_path / "killed"):
            time.sleep(0.02)
        time.sleep(wait)
        process.kill()
        process.wait()
        (tmp_path / "killed/fold_0/train.log").write_text("")
    assert train(config, tmp_path / "killed") == 0
    assert_same(tmp_path / "whole", tmp_path / "killed")


def _read_log(out: Path) -> str:
    log = out / "fold_0/train.log"
    return log.read_text() if log.exists() else ""
