"""Who carries out the blocks: this process, or a pool of spawned ones."""

import pickle
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from os import _exit
from typing import Protocol, runtime_checkable

from volumen.blocks.plan import BlockTask
from volumen.errors import ConfigError, PartFailedError, UnknownNameError, VolumenError, suggest_nearest

Work = Callable[[BlockTask], None]


@dataclass(frozen=True)
class Fault:
    """Why a block failed: the error and, for the log, its traceback."""

    error: Exception
    trace: str = ""

    def __str__(self) -> str:
        own = isinstance(self.error, VolumenError)
        return str(self.error) if own else f"{type(self.error).__name__}: {self.error}"

    def pack(self) -> "Fault":
        """The same for another process, where an error of another package might not unpickle."""
        return self if isinstance(self.error, VolumenError) else Fault(PartFailedError(str(self)), self.trace)


Outcome = tuple[BlockTask, Fault | None]


@runtime_checkable
class Executor(Protocol):
    """Carries out every task and tells of each as it ends."""

    def __call__(self, do: Work, tasks: Sequence[BlockTask], *, workers: int) -> Iterator[Outcome]:
        """Tasks as they end, each with its fault or None."""


def find_executor(name: str) -> Executor:
    """The executor a user asked for by name."""
    if name not in _EXECUTORS:
        raise UnknownNameError(f"no executor is called {name!r}; {suggest_nearest(name, _EXECUTORS)}")
    return _EXECUTORS[name]


def run_serial(do: Work, tasks: Sequence[BlockTask], *, workers: int) -> Iterator[Outcome]:
    """Every task in turn, in this process."""
    if workers != 1:
        raise ConfigError(f"the serial executor has one worker; got {workers}: use executor 'processes'")
    for task in tasks:
        yield task, _attempt(do, task)


def run_processes(do: Work, tasks: Sequence[BlockTask], *, workers: int) -> Iterator[Outcome]:
    """Tasks as they end in `workers` spawned processes; `do` travels to each of them once."""
    _check_picklable(do)
    pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=_prepare_worker, initargs=(do,))
    try:
        waiting = _submit(pool, tasks)
        for future in as_completed(waiting):
            yield waiting[future], _take_result(future)
    finally:
        pool.shutdown(cancel_futures=True)


_EXECUTORS: dict[str, Executor] = {"serial": run_serial, "processes": run_processes}


def _attempt(do: Work, task: BlockTask) -> Fault | None:
    try:
        do(task)
    except Exception as error:  # noqa: BLE001 - a block that fails must not stop the others
        return Fault(error, traceback.format_exc())
    return None


def _check_picklable(do: Work) -> None:
    try:
        pickle.dumps(do)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ConfigError(
            f"work for other processes must be picklable: a function of a module, say; {error}"
        ) from error


def _submit(pool: ProcessPoolExecutor, tasks: Sequence[BlockTask]) -> dict[Future[Fault | None], BlockTask]:
    try:
        return {pool.submit(_work, task): task for task in tasks}
    except BrokenProcessPool as error:
        raise PartFailedError(
            "worker processes died as they started; a script that starts them needs `if __name__ == '__main__':`"
        ) from error


def _take_result(future: "Future[Fault | None]") -> Fault | None:
    try:
        return future.result()
    except BrokenProcessPool:
        died = "a worker process died (killed, or out of memory: ask for fewer workers or smaller blocks)"
        return Fault(PartFailedError(died))


# What follows runs in a worker. The work is kept there, so that a large one (a model) is sent once and not once a task.
_held: list[Work] = []


def _prepare_worker(do: Work) -> None:
    _held[:] = [do]
    threading.Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    """End with the parent: a pool's workers would otherwise wait for ever when it is killed."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        _exit(1)


def _work(task: BlockTask) -> Fault | None:
    fault = _attempt(_held[0], task)
    return None if fault is None else fault.pack()
