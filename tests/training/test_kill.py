"""A run that is killed anywhere and resumed ends with the very weights of one that was not."""

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from volumen.config import write_config
from volumen.training import read_checkpoint

# Each run is a fork of a process that has imported all it needs; seconds after a batch the kernel ends it.
SCRIPT = """
import json, os, signal, sys
from pathlib import Path

def train(recipe, out, batch, seconds):
    from volumen.config import read_config
    from volumen.training import RunOptions, train_folds

    def count(what, done, total):
        if (what, done) == ("batches", batch):
            signal.setitimer(signal.ITIMER_REAL, seconds) if seconds else os.kill(os.getpid(), signal.SIGKILL)
    train_folds(read_config(Path(recipe)), out=out, options=RunOptions(resume=True), progress=count)

if __name__ == "__main__":
    from volumen.training import train_folds
    for line in sys.stdin:
        child = os.fork()
        if not child:
            os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
            sys.exit(train(*json.loads(line)))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
RECIPE = {"max_epochs": 3, "steps_per_epoch": 4, "accumulate_grad_batches": 2}
# A head whose target the workers encode, from labels that reach past the patch.
DEEP = {"deep": {"target": {"name": "distance", "clip": 3.0}, "label": "labels"}}
AVERAGES = {"swa": {"start_epoch": 1, "renew_batches": 2}, "ema": {"decay": 0.9}}
# In mid-epoch, and while the first and the second of three epochs of eight batches are judged and written down.
MOMENTS = [(3, 0.0), (8, 0.02), (11, 0.0), (16, 0.2)]


@pytest.fixture(scope="module")
def train(make_config, tmp_path_factory):
    folder = tmp_path_factory.mktemp("kill")
    (folder / "train.py").write_text(SCRIPT)
    command = [sys.executable, folder / "train.py"]
    environment = os.environ | {"PYTHONPATH": "src", "OMP_NUM_THREADS": "1"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}

    def run(out: Path, workers: int = 0, batch: int = 0, seconds: float = 0.0) -> int:
        config = make_config({"data": {"num_workers": workers}, "heads": DEEP}, **RECIPE, **AVERAGES)
        write_config(config, folder / "recipe.yaml")
        print(json.dumps([str(folder / "recipe.yaml"), str(out), batch, seconds]), file=forking.stdin)
        return int(forking.stdout.readline())

    with subprocess.Popen(command, env=environment, **pipes) as forking:
        yield run


@pytest.fixture(scope="module")
def whole(train, tmp_path_factory):
    """A run that nobody killed."""
    out = tmp_path_factory.mktemp("whole") / "run"
    assert train(out) == 0
    return out


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
@pytest.mark.parametrize(("workers", "moments"), [(0, MOMENTS), (1, [(13, 0.0)])], ids=["alone", "worker"])
def test_kills_leave_no_trace(train, whole, tmp_path, workers, moments):
    for batch, seconds in moments:
        ends = {-signal.SIGALRM, 0} if seconds else {-signal.SIGKILL}  # 0: it was done before its time was up
        assert train(tmp_path / "killed", workers, batch, seconds) in ends
    assert train(tmp_path / "killed", workers) == 0
    assert_same(whole, tmp_path / "killed")
