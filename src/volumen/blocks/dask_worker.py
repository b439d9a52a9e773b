"""What runs in the processes of a Dask cluster; imported only where Dask is."""

import os
import pickle
import threading
from functools import cached_property
from importlib.metadata import version
from typing import cast

from distributed import WorkerPlugin, get_worker

from volumen.blocks.executors import Fault, Work, attempt
from volumen.blocks.plan import BlockTask
from volumen.errors import ConfigError, VolumenError


class Workshop(WorkerPlugin):
    """The work of a run, unpacked once a process; one block at a time, as its plan of memory and threads has it.

    Args:
        packed: the work.
        made_by: version of this package that packed it.
        folder: where it was packed, which its relative paths start from.
    """

    def __init__(self, packed: bytes, made_by: str, folder: str) -> None:
        self._packed = packed
        self._made_by = made_by
        self._folder = folder
        self._free = threading.Lock()

    def __reduce__(self) -> tuple[type["Workshop"], tuple[bytes, str, str]]:
        return Workshop, (self._packed, self._made_by, self._folder)

    @cached_property
    def _work(self) -> Work:
        if version("volumen") != self._made_by:
            raise ConfigError(f"a worker has volumen {version('volumen')}, not {self._made_by}")
        work: Work = pickle.loads(self._packed)  # noqa: S301 - from our own client
        return work

    def take_up(self) -> Work:
        """What is done with a block; raises what keeps this worker from doing any."""
        os.chdir(self._folder)
        return self._work

    def do(self, task: BlockTask) -> Fault | None:
        """Why a block failed; None when it did not."""
        with self._free:
            return attempt(self.take_up(), task)


def try_work(name: str) -> None:
    """Raise what keeps a worker from taking up the work of that name."""
    _find(name).take_up()


def do_block(name: str, task: BlockTask) -> Fault | None:
    """Do a block with the work of that name; what is no error of ours is raised, so that Dask tries again."""
    fault = _find(name).do(task)
    if fault is not None and not isinstance(fault.error, VolumenError):
        raise fault.error
    return fault


def _find(name: str) -> Workshop:
    return cast("Workshop", get_worker().plugins[name])
