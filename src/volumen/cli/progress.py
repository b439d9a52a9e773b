"""Progress bars on the error stream, so that what a command prints stays clean."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

Progress = Callable[[int, int], None]
NamedProgress = Callable[[str, int, int], None]


class ErrorLines(logging.Handler):
    """What is logged as lines of the error stream, flushed at once; above a bar where there is one."""

    def emit(self, record: logging.LogRecord) -> None:
        """Prints a line."""
        print(self.format(record), file=sys.stderr, flush=True)


@contextmanager
def show_progress(unit: str) -> Iterator[Progress]:
    """A bar with speed and time left, fed with (done, total); silent where nobody watches."""
    with _build_bar() as bar:
        task = bar.add_task(unit, total=None)

        def advance(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield advance


@contextmanager
def show_named_progress() -> Iterator[NamedProgress | None]:
    """A bar for what is being done, fed with (what, done, total) and gone with the next; None where nobody watches."""
    with _build_bar() as bar:

        def advance(what: str, done: int, total: int) -> None:
            shown = next((task for task in bar.tasks if task.description == what), None)
            for task in bar.tasks:
                if task is not shown:
                    bar.remove_task(task.id)
            number = bar.add_task(what) if shown is None else shown.id
            bar.update(number, completed=done, total=total)

        yield None if bar.disable else advance


def _build_bar() -> "Bar":
    """A bar whose descriptions begin with the unit that is counted; disabled unless somebody watches."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
    from rich.progress import TimeRemainingColumn as TimeLeft
    from rich.text import Text

    class Speed(ProgressColumn):
        """Units a second."""

        def render(self, task: Task) -> Text:
            unit = task.description.split()[0]
            return Text(f"{task.speed:.1f} {unit}/s" if task.speed else f"– {unit}/s")

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Speed(), TimeLeft())
    return Progress(*columns, console=console, disable=not console.is_terminal)


@contextmanager
def show_log(name: str) -> Iterator[None]:
    """What a part of the program logs, line by line on the error stream."""
    logger, handler = logging.getLogger(name), ErrorLines(logging.INFO)
    level, propagates = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(min(logger.getEffectiveLevel(), logging.INFO))
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagates
