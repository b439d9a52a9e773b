"""What every executor must do; a new one joins with one line in EXECUTORS."""

import os
import threading

import psutil
import pytest
from block_work import DieOn, FailOn, FailOnce, Refuse, Touch, WaitOn, count_calls

from volumen.blocks import Dask, Executor, Processes, Serial, Workforce, choose_executor, plan_blocks, run_plan
from volumen.errors import ConfigError, DataError, MissingError, PartFailedError, PlaceError

EXECUTORS = {
    "serial": lambda scheduler: Serial(),
    "processes": lambda scheduler: Processes(2),
    "dask": Dask,
}
ELSEWHERE = ["processes", "dask"]
ONCE = {"0_0_0": 1, "4_0_0": 1, "8_0_0": 1}


@pytest.fixture(params=EXECUTORS)
def executor(request) -> Executor:
    needs_cluster = request.param == "dask"
    return EXECUTORS[request.param](request.getfixturevalue("scheduler") if needs_cluster else None)


class ExecutorContract:
    def test_every_block_is_done_once(self, executor, plan, marks, touched):
        assert run_plan(plan, Touch(touched), marks=marks, executor=executor).done == 3
        assert count_calls(touched) == ONCE

    def test_nothing_to_do_is_done_at_once(self, executor, plan):
        assert list(executor.run(print, ())) == []

    def test_it_tells_what_it_works_with(self, executor):
        assert executor.measure().workers == (1 if executor == Serial() else 2)
        assert executor.measure().threads >= 1

    def test_a_failing_block_is_named_after_the_others_are_done(self, executor, plan, marks, touched):
        with pytest.raises(PartFailedError, match=r"1 of 3 blocks failed \(0_0_0: the block is no good\)"):
            run_plan(plan, FailOn(touched, "0_0_0"), marks=marks, executor=executor)
        assert count_calls(touched) == {"4_0_0": 1, "8_0_0": 1}
        assert run_plan(plan, Touch(touched), marks=marks).done == 1

    def test_a_lone_block_fails_with_its_own_error(self, executor, marks, touched):
        with pytest.raises(DataError, match="no good"):
            run_plan(plan_blocks((4, 2, 2), (4, 2, 2), {}), FailOn(touched, "0_0_0"), marks=marks, executor=executor)


class TestExecutors(ExecutorContract):
    """Each executor under the contract."""


@pytest.mark.parametrize("executor", ELSEWHERE, indirect=True)
class TestWorkElsewhere:
    def test_it_is_not_done_in_this_process(self, executor, plan, marks, touched):
        run_plan(plan, Touch(touched), marks=marks, executor=executor)
        assert str(os.getpid()) not in (touched / "0_0_0").read_text()

    def test_a_worker_that_is_killed_is_replaced(self, executor, plan, marks, touched):
        assert run_plan(plan, DieOn(touched, "4_0_0", times=1), marks=marks, executor=executor).done == 3
        assert count_calls(touched) == ONCE | {"4_0_0": 2}

    def test_a_block_that_kills_its_worker_twice_has_failed_and_is_alone_in_that(self, executor, plan, marks, touched):
        with pytest.raises(PartFailedError, match=r"1 of 3 blocks failed \(4_0_0: its worker process died twice"):
            run_plan(plan, DieOn(touched, "4_0_0"), marks=marks, executor=executor)
        assert count_calls(touched)["4_0_0"] == 2
        assert run_plan(plan, Touch(touched), marks=marks).skipped == 2

    def test_work_that_cannot_travel_is_refused_before_any_starts(self, executor, plan, marks):
        with pytest.raises(ConfigError, match="picklable"):
            run_plan(plan, lambda task: None, marks=marks, executor=executor)

    def test_work_that_cannot_be_taken_up_is_told_once(self, executor, plan, marks):
        with pytest.raises(PartFailedError, match="cannot take up the work: this machine has no such model"):
            run_plan(plan, Refuse(), marks=marks, executor=executor)


def test_dask_tries_again_what_is_no_fault_of_the_block(plan, marks, touched, scheduler):
    run_plan(plan, FailOnce(touched, "4_0_0"), marks=marks, executor=Dask(scheduler))
    assert count_calls(touched)["4_0_0"] == 2


def test_dask_is_given_no_more_blocks_than_a_window(touched, scheduler):
    tasks, taken = plan_blocks((40, 1, 1), (1, 1, 1), {}).tasks, []

    class Counted(tuple):
        def __iter__(self):
            for task in super().__iter__():
                taken.append(task)
                yield task

    outcomes = Dask(scheduler).run(Touch(touched), Counted(tasks))
    next(outcomes)
    assert len(taken) == 2 * 4
    assert sum(1 for _ in outcomes) == 39


@pytest.mark.slow
def test_a_cluster_is_made_where_only_a_number_of_workers_is_said(plan, marks, touched):
    executor = choose_executor(dask="2")
    assert executor == Dask(workers=2)
    assert run_plan(plan, DieOn(touched, "4_0_0", times=1), marks=marks, executor=executor).done == 3
    assert count_calls(touched) == ONCE | {"4_0_0": 2}


@pytest.mark.parametrize(
    "executor", ["Serial()", "Processes(2)", pytest.param("Dask(workers=2)", marks=pytest.mark.slow)]
)
def test_killed_with_all_its_workers_only_the_block_in_flight_is_done_again(
    executor, plan, marks, touched, tmp_path, start_run, wait_for
):
    client = start_run(executor, WaitOn(touched, "4_0_0", tmp_path / "go"))
    wait_for(lambda: (touched / "4_0_0").exists() and (marks / "0_0_0.done").exists())
    worker = psutil.Process(int((touched / "4_0_0").read_text()))
    client.kill()
    client.wait()
    psutil.wait_procs([worker], timeout=30)
    assert not worker.is_running()

    run_plan(plan, Touch(touched), marks=marks)

    assert count_calls(touched) == ONCE | {"4_0_0": 2}


@pytest.mark.slow
def test_a_scheduler_that_is_killed_is_named_and_another_goes_on(plan, marks, touched, tmp_path, wait_for, cluster):
    first = cluster()
    failures = []

    def run():
        try:
            run_plan(plan, WaitOn(touched, "4_0_0", tmp_path / "go"), marks=marks, executor=Dask(first.place))
        except PartFailedError as error:
            failures.append(str(error))

    running = threading.Thread(target=run)
    running.start()
    wait_for(lambda: (touched / "4_0_0").exists() and (marks / "0_0_0.done").exists())
    first.scheduler.kill()
    running.join(60)
    assert "was lost; start one and run again" in failures[0]

    run_plan(plan, Touch(touched), marks=marks, executor=Dask(cluster().place))

    assert count_calls(touched) == ONCE | {"4_0_0": 2}


def test_a_user_asks_for_workers_by_number_or_address():
    assert choose_executor() == Serial()
    assert choose_executor(workers=3) == Processes(3)
    assert choose_executor(dask="tcp://here:8786") == Dask("tcp://here:8786")
    with pytest.raises(ConfigError, match="one of them"):
        choose_executor(workers=2, dask="tcp://here:8786")
    for wrong in ({"workers": 0}, {"dask": "0"}):
        with pytest.raises(ConfigError, match="at least one worker"):
            choose_executor(**wrong)


def test_cores_are_divided_among_workers():
    cores = len(os.sched_getaffinity(0))
    assert Processes(2).measure() == Workforce(2, max(1, cores // 2))
    assert Processes(10 * cores).measure().threads == 1


def test_without_dask_its_package_is_named(monkeypatch):
    monkeypatch.setattr("volumen.blocks.dask.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"pip install 'volumen\[dask\]'"):
        Dask()


def test_a_scheduler_that_is_not_there_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr("volumen.blocks.dask._SECONDS_TO_CONNECT", 1)
    with pytest.raises(PlaceError, match=r"no Dask scheduler answers at 127\.0\.0\.1:1: "):
        Dask("127.0.0.1:1").measure()
    with pytest.raises(MissingError, match=r"scheduler.json is not there; `dask scheduler --scheduler-file"):
        Dask(str(tmp_path / "scheduler.json")).measure()
