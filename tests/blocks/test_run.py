import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from volumen.blocks import BlockPlan, BlockTask, list_unfinished, plan_blocks, run_plan
from volumen.errors import ConfigError, DataError, OutputError, PartFailedError, UnknownNameError

sys.path.insert(0, str(Path(__file__).parent))

from block_work import DieOn, FailOn, Touch  # spawned workers import it by this name


@pytest.fixture
def touched(tmp_path):
    folder = tmp_path / "touched"
    folder.mkdir()
    return folder


def count_calls(folder):
    return {path.name: len(path.read_text().splitlines()) for path in sorted(folder.iterdir())}


def test_every_block_is_done_and_marked(plan, marks, touched):
    summary = run_plan(plan, Touch(touched), marks=marks)
    assert (summary.done, summary.skipped) == (3, 0)
    assert count_calls(touched) == {"0_0_0": 1, "4_0_0": 1, "8_0_0": 1}
    assert not list_unfinished(plan, marks=marks)


def test_a_second_run_does_nothing(plan, marks, touched):
    run_plan(plan, Touch(touched), marks=marks)
    summary = run_plan(plan, Touch(touched), marks=marks)
    assert (summary.done, summary.skipped) == (0, 3)
    assert set(count_calls(touched).values()) == {1}


def test_a_mark_names_the_plan_by_its_hash(plan, marks, touched):
    run_plan(plan, Touch(touched), marks=marks)
    assert json.loads((marks / "4_0_0.done").read_text())["hash"] == plan.hash


def test_a_mark_comes_after_the_work(plan, marks):
    seen = []

    def look(task: BlockTask) -> None:
        seen.append(len(list(marks.glob("*.done"))))

    run_plan(plan, look, marks=marks)
    assert seen == [0, 1, 2]


def test_other_settings_are_refused_with_the_difference(plan, marks, touched):
    run_plan(plan, Touch(touched), marks=marks)
    other = plan_blocks((10, 8, 8), (4, 8, 8), {"model": {"sha": "xyz"}, "overlap": 0.25})
    with pytest.raises(ConfigError, match=r'model\.sha: "abc" → "xyz"'):
        run_plan(other, Touch(touched), marks=marks)
    assert set(count_calls(touched).values()) == {1}


def test_another_grid_is_refused(plan, marks, touched):
    run_plan(plan, Touch(touched), marks=marks)
    other = plan_blocks((10, 8, 8), (2, 8, 8), {"model": {"sha": "abc"}, "overlap": 0.25})
    with pytest.raises(ConfigError, match=r"blocks\.block: \[4, 8, 8\] → \[2, 8, 8\]"):
        run_plan(other, Touch(touched), marks=marks)


def test_a_foreign_mark_is_refused_even_without_its_plan(plan, marks, touched):
    run_plan(plan, Touch(touched), marks=marks)
    (marks / "plan.json").unlink()
    with pytest.raises(ConfigError, match="another plan"):
        run_plan(BlockPlan(plan.tasks, {}), Touch(touched), marks=marks)


def test_tuples_in_a_config_resume_as_lists(marks, touched):
    plan = plan_blocks((2, 2, 2), (2, 2, 2), {"tile": (2, 2, 2)})
    run_plan(plan, Touch(touched), marks=marks)
    assert run_plan(plan, Touch(touched), marks=marks).skipped == 1


def test_a_torn_mark_counts_as_none(plan, marks, touched):
    run_plan(plan, Touch(touched), marks=marks)
    (marks / "4_0_0.done").write_text('{"hash": "')
    assert run_plan(plan, Touch(touched), marks=marks).done == 1


@pytest.mark.parametrize("executor", ["serial", "processes"])
def test_a_failing_block_is_named_after_the_others_are_done(plan, marks, touched, executor):
    with pytest.raises(PartFailedError, match=r"1 of 3 blocks failed \(0_0_0: the block is no good\)"):
        run_plan(plan, FailOn(touched, "0_0_0"), marks=marks, executor=executor)
    assert count_calls(touched) == {"4_0_0": 1, "8_0_0": 1}
    assert run_plan(plan, Touch(touched), marks=marks).done == 1


def test_a_foreign_exception_is_named_with_its_type_and_logged(plan, marks, caplog):
    def fail(task: BlockTask) -> None:
        raise KeyError("gone")

    with caplog.at_level("DEBUG"), pytest.raises(PartFailedError, match="KeyError: 'gone'"):
        run_plan(plan, fail, marks=marks)
    assert "Traceback" in caplog.text


def test_a_lone_block_fails_with_its_own_error(marks, touched):
    lone = plan_blocks((4, 2, 2), (4, 2, 2), {})
    for executor in ("serial", "processes"):
        with pytest.raises(DataError, match="no good"):
            run_plan(lone, FailOn(touched, "0_0_0"), marks=marks, executor=executor)


def test_many_failures_are_counted_not_listed(marks):
    def fail(task: BlockTask) -> None:
        raise DataError("bad")

    with pytest.raises(PartFailedError, match=r"7 of 7 blocks failed.*and 2 more"):
        run_plan(plan_blocks((7, 1, 1), (1, 1, 1), {}), fail, marks=marks)


def test_processes_do_the_same_as_serial(plan, marks, touched):
    summary = run_plan(plan, Touch(touched), marks=marks, executor="processes", workers=2)
    assert summary.done == 3
    assert count_calls(touched) == {"0_0_0": 1, "4_0_0": 1, "8_0_0": 1}
    assert str(os.getpid()) not in (touched / "0_0_0").read_text()


def test_a_worker_that_dies_is_a_failed_part_and_a_second_run_goes_on(plan, marks, touched):
    with pytest.raises(PartFailedError, match="worker process died"):
        run_plan(plan, DieOn(touched, "4_0_0"), marks=marks, executor="processes")
    assert run_plan(plan, Touch(touched), marks=marks).skipped == 1
    assert count_calls(touched)["0_0_0"] == 1


def test_work_that_cannot_travel_is_refused_before_any_starts(plan, marks):
    with pytest.raises(ConfigError, match="picklable"):
        run_plan(plan, lambda task: None, marks=marks, executor="processes")


def test_an_unknown_executor_names_the_nearest(plan, marks):
    with pytest.raises(UnknownNameError, match="did you mean 'processes'"):
        run_plan(plan, print, marks=marks, executor="process")


def test_workers_of_the_serial_executor_are_refused(plan, marks):
    with pytest.raises(ConfigError, match="processes"):
        run_plan(plan, print, marks=marks, workers=2)


def test_progress_counts_what_was_done_before(plan, marks, touched):
    with pytest.raises(PartFailedError):
        run_plan(plan, FailOn(touched, "8_0_0"), marks=marks)
    told = []
    run_plan(plan, Touch(touched), marks=marks, progress=lambda done, total: told.append((done, total)))
    assert told == [(2, 3), (3, 3)]


def test_marks_that_cannot_be_written_are_our_error(plan, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        run_plan(plan, print, marks=tmp_path / "file" / "marks")


def start_script(source, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from pathlib import Path\nfrom volumen.blocks import plan_blocks, run_plan\nfrom block_work import *\n"
        "plan = plan_blocks((10, 8, 8), (4, 8, 8), {'model': {'sha': 'abc'}, 'overlap': 0.25})\n"
        f"if __name__ == '__main__':\n    {source}\n"
    )
    return subprocess.Popen([sys.executable, script], env={**os.environ, "SHAPES": "0"})


def test_after_a_kill_only_the_block_in_flight_is_done_again(plan, marks, touched, tmp_path):
    source = f"run_plan(plan, DieOn(Path({str(touched)!r}), '4_0_0'), marks=Path({str(marks)!r}))"
    assert start_script(source, tmp_path).wait(60) == -signal.SIGKILL
    summary = run_plan(plan, Touch(touched), marks=marks)
    assert (summary.done, summary.skipped) == (2, 1)
    assert count_calls(touched) == {"0_0_0": 1, "4_0_0": 2, "8_0_0": 1}


def test_workers_end_with_a_parent_that_is_killed(touched, marks, tmp_path):
    call = f"run_plan(plan, Linger(Path({str(touched)!r})), marks=Path({str(marks)!r}), executor='processes')"
    parent = start_script(call, tmp_path)
    deadline = time.monotonic() + 60
    while not list(touched.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    worker = psutil.Process(int(next(touched.iterdir()).read_text()))
    parent.kill()
    parent.wait()
    worker.wait(10)
    assert not worker.is_running()
