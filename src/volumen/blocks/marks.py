"""Done-marks: one small file a finished block, written after its work and carrying the plan's hash."""

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from volumen.blocks.difference import list_differences
from volumen.blocks.plan import BlockPlan, BlockTask
from volumen.blocks.replace import dump_json, write_json
from volumen.errors import ConfigError

_PLAN = "plan.json"


@dataclass(frozen=True)
class DoneMarks:
    """The folder that remembers which blocks of a plan are done."""

    folder: Path
    hash: str

    def has(self, task: BlockTask) -> bool:
        """Whether the block is done under this very plan; a mark that a crash tore counts as none."""
        mark = _read_json(self.folder / _name_mark(task))
        if mark is None:
            return False
        if mark.get("hash") != self.hash:
            raise ConfigError(f"{self.folder} has marks of another plan (block {task.id}); choose another output")
        return True

    def write(self, task: BlockTask, *, seconds: float) -> None:
        """Record that the block's work is on disk."""
        mark = {"hash": self.hash, "box": str(task.box), "seconds": round(seconds, 3), "host": socket.gethostname()}
        write_json(self.folder / _name_mark(task), mark)


def open_marks(folder: Path, plan: BlockPlan) -> DoneMarks:
    """The marks of `plan` in `folder`; a folder that belongs to another plan is refused with what differs."""
    config = cast("Mapping[str, object]", json.loads(dump_json(plan.config)))  # as it reads back: lists for tuples
    kept = _read_json(folder / _PLAN)
    if kept is None:
        write_json(folder / _PLAN, config)
    elif differences := list_differences(kept, config):
        raise ConfigError(
            f"{folder} was begun with other settings ({'; '.join(differences)}); "
            "go on with the old ones, choose another output or overwrite"
        )
    return DoneMarks(folder, plan.hash)


def _name_mark(task: BlockTask) -> str:
    return f"{task.id}.done"


def _read_json(path: Path) -> Mapping[str, object] | None:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return values if isinstance(values, dict) else None
