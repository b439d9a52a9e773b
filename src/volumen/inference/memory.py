"""Memory of a process that computes on a CPU: kept for the next tensor, set aside, given back, counted."""

import ctypes
import mmap
import platform
from functools import cache
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike

# Names and values of mallopt(3). With glibc's defaults every large activation is a mapping of its own, and 28 to 37 %
# of a forward is page faults; neither threshold does much without the other. One arena lets what reads and writes in
# threads of its own take the memory that activations left, a sixth less in all. Results are the same to the last bit.
M_TRIM_THRESHOLD, TRIM_NEVER = -1, 2**31 - 1
M_MMAP_THRESHOLD, MMAP_FROM = -3, 1 << 30
M_ARENA_MAX, ARENAS = -8, 1


@cache
def tune_allocator() -> bool:
    """Whether freed memory is now kept for the next tensor; call it before the first one. Only glibc knows how."""
    libc = _find_glibc()
    if libc is None:
        return False
    settings = ((M_MMAP_THRESHOLD, MMAP_FROM), (M_TRIM_THRESHOLD, TRIM_NEVER), (M_ARENA_MAX, ARENAS))
    taken = [libc.mallopt(name, value) for name, value in settings]
    return all(taken)


def trim_memory() -> None:
    """Gives freed memory back to the system, where the allocator can."""
    libc = _find_glibc()
    if libc is not None:
        libc.malloc_trim(0)


def set_aside(shape: tuple[int, ...], dtype: DTypeLike) -> np.ndarray:
    """Zeros for a long time, outside the allocator's heap, where they would lie between activations and break it up.

    The system has the memory back when the array goes.
    """
    kind = np.dtype(dtype)
    room = mmap.mmap(-1, max(prod(shape) * kind.itemsize, 1))
    return np.frombuffer(room, kind, prod(shape)).reshape(shape)


def measure_memory() -> int:
    """Bytes this process holds in memory; 0 where the system does not say."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return 0
    import resource

    return int(statm.read_text().split()[1]) * resource.getpagesize()


@cache
def _find_glibc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if platform.libc_ver()[0] == "glibc" else None
