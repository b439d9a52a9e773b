"""Blocks as futures on a Dask cluster: the scheduler sees names of blocks, never voxels."""

import logging
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from volumen.blocks.executors import DIED, Fault, Outcome, Outcomes, Work, Workforce, divide_cores, pack_work
from volumen.blocks.plan import BlockTask
from volumen.errors import ConfigError, MissingError, PartFailedError, PlaceError

if TYPE_CHECKING:
    from distributed import Client, Future

log = logging.getLogger(__name__)

_WINDOW = 4  # tasks a worker that the scheduler knows of: its memory does not grow with the number of blocks
_RETRIES = 2  # of what is no error of ours: a network that failed may be there again
_DEATHS = 0  # of workers over one block before the scheduler gives it back to us
_SECONDS_TO_CONNECT = 30
_SECONDS_TO_JOIN = 120
_KILLED = Fault(PartFailedError(DIED))


@dataclass(frozen=True)
class Dask:
    """The workers of a Dask scheduler, or a cluster on this machine made for the run.

    Args:
        address: of a scheduler, or its scheduler file; None makes a cluster.
        workers: of the cluster that is made.
    """

    address: str | None = None
    workers: int = 1

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise ConfigError(f"a Dask cluster needs at least one worker; got {self.workers}")
        if find_spec("distributed") is None:
            raise ConfigError("Dask is not installed: pip install 'volumen[dask]'")

    def measure(self) -> Workforce:
        """The cluster's workers, and the threads of the one that has fewest."""
        if self.address is None:
            return divide_cores(self.workers)
        with _reach(self.address) as client:
            threads = client.nthreads().values()
            return Workforce(len(threads), min(threads))

    def run(self, do: Work, tasks: Sequence[BlockTask]) -> Outcomes:
        """Tasks as they end, each with its fault or None; blocks of a worker that dies are done by others."""
        work, name = pack_work(do), f"volumen-{uuid.uuid4().hex}"
        if not tasks:
            return
        with self._connect() as client, _share(client, name, work):
            yield from _follow(client, name, tasks)

    @contextmanager
    def _connect(self) -> "Iterator[Client]":
        if self.address is not None:
            with _reach(self.address) as client:
                yield client
            return
        with _make_cluster(self.workers) as client:
            yield client


@contextmanager
def _reach(address: str) -> "Iterator[Client]":
    """A client of a scheduler that has workers."""
    import distributed

    with ExitStack() as stack:
        stack.enter_context(_quiet("distributed.client"))
        place = _find_scheduler(address)
        try:
            client = stack.enter_context(distributed.Client(**place, timeout=_SECONDS_TO_CONNECT))
            client.wait_for_workers(1, timeout=_SECONDS_TO_JOIN)
        except (OSError, TimeoutError, ValueError) as error:
            raise PlaceError(_explain_silence(address, error)) from error
        yield client


def _find_scheduler(address: str) -> dict[str, str]:
    """What a client is told."""
    if not address.endswith(".json"):
        return {"address": address}
    if not Path(address).is_file():
        raise MissingError(f"{address} is not there; `dask scheduler --scheduler-file {address}` writes it")
    return {"scheduler_file": address}


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Keep what a library logs to itself, but for --debug: that a scheduler is lost is told in one line of ours."""
    theirs = logging.getLogger(name)
    level = theirs.level
    theirs.setLevel(level if log.isEnabledFor(logging.DEBUG) else logging.CRITICAL)
    try:
        yield
    finally:
        theirs.setLevel(level)


def _explain_silence(address: str, error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"no worker joined the Dask scheduler at {address}; start some with `dask worker {address}`"
    return f"no Dask scheduler answers at {address}: {str(error).splitlines()[0]}"


@contextmanager
def _make_cluster(workers: int) -> "Iterator[Client]":
    """A cluster of processes of one thread on this machine."""
    import dask
    import distributed

    settings = {"distributed.scheduler.allowed-failures": _DEATHS}
    with (
        dask.config.set(settings),
        distributed.LocalCluster(
            n_workers=workers, threads_per_worker=1, memory_limit=None, dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):  # fmt: skip
        yield client


@contextmanager
def _share(client: "Client", name: str, work: bytes) -> Iterator[None]:
    """The work in every process of the cluster, those that join later among them, for as long as it is needed."""
    from volumen.blocks.dask_worker import Workshop, try_work

    try:
        client.register_plugin(Workshop(work, version("volumen"), str(Path.cwd())), name=name)
        client.submit(try_work, name, key=f"{name}-try", pure=False).result()
    except Exception as error:
        raise PartFailedError(
            f"the workers of {_locate(client)} cannot take up the work: {error}; "
            "they need the same volumen and the same folders as this machine"
        ) from error
    try:
        yield
    finally:
        if client.status == "running":
            with suppress(OSError):  # the scheduler may be lost, and the client not know it yet
                client.unregister_worker_plugin(name)


def _follow(client: "Client", name: str, tasks: Sequence[BlockTask]) -> Iterator[Outcome]:
    """Tasks as they end; those that were with a worker that died come again, one a worker, when the others are done.

    The scheduler suspects all that a dead worker had before it; done alone, what kills its worker again is the culprit.
    """
    suspects = []
    for task, fault in _stream(client, name, tasks, window=_WINDOW):
        if fault is _KILLED:
            suspects.append(task)
        else:
            yield task, fault
    yield from _stream(client, name, suspects, window=1)


def _stream(client: "Client", name: str, tasks: Sequence[BlockTask], *, window: int) -> Iterator[Outcome]:
    """Tasks as they end; at most `window` of them a worker are with the scheduler at a time."""
    import distributed

    from volumen.blocks.dask_worker import do_block

    waiting, running = iter(tasks), dict[str, BlockTask]()
    ended = distributed.as_completed()

    def submit() -> None:
        room = window * max(1, _count_workers(client)) - len(running)
        for task in islice(waiting, max(room, 0)):
            key = f"{name}-{window}-{task.id}"
            running[key] = task
            ended.add(client.submit(do_block, name, task, key=key, pure=False, retries=_RETRIES))

    submit()
    for future in ended:
        fault = _take_result(future)
        if client.status != "running":
            raise _lose(client)
        yield running.pop(future.key), fault
        future.release()
        submit()


def _count_workers(client: "Client") -> int:
    try:
        return len(client.nthreads())
    except OSError as error:  # the scheduler is lost, and the client has not seen it yet
        raise _lose(client) from error


def _lose(client: "Client") -> PartFailedError:
    return PartFailedError(f"the Dask scheduler at {_locate(client)} was lost; start one and run again")


def _take_result(future: "Future[Fault | None]") -> Fault | None:
    from distributed import KilledWorker

    try:
        return future.result()
    except KilledWorker:
        return _KILLED
    except Exception as error:  # noqa: BLE001 - a block that fails must not stop the others
        return Fault(error).pack()


def _locate(client: "Client") -> str:
    return str(client.scheduler.address if client.scheduler else "an unknown address")
