"""Carrying out a plan: what is done is skipped, what fails is named when the others are done."""

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from volumen.blocks.executors import Executor, Fault, Outcome, Serial, Work
from volumen.blocks.lock import hold_lock, refuse_locked
from volumen.blocks.marks import DoneMarks, open_marks
from volumen.blocks.plan import BlockPlan, BlockTask
from volumen.errors import OutputError, PartFailedError

logger = logging.getLogger(__name__)

LOCK = "writer.lock"

_NAMED = 5  # failed blocks a message names; the log has all


@dataclass(frozen=True)
class BlockSummary:
    """What a run of a plan came to."""

    done: int
    skipped: int
    seconds: float


def run_plan(
    plan: BlockPlan,
    do: Work,
    *,
    marks: Path,
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> BlockSummary:
    """How many blocks were done now and how many had been before; running it again is harmless.

    A block that fails does not keep others from being done, but output that cannot be written ends the run.

    Args:
        plan: blocks and settings; marks of a plan with other settings are refused with the difference.
        do: the work of a block; it returns when its output is on disk, and may run twice on the same block.
        marks: folder of the done-marks; while another process runs a plan there, this one is refused.
        executor: who does the blocks; this process when not said.
        progress: told blocks done, those of earlier runs included, and blocks in all.
    """
    began = time.perf_counter()
    report, total = progress or _ignore, len(plan.tasks)
    with hold_lock(marks / LOCK, _name_output(marks)):
        record = open_marks(marks, plan)
        waiting = _find_unfinished(plan, record)
        skipped = total - len(waiting)
        report(skipped, total)
        with closing((executor or Serial()).run(_RecordedWork(do, record), waiting)) as outcomes:
            faults = _follow(outcomes, lambda done: report(skipped + done, total))
    if faults:
        raise _gather_faults(faults, total)
    return BlockSummary(done=len(waiting), skipped=skipped, seconds=time.perf_counter() - began)


def _follow(outcomes: Iterable[Outcome], report: Callable[[int], None]) -> dict[str, Fault]:
    """Blocks that failed, when all have ended; a full disk is raised at once, the other blocks would fare no better."""
    faults: dict[str, Fault] = {}
    for ended, (task, fault) in enumerate(outcomes, start=1):
        if fault is not None:
            logger.debug("block %s failed: %s\n%s", task.id, fault, fault.trace)
            if isinstance(fault.error, OutputError):
                raise fault.error
            faults[task.id] = fault
        report(ended - len(faults))
    return faults


def list_unfinished(plan: BlockPlan, *, marks: Path) -> tuple[BlockTask, ...]:
    """Blocks of the plan that no mark calls done; whoever uses the output asks for none."""
    return _find_unfinished(plan, open_marks(marks, plan))


def refuse_running(marks: Path) -> None:
    """OutputError while another process runs a plan with these marks."""
    refuse_locked(marks / LOCK, _name_output(marks))


def _name_output(marks: Path) -> Path:
    """What marks lie in: they are hidden from who looks at the output."""
    return marks.parent if marks.name.startswith(".") else marks


def _find_unfinished(plan: BlockPlan, record: DoneMarks) -> tuple[BlockTask, ...]:
    return tuple(task for task in plan.tasks if not record.has(task))


@dataclass(frozen=True)
class _RecordedWork:
    """The work of a block and, after it, its mark; both in the process that does the work."""

    do: Work
    record: DoneMarks

    def __call__(self, task: BlockTask) -> None:
        if self.record.has(task):  # a scheduler may ask again for what a worker did before it died
            return
        began = time.perf_counter()
        self.do(task)
        self.record.write(task, seconds=time.perf_counter() - began)


def _gather_faults(faults: Mapping[str, Fault], total: int) -> Exception:
    """The error of a lone block, or one that names those that failed."""
    if total == 1:
        return next(iter(faults.values())).error
    named = "; ".join(f"{name}: {fault}" for name, fault in list(faults.items())[:_NAMED])
    more = f"; and {len(faults) - _NAMED} more" if len(faults) > _NAMED else ""
    return PartFailedError(f"{len(faults)} of {total} blocks failed ({named}{more}); run again to do only these")


def _ignore(_done: int, _total: int) -> None: ...
