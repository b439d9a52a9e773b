"""Predictions by several workers: the bytes of one process, whoever dies."""

import os
import signal
import subprocess
import sys

import numpy as np
import psutil
import pytest

from volumen.errors import ConfigError, MemoryBudgetError
from volumen.inference import Compute, Tiling, predict_volume

THREADS = 1
TILING = Tiling(batch=1)

PREDICT = """
import sys
from volumen.inference import Compute, Tiling, load_model, predict_volume
from volumen.volumes import open_volume

if __name__ == "__main__":
    folder, source, out, dask = sys.argv[1:]
    who = {"dask": dask} if dask else {"workers": 2}
    compute = Compute(region=(16, 16), threads=1, **who)
    model = load_model(folder, device="cpu")
    predict_volume([model], open_volume(source), out, tiling=Tiling(batch=1), compute=compute)
"""


@pytest.fixture
def expected(model, source, tmp_path):
    """The bytes that one process gives."""
    compute = Compute(region=(16, 16), threads=THREADS)
    return predict_volume([model], source, tmp_path / "one.zarr", tiling=TILING, compute=compute).read().tobytes()


def kill_a_worker(process):
    """SIGKILL one of the processes that a process has spawned."""
    workers = [child for child in process.children(recursive=True) if is_worker(child)]
    workers[0].kill()


def is_worker(process):
    try:
        command = " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return False
    return "spawn_main" in command or "forkserver" in command


@pytest.mark.slow
@pytest.mark.parametrize("who", [{"workers": 2}, {"dask": "2"}], ids=["processes", "dask"])
def test_two_workers_of_which_one_is_killed_give_the_bytes_of_one_process(model, source, tmp_path, expected, who):
    told = []

    def follow(done, total):
        if len(told) == 1:  # the first region is done, others are on their way
            kill_a_worker(psutil.Process())
        told.append((done, total))

    compute = Compute(region=(16, 16), threads=THREADS, **who)
    prediction = predict_volume([model], source, tmp_path / "two.zarr", tiling=TILING, compute=compute, progress=follow)

    assert prediction.read().tobytes() == expected
    assert told == sorted(told)
    assert told[0][0] == 0
    assert told[-1][0] == told[-1][1]


@pytest.mark.slow
@pytest.mark.parametrize("dask", ["", "2"], ids=["processes", "dask"])
def test_killed_with_all_its_workers_a_prediction_goes_on_to_the_same_bytes(
    model, source, tmp_path, expected, wait_for, dask
):
    out = tmp_path / "two.zarr"
    script = tmp_path / "predict.py"
    script.write_text(PREDICT)
    client = subprocess.Popen([sys.executable, script, model.folder, source.spec, out, dask], env=os.environ)
    wait_for(lambda: list(out.glob(".done/*.done")))
    client.send_signal(signal.SIGKILL)
    client.wait()
    kept = {mark.name: mark.stat().st_mtime_ns for mark in out.glob(".done/*.done")}

    prediction = predict_volume([model], source, out, tiling=TILING, compute=Compute(region=(16, 16), threads=THREADS))

    marks = {mark.name: mark.stat().st_mtime_ns for mark in out.glob(".done/*.done")}
    assert kept.items() <= marks.items()
    assert prediction.read().tobytes() == expected


def test_cores_are_shared_among_workers_and_that_is_part_of_the_plan(model, source, tmp_path, monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda process: range(6))
    monkeypatch.setattr("volumen.inference.predictor.run_plan", lambda *args, **options: None)
    prediction = predict_volume([model], source, tmp_path / "p.zarr", tiling=TILING, compute=Compute(workers=2))
    assert prediction.attributes["plan"]["execution"]["threads"] == 3


def test_memory_is_the_budget_of_all_workers_together(model, source, tmp_path):
    with pytest.raises(MemoryBudgetError, match="lower --tile, --batch or --workers"):
        predict_volume([model], source, tmp_path / "p.zarr", tiling=TILING, compute=Compute(workers=50, memory="2G"))
    assert not (tmp_path / "p.zarr").exists()


def test_an_array_in_memory_is_not_for_workers(model):
    with pytest.raises(ConfigError, match="volumes on disk"):
        model.predict(np.zeros((16, 16, 16), np.uint8), compute=Compute(workers=2))
