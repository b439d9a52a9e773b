"""Who carries out the blocks: this process, spawned ones, or a Dask cluster; each tells of every block as it ends."""

import os
import pickle
import traceback
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from volumen.blocks.plan import BlockTask
from volumen.errors import ConfigError, PartFailedError, VolumenError

Work = Callable[[BlockTask], None]

DIED = "its worker process died twice (killed, or out of memory: ask for fewer workers or smaller blocks)"


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
Outcomes = Generator[Outcome, None, None]


@dataclass(frozen=True)
class Workforce:
    """How many blocks are worked on at a time, and the threads there are for each."""

    workers: int
    threads: int


@runtime_checkable
class Executor(Protocol):
    """Carries out every task and tells of each as it ends."""

    def measure(self) -> Workforce:
        """What there is to work with; known before the work begins, so that a plan can divide memory and threads."""

    def run(self, do: Work, tasks: Sequence[BlockTask]) -> Outcomes:
        """Tasks as they end, each with its fault or None."""


@dataclass(frozen=True)
class Serial:
    """Every block in turn, in this process."""

    def measure(self) -> Workforce:
        """One worker with all threads."""
        return divide_cores(1)

    def run(self, do: Work, tasks: Sequence[BlockTask]) -> Outcomes:
        """Tasks in their order, each with its fault or None."""
        for task in tasks:
            yield task, attempt(do, task)


def choose_executor(*, workers: int = 1, dask: str | None = None) -> Executor:
    """Who carries out blocks for what a user asked for.

    Args:
        workers: processes of this machine; 1 works in this one.
        dask: address of a scheduler (`tcp://host:8786`), its scheduler file (.json), or a number of workers for a
            cluster on this machine.
    """
    if workers < 1:
        raise ConfigError(f"work needs at least one worker; got {workers}")
    if dask is None:
        from volumen.blocks.processes import Processes

        return Processes(workers) if workers > 1 else Serial()
    if workers > 1:
        raise ConfigError("workers are processes of this machine and dask is a cluster; ask for one of them")
    from volumen.blocks.dask import Dask

    return Dask(workers=int(dask)) if dask.isdecimal() else Dask(dask)


def divide_cores(workers: int) -> Workforce:
    """The cores that this process may use, divided among workers."""
    return Workforce(workers, max(1, len(os.sched_getaffinity(0)) // workers))


def attempt(do: Work, task: BlockTask) -> Fault | None:
    """Why the block failed; None when it did not."""
    try:
        do(task)
    except Exception as error:  # noqa: BLE001 - a block that fails must not stop the others
        return Fault(error, traceback.format_exc())
    return None


def pack_work(do: Work) -> bytes:
    """The work as it travels to other processes, once to each: a large one (a model) is not sent with every task."""
    try:
        return pickle.dumps(do)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ConfigError(
            f"work for other processes must be picklable: a function of a module, say; {error}"
        ) from error
