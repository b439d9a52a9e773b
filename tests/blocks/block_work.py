"""Work for blocks that other processes can import."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from volumen.blocks import BlockTask
from volumen.errors import DataError


def count_calls(folder: Path) -> dict[str, int]:
    """How often each block was done."""
    return {path.name: len(path.read_text().splitlines()) for path in sorted(folder.iterdir())}


@dataclass(frozen=True)
class Touch:
    """Appends a line per call to a file a block, so that a test can count."""

    folder: Path

    def __call__(self, task: BlockTask) -> None:
        with (self.folder / task.id).open("a") as log:
            log.write(f"{os.getpid()}\n")


@dataclass(frozen=True)
class FailOn:
    """Touches, but fails on one block."""

    folder: Path
    id: str

    def __call__(self, task: BlockTask) -> None:
        if task.id == self.id:
            raise DataError("the block is no good")
        Touch(self.folder)(task)


@dataclass(frozen=True)
class DieOn:
    """Touches, but its process is killed in the middle of one block, as often as is said."""

    folder: Path
    id: str
    times: int = 100

    def __call__(self, task: BlockTask) -> None:
        Touch(self.folder)(task)
        if task.id == self.id and count_calls(self.folder)[self.id] <= self.times:
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class FailOnce:
    """Touches, but fails the first time with an error that is none of ours."""

    folder: Path
    id: str

    def __call__(self, task: BlockTask) -> None:
        Touch(self.folder)(task)
        if task.id == self.id and count_calls(self.folder)[self.id] == 1:
            raise ConnectionResetError("the network was away")


@dataclass(frozen=True)
class Refuse:
    """Cannot be taken up in another process."""

    def __call__(self, task: BlockTask) -> None: ...

    def __reduce__(self) -> tuple[object, ...]:
        return _fail, ()


def _fail() -> None:
    raise DataError("this machine has no such model")


@dataclass(frozen=True)
class WaitOn:
    """Touches, and holds on to one block until a file appears."""

    folder: Path
    id: str
    until: Path

    def __call__(self, task: BlockTask) -> None:
        Touch(self.folder)(task)
        while task.id == self.id and not self.until.exists():
            time.sleep(0.02)
