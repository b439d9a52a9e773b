"""Predictions killed without warning, in a process of their own."""

import os
import pickle
import signal
import subprocess
import sys

import pytest

from volumen.geometry import Box
from volumen.inference import Compute, Tiling, open_prediction, predict_volume
from volumen.inference.plan import plan_prediction
from volumen.inference.predictor import PredictRegion

PREDICT = """
import sys, time
from volumen.inference import Compute, Tiling, load_model, predict_volume
from volumen.volumes import open_volume

model, source, out = sys.argv[1:]
predict_volume(
    [load_model(model, device="cpu")], open_volume(source), out, tiling=Tiling(batch=1),
    compute=Compute(region=(16, 16), threads=1), progress=lambda done, total: time.sleep(0.02),
)
"""


def start(model, source, out):
    return subprocess.Popen([sys.executable, "-c", PREDICT, model.folder, source.spec, out], env=os.environ)


@pytest.mark.slow
def test_a_prediction_killed_again_and_again_ends_with_the_same_bytes(model, source, tmp_path, wait_for):
    compute = Compute(region=(16, 16), threads=1)
    whole = predict_volume([model], source, tmp_path / "whole.zarr", tiling=Tiling(batch=1), compute=compute)
    out = tmp_path / "killed.zarr"
    for blocks in (1, 4):
        process = start(model, source, out)
        wait_for(lambda blocks=blocks: len(list(out.glob(".done/*.done"))) >= blocks)
        process.send_signal(signal.SIGKILL)
        process.wait()
    kept = {mark.name: mark.stat().st_mtime_ns for mark in out.glob(".done/*.done")}

    assert start(model, source, out).wait(timeout=120) == 0

    marks = {mark.name: mark.stat().st_mtime_ns for mark in out.glob(".done/*.done")}
    assert kept.items() <= marks.items()
    assert open_prediction(out).read().tobytes() == whole.read().tobytes()


def test_the_work_on_a_region_travels_to_other_processes_as_names_of_files(model, source, tmp_path):
    prediction = predict_volume([model], source, tmp_path / "p.zarr", tiling=Tiling(batch=1))
    plan = plan_prediction(
        [model],
        source,
        tiling=Tiling(),
        compute=Compute(),
        intensity=None,
        roi=None,
        earlier=prediction.attributes["plan"],
    )
    sent = pickle.dumps(PredictRegion((model,), source, plan, prediction))

    again = pickle.loads(sent)

    assert len(sent) < 20_000
    assert again.plan == plan
    assert again.locate(Box((0, 0, 0), (1, 1, 1))) == Box((0, 0, 0), (1, 1, 1))
