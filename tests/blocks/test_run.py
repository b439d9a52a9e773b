import operator
import signal
import subprocess
import sys

import pytest

from volumen.blocks import plan_blocks, run_plan
from volumen.errors import ConfigError, DataError, FormatError, PartFailedError

SHAPE = (4, 2, 2)


@pytest.fixture
def plan():
    return plan_blocks(SHAPE, (1, 2, 2), {"model": {"sha": "a"}})


@pytest.fixture
def marks(tmp_path):
    return tmp_path / "marks"


def test_every_block_is_done_once_and_then_skipped(plan, marks):
    done = []
    assert run_plan(plan, lambda task: done.append(task.id), marks=marks).done == 4
    summary = run_plan(plan, lambda task: done.append(task.id), marks=marks)
    assert (summary.done, summary.skipped) == (0, 4)
    assert sorted(done) == sorted(task.id for task in plan.tasks)


def test_other_settings_are_refused_with_the_difference(plan, marks):
    run_plan(plan, lambda task: None, marks=marks)
    with pytest.raises(ConfigError, match=r"begun with other settings \(model.sha: a → b\)"):
        run_plan(plan_blocks(SHAPE, (1, 2, 2), {"model": {"sha": "b"}}), lambda task: None, marks=marks)


def test_a_failed_block_is_named_after_the_others_are_done(plan, marks):
    def work(task):
        if task.box.start[0] == 1:
            raise DataError("rotten")

    with pytest.raises(PartFailedError, match="1 of 4 blocks failed, the first z1_y0_x0: rotten"):
        run_plan(plan, work, marks=marks)
    assert run_plan(plan, lambda task: None, marks=marks).done == 1


def test_a_lone_block_fails_with_its_own_error(marks):
    def work(task):
        raise DataError("rotten")

    with pytest.raises(DataError, match="rotten"):
        run_plan(plan_blocks(SHAPE, (4, 2, 2), {}), work, marks=marks)


def test_damaged_marks_are_an_error(plan, marks):
    marks.mkdir()
    (marks / "config.json").write_text("{")
    with pytest.raises(FormatError, match="damaged"):
        run_plan(plan, lambda task: None, marks=marks)


def test_progress_begins_where_the_run_goes_on(plan, marks):
    seen = []
    run_plan(plan, lambda task: None, marks=marks)
    run_plan(plan, lambda task: None, marks=marks, progress=lambda *counts: seen.append(counts))
    assert seen == [(4, 4)]


def test_spawned_processes_do_the_same(plan, marks):
    assert run_plan(plan, operator.attrgetter("box"), marks=marks, executor="processes", workers=2).done == 4


SCRIPT = """
import os, signal, sys
from pathlib import Path
from volumen.blocks import plan_blocks, run_plan

out = Path(sys.argv[1])

def work(task):
    with (out / "log").open("a") as log:
        log.write(task.id + "\\n")
    if task.box.start[0] == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

run_plan(plan_blocks((4, 2, 2), (1, 2, 2), {}), work, marks=out / "marks")
"""


def test_after_a_kill_only_the_block_in_flight_is_done_again(tmp_path):
    def run(kill_at):
        command = [sys.executable, "-c", SCRIPT, str(tmp_path), str(kill_at)]
        return subprocess.run(command, check=False).returncode

    assert run(kill_at=2) == -signal.SIGKILL
    assert run(kill_at=-1) == 0
    assert (tmp_path / "log").read_text().split() == ["z0_y0_x0", "z1_y0_x0", "z2_y0_x0", "z2_y0_x0", "z3_y0_x0"]
