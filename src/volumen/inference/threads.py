"""The process that computes on a CPU: allocator thresholds, threads, memory given back and counted."""

import ctypes
import platform
from functools import cache
from pathlib import Path

# Names and values of mallopt(3). With glibc's defaults every large activation is a mapping of its own, and 28 to 37 %
# of a forward is page faults; neither threshold does much without the other. Results are the same to the last bit.
M_TRIM_THRESHOLD, TRIM_NEVER = -1, 2**31 - 1
M_MMAP_THRESHOLD, MMAP_FROM = -3, 1 << 30


@cache
def tune_allocator() -> bool:
    """Whether freed memory is now kept for the next tensor; call it before the first one. Only glibc knows how."""
    libc = _find_glibc()
    if libc is None:
        return False
    taken = [libc.mallopt(M_MMAP_THRESHOLD, MMAP_FROM), libc.mallopt(M_TRIM_THRESHOLD, TRIM_NEVER)]
    return all(taken)


def trim_memory() -> None:
    """Gives freed memory back to the system, where the allocator can."""
    libc = _find_glibc()
    if libc is not None:
        libc.malloc_trim(0)


def set_threads(threads: int | None) -> int:
    """Threads that one forward uses from now on: as asked, else as torch found."""
    import torch

    if threads is not None:
        torch.set_num_threads(threads)
    return torch.get_num_threads()


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
