"""One writer an output: a lock that a process holds while it lives, and that its death sets free."""

import errno
import fcntl
import json
import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from volumen.errors import OutputError

log = logging.getLogger(__name__)

_BEAT = 15.0  # seconds between signs of life
_DEAD_AFTER = 90.0  # seconds without one, on a host whose processes cannot be seen from here


@dataclass(frozen=True)
class _Holder:
    """Who wrote a lock file."""

    host: str
    pid: int
    since: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} (since {self.since})"


@contextmanager
def hold_lock(path: Path, output: Path) -> Iterator[None]:
    """The lock file at `path` of an output: refused while another process holds it, taken over from one that died.

    On one machine, and on file systems that share locks, the system tells whether the holder lives. Elsewhere a holder
    counts as alive until its lock file is 90 seconds old; it touches it every 15.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = _claim(path, output)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"{output} cannot be written: {error.strerror or error}") from error
    ended = threading.Event()
    beating = threading.Thread(target=_beat, args=(descriptor, ended), daemon=True)
    beating.start()
    try:
        yield
    finally:
        ended.set()
        beating.join()
        path.unlink(missing_ok=True)
        os.close(descriptor)


def refuse_locked(path: Path, output: Path) -> None:
    """OutputError while another process holds the lock at `path`."""
    if path.exists():
        with hold_lock(path, output):
            pass


def _claim(path: Path, output: Path) -> int:
    """A locked descriptor of the file at `path`, signed by this process."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _refuse_living(path, output, descriptor)
            if _is_at(path, descriptor):  # its last holder may have removed it since
                _sign(descriptor)
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _refuse_living(path: Path, output: Path, descriptor: int) -> None:
    """Lock the file; OutputError when whoever signed it still lives."""
    holder, age = _read_holder(descriptor), time.time() - os.fstat(descriptor).st_mtime
    told = f"{output} is being written by {holder}"
    try:
        is_sure = _lock(descriptor)
    except BlockingIOError:
        raise OutputError(f"{told}; wait until it is done, end it, or name another output") from None
    if holder is None:
        return
    is_gone = holder.host == socket.gethostname() and (is_sure or not Path(f"/proc/{holder.pid}").exists())
    if not is_gone and age < _DEAD_AFTER:
        raise OutputError(
            f"{told}, which gave a sign of life {age:.0f} s ago; if it is dead, "
            f"go on in {_DEAD_AFTER - age:.0f} s or remove {path}"
        )
    log.warning("%s was being written by %s, which is dead; this process goes on in its place", output, holder)


def _lock(descriptor: int) -> bool:
    """Whether the system keeps others of this machine out from now on; some network file systems cannot."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}:
            return False
        raise
    return True


def _read_holder(descriptor: int) -> _Holder | None:
    try:
        return _Holder(**json.loads(os.pread(descriptor, 4096, 0)))
    except (ValueError, TypeError):  # nobody has signed it yet
        return None


def _sign(descriptor: int) -> None:
    holder = _Holder(socket.gethostname(), os.getpid(), time.strftime("%Y-%m-%d %H:%M:%S"))
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(asdict(holder)).encode(), 0)


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _beat(descriptor: int, ended: threading.Event) -> None:
    while not ended.wait(_BEAT):
        os.utime(descriptor)
