"""Spawned processes of this machine; one that dies is replaced, and what it was doing is tried once more."""

import pickle
import signal
import threading
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from os import _exit

from volumen.blocks.executors import DIED, Fault, Outcome, Outcomes, Work, Workforce, attempt, divide_cores, pack_work
from volumen.blocks.plan import BlockTask
from volumen.errors import ConfigError, PartFailedError

_MOST_DEATHS = 2  # of workers over one block; one is bad luck, two are the block
_MOST_FALSE_STARTS = 3  # in a row


@dataclass(frozen=True)
class Processes:
    """Spawned processes, to each of which the work travels once.

    Args:
        workers: how many; no more are started than there are blocks.
    """

    workers: int

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise ConfigError(f"work needs at least one worker; got {self.workers}")

    def measure(self) -> Workforce:
        """The cores of this machine divided among the workers."""
        return divide_cores(self.workers)

    def run(self, do: Work, tasks: Sequence[BlockTask]) -> Outcomes:
        """Tasks as they end, each with its fault or None; a block whose worker dies twice has failed."""
        crew = _Crew(pack_work(do), tasks)
        try:
            crew.start(min(self.workers, len(tasks)))
            yield from crew.follow()
        finally:
            crew.end()


class _Worker:
    """A process at the other end of a pipe, and what it is doing."""

    def __init__(self, work: bytes) -> None:
        context = get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self.task: BlockTask | None = None
        self.process.start()
        theirs.close()
        self._send(work)

    def give(self, task: BlockTask) -> None:
        self.task = task
        self._send(task)

    def end(self) -> None:
        self.pipe.close()
        self.process.terminate()
        self.process.join()
        self.process.close()

    def _send(self, message: object) -> None:
        with suppress(BrokenPipeError):  # it died; its pipe tells that when it is read
            self.pipe.send(message)


class _Crew:
    """All workers, what is left to do, and how often a worker died over a block."""

    def __init__(self, work: bytes, tasks: Sequence[BlockTask]) -> None:
        self._work = work
        self._waiting = deque(tasks)
        self._deaths: Counter[str] = Counter()
        self._false_starts = 0
        self._workers: dict[Connection, _Worker] = {}

    def start(self, workers: int) -> None:
        for _ in range(workers):
            worker = _Worker(self._work)
            self._workers[worker.pipe] = worker

    def follow(self) -> Iterator[Outcome]:
        """Tasks as they end, until none is left."""
        while self._workers:
            for pipe in wait(list(self._workers)):
                yield from self._hear(self._workers[pipe])  # type: ignore[index]  # these are all connections

    def end(self) -> None:
        for worker in self._workers.values():
            worker.end()
        self._workers.clear()

    def _hear(self, worker: _Worker) -> Iterator[Outcome]:
        try:
            fault: Fault | None = worker.pipe.recv()
        except (EOFError, ConnectionResetError):
            yield from self._replace(worker)
            return
        if worker.task is not None:
            yield worker.task, fault
        elif fault is not None:
            raise PartFailedError(f"worker processes cannot take up the work: {fault}")
        self._false_starts = 0
        self._employ(worker)

    def _employ(self, worker: _Worker) -> None:
        if self._waiting:
            worker.give(self._waiting.popleft())
        else:
            self._workers.pop(worker.pipe).end()

    def _replace(self, worker: _Worker) -> Iterator[Outcome]:
        """Another worker for one that died; what it was doing comes next, or has failed."""
        self._workers.pop(worker.pipe).end()
        task = worker.task
        if task is None:
            self._count_false_start()
        else:
            self._deaths[task.id] += 1
            if self._deaths[task.id] >= _MOST_DEATHS:
                yield task, Fault(PartFailedError(DIED))
            else:
                self._waiting.appendleft(task)
        if self._waiting:
            self.start(1)

    def _count_false_start(self) -> None:
        self._false_starts += 1
        if self._false_starts >= _MOST_FALSE_STARTS:
            raise PartFailedError(
                "worker processes died as they started: killed, out of memory (ask for fewer), or started by a script "
                "without `if __name__ == '__main__':`"
            )


# What follows runs in a worker.


def _serve(pipe: Connection) -> None:
    """Take up the work, then do one task after another until the pipe ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    threading.Thread(target=_follow_parent, daemon=True).start()
    with suppress(EOFError, BrokenPipeError):
        do = _take_up(pipe)
        while do is not None:
            fault = attempt(do, pipe.recv())
            pipe.send(None if fault is None else fault.pack())


def _take_up(pipe: Connection) -> Work | None:
    try:
        do: Work = pickle.loads(pipe.recv())  # noqa: S301 - from our own parent
    except Exception as error:  # noqa: BLE001 - told to the parent, in whose log it belongs
        pipe.send(Fault(error).pack())
        return None
    pipe.send(None)
    return do


def _follow_parent() -> None:
    """End with the parent: workers would otherwise finish their blocks when it is killed, beside its successor's."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        _exit(1)
