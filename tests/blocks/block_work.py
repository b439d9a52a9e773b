"""Work for blocks that other processes can import."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from volumen.blocks import BlockTask
from volumen.errors import DataError


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
    """Touches, but its process is killed in the middle of one block."""

    folder: Path
    id: str

    def __call__(self, task: BlockTask) -> None:
        Touch(self.folder)(task)
        if task.id == self.id:
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class Linger:
    """Touches, then takes its time."""

    folder: Path

    def __call__(self, task: BlockTask) -> None:
        Touch(self.folder)(task)
        time.sleep(60)
