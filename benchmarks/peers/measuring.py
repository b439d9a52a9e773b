"""What a piece of work costs in this process, and how another process is asked for it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

Figures = dict[str, Any]

# glibc gives every large activation back to the system and faults it in again; these keep it (what `volumen` sets).
KEEP_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": "1073741824",
    "MALLOC_TRIM_THRESHOLD_": "17179869184",
}


def measure(work: Callable[[], Any]) -> tuple[Any, Figures]:
    """What the work gives, and its wall and CPU seconds and the resident memory before and at its peak in MiB."""
    watch = Stopwatch()
    watch.note()
    result = work()
    watch.note()
    return result, watch.read()[0]


class Stopwatch:
    """Figures of what lies between one note and the next; a peak of memory counts from the first."""

    def __init__(self) -> None:
        forget_peak()
        self._notes: list[Figures] = []

    def note(self) -> None:
        """Remember where time and memory stand."""
        cpu = sum(os.times()[:4])
        memory = {"before_mib": read_memory("VmRSS"), "peak_mib": read_memory("VmHWM")}
        self._notes.append({"wall_s": time.perf_counter(), "cpu_s": cpu} | memory)

    def read(self) -> list[Figures]:
        """Figures of every interval."""
        return [
            {
                "wall_s": end["wall_s"] - start["wall_s"],
                "cpu_s": end["cpu_s"] - start["cpu_s"],
                "before_mib": start["before_mib"],
                "peak_mib": end["peak_mib"],
            }
            for start, end in pairwise(self._notes)
        ]


def forget_peak() -> None:
    """Let the kernel count the peak of resident memory from now on."""
    Path("/proc/self/clear_refs").write_text("5")


def read_memory(field: str) -> float:
    """A field of /proc/self/status in MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def run_peer(
    script: Path, arguments: list[str], *, python: str = sys.executable, environment: dict[str, str] | None = None
) -> Figures:
    """The figures that a script prints as its last line, run in a process of its own."""
    done = subprocess.run(
        [python, str(script), *arguments],
        env=os.environ | (environment or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{script.name} {' '.join(arguments)} failed:\n{done.stderr[-3000:]}")
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures
