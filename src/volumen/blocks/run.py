"""Plans carried out: a mark follows the work, what is marked is skipped, a kill loses what was in flight."""

import json
import logging
import os
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Literal

from volumen.blocks.plan import BlockPlan, BlockTask, describe_difference
from volumen.errors import ConfigError, FormatError, PartFailedError

Work = Callable[[BlockTask], None]
CONFIG = "config.json"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class BlockSummary:
    """How many blocks were done now, and how many had been before."""

    done: int
    skipped: int


def run_plan(
    plan: BlockPlan,
    work: Work,
    *,
    marks: Path,
    executor: Literal["serial", "processes"] = "serial",
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> BlockSummary:
    """How much was done: every block without a mark is worked on, then marked; failures are raised at the end.

    Args:
        plan: tasks, and the settings that marks are bound to.
        work: writes one block; doing it twice must be harmless. Picklable for `processes`.
        marks: folder of done-marks; one that belongs to other settings is refused with the difference.
        executor: `serial` in this process, `processes` in spawned ones.
        workers: how many processes.
        progress: called with blocks done and in all.
    """
    check_marks(plan, marks)
    waiting = [task for task in plan.tasks if not _mark_path(marks, task).exists()]
    done = skipped = len(plan.tasks) - len(waiting)
    if progress:
        progress(done, len(plan.tasks))
    failures: dict[str, Exception] = {}
    for task, error in _carry_out(waiting, work, executor, workers):
        if error is None:
            _write_mark(_mark_path(marks, task), {"hash": plan.hash, "box": str(task.box)})
            done += 1
        else:
            failures[task.id] = error
        if progress:
            progress(done, len(plan.tasks))
    if failures:
        raise _gather(failures, len(plan.tasks))
    return BlockSummary(done - skipped, skipped)


def check_marks(plan: BlockPlan, marks: Path) -> None:
    """Bind a folder of marks to a plan's settings; one bound to others is a ConfigError that says the difference."""
    path = marks / CONFIG
    if not path.exists():
        marks.mkdir(parents=True, exist_ok=True)
        _write_mark(path, dict(plan.config))
        return
    try:
        earlier = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise FormatError(f"{path} is damaged: {error}; remove the output and start again") from error
    difference = describe_difference(earlier, json.loads(json.dumps(plan.config)))
    if difference:
        raise ConfigError(f"{marks.parent} was begun with other settings ({difference}); use those, or another output")


def _carry_out(
    tasks: list[BlockTask], work: Work, executor: str, workers: int
) -> Iterator[tuple[BlockTask, Exception | None]]:
    if executor == "serial":
        for task in tasks:
            yield task, _attempt(work, task)
        return
    # Spawned, never forked: tensorstore aborts in a forked child.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        running = {pool.submit(_attempt, work, task): task for task in tasks}
        for future in as_completed(running):
            died = future.exception()  # the worker's end; what the block raised comes as its result
            yield running[future], died if isinstance(died, Exception) else future.result()


def _attempt(work: Work, task: BlockTask) -> Exception | None:
    """Nothing when the block was done, else its error: one block's failure must not stop the others."""
    try:
        work(task)
    except Exception as error:  # noqa: BLE001 - the border of a block
        logger.debug("block %s failed:\n%s", task.id, traceback.format_exc())
        return error
    return None


def _gather(failures: dict[str, Exception], total: int) -> Exception:
    """The one error of a lone block, or one that names all that failed."""
    name, first = next(iter(failures.items()))
    if total == 1:
        return first
    return PartFailedError(f"{len(failures)} of {total} blocks failed, the first {name}: {first}; run again to go on")


def _mark_path(marks: Path, task: BlockTask) -> Path:
    return marks / f"{task.id}.json"


def _write_mark(path: Path, values: dict[str, object]) -> None:
    partial = path.with_suffix(".partial")
    with partial.open("w", encoding="utf-8") as file:
        json.dump(values, file)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
