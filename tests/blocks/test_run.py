import json
import os
import signal
from dataclasses import dataclass

import pytest
from block_work import DieOn, FailOn, Touch, count_calls

from volumen.blocks import BlockPlan, BlockTask, Workforce, list_unfinished, plan_blocks, run_plan
from volumen.errors import ConfigError, DataError, OutputError, PartFailedError


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


def test_a_foreign_exception_is_named_with_its_type_and_logged(plan, marks, caplog):
    def fail(task: BlockTask) -> None:
        raise KeyError("gone")

    with caplog.at_level("DEBUG"), pytest.raises(PartFailedError, match="KeyError: 'gone'"):
        run_plan(plan, fail, marks=marks)
    assert "Traceback" in caplog.text


def test_a_lone_block_fails_with_its_own_error(marks, touched):
    with pytest.raises(DataError, match="no good"):
        run_plan(plan_blocks((4, 2, 2), (4, 2, 2), {}), FailOn(touched, "0_0_0"), marks=marks)


def test_many_failures_are_counted_not_listed(marks):
    def fail(task: BlockTask) -> None:
        raise DataError("bad")

    with pytest.raises(PartFailedError, match=r"7 of 7 blocks failed.*and 2 more"):
        run_plan(plan_blocks((7, 1, 1), (1, 1, 1), {}), fail, marks=marks)


def test_a_block_that_a_scheduler_asks_for_again_is_not_done_again(plan, marks, touched):
    @dataclass(frozen=True)
    class Stutter:
        """Does every task twice, as a scheduler does with what a dead worker had finished."""

        def measure(self) -> Workforce:
            return Workforce(1, 1)

        def run(self, do, tasks):
            for task in tasks:
                do(task)
                do(task)
                yield task, None

    run_plan(plan, Touch(touched), marks=marks, executor=Stutter())
    assert set(count_calls(touched).values()) == {1}


def test_progress_counts_what_was_done_before(plan, marks, touched):
    with pytest.raises(PartFailedError):
        run_plan(plan, FailOn(touched, "8_0_0"), marks=marks)
    told = []
    run_plan(plan, Touch(touched), marks=marks, progress=lambda done, total: told.append((done, total)))
    assert told == [(2, 3), (3, 3)]


def test_output_that_cannot_be_written_ends_the_run(plan, marks, touched):
    def fill(task: BlockTask) -> None:
        Touch(touched)(task)
        raise OutputError("no space left")

    with pytest.raises(OutputError, match="no space left"):
        run_plan(plan, fill, marks=marks)
    assert count_calls(touched) == {"0_0_0": 1}


def test_marks_that_cannot_be_written_are_our_error(plan, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        run_plan(plan, print, marks=tmp_path / "file" / "marks")


def test_a_second_writer_is_refused_and_says_who_the_first_is(plan, marks, touched):
    def run_again(task: BlockTask) -> None:
        run_plan(plan, Touch(touched), marks=marks)

    with pytest.raises(OutputError, match=f"is being written by process {os.getpid()} on"):
        run_plan(plan, run_again, marks=marks)
    assert run_plan(plan, Touch(touched), marks=marks).done == 3


def test_after_a_kill_only_the_block_in_flight_is_done_again(plan, marks, touched, start_run):
    assert start_run("Serial()", DieOn(touched, "4_0_0")).wait(60) == -signal.SIGKILL
    summary = run_plan(plan, Touch(touched), marks=marks)
    assert (summary.done, summary.skipped) == (2, 1)
    assert count_calls(touched) == {"0_0_0": 1, "4_0_0": 2, "8_0_0": 1}
