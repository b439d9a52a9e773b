"""Output that is there already."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from volumen.errors import ExistsError

if TYPE_CHECKING:
    pass


def refuse_existing(path: Path, *, overwrite: bool) -> None:
    """An error when something is at a path; it is removed when it may be overwritten."""
    if not path.exists():
        return
    if not overwrite:
        raise ExistsError(f"{path} is there already; ask for --overwrite, or name another output")
    shutil.rmtree(path) if path.is_dir() else path.unlink()
