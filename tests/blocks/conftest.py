import os
import pickle
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # workers import block_work by this name

from volumen.blocks import BlockPlan, plan_blocks

RUN = """
import pickle, sys
from pathlib import Path
from volumen.blocks import Dask, Processes, Serial, plan_blocks, run_plan

if __name__ == "__main__":
    plan = plan_blocks((10, 8, 8), (4, 8, 8), {"model": {"sha": "abc"}, "overlap": 0.25})
    run_plan(plan, pickle.loads(bytes.fromhex(sys.argv[2])), marks=Path(sys.argv[1]), executor=EXECUTOR)
"""


@pytest.fixture
def plan() -> BlockPlan:
    return plan_blocks((10, 8, 8), (4, 8, 8), {"model": {"sha": "abc"}, "overlap": 0.25})


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    return tmp_path / "marks"


@pytest.fixture
def touched(tmp_path):
    folder = tmp_path / "touched"
    folder.mkdir()
    return folder


@pytest.fixture
def environment():
    """Of processes that import block_work."""
    path = f"{Path(__file__).parent}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    return {**os.environ, "PYTHONPATH": path}


@pytest.fixture
def start_run(tmp_path, marks, environment):
    """Runs the plan in a process of its own: one that a test may kill."""
    started = []

    def start(executor, work):
        script = tmp_path / "script.py"
        script.write_text(RUN.replace("EXECUTOR", executor))
        started.append(subprocess.Popen([sys.executable, script, marks, pickle.dumps(work).hex()], env=environment))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def scheduler():
    """A Dask cluster of two workers that outlives its runs, as an address."""
    import dask
    import distributed

    options = {"threads_per_worker": 1, "memory_limit": None, "dashboard_address": "127.0.0.1:0"}
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        distributed.LocalCluster(n_workers=2, **options) as made,
    ):
        yield made.scheduler_address


@dataclass(frozen=True)
class Cluster:
    """A scheduler and a worker in processes of their own."""

    place: str
    scheduler: subprocess.Popen
    worker: subprocess.Popen


@pytest.fixture
def cluster(tmp_path, environment, wait_for):
    """Starts Dask as people do on several machines."""
    started = []

    def start():
        place = tmp_path / f"scheduler_{len(started)}.json"
        command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--port", "0", "--no-dashboard"]
        scheduler = start_quietly([*command, "--host", "127.0.0.1", "--scheduler-file", place])
        wait_for(place.exists)
        command = [sys.executable, "-m", "distributed.cli.dask_worker", "--no-dashboard", "--nthreads", "1"]
        worker = start_quietly([*command, "--scheduler-file", place])
        return Cluster(str(place), scheduler, worker)

    def start_quietly(command):
        started.append(subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL))
        return started[-1]

    yield start
    for process in started:
        process.kill()
    for process in started:
        process.wait(30)
