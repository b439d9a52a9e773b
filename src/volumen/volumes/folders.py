"""Which volumes a folder holds."""

import re
from pathlib import Path

from volumen.errors import FormatError, MissingError
from volumen.volumes.opening import SUFFIXES


def list_volumes(folder: str | Path) -> list[Path]:
    """Every TIFF and Zarr in a folder, `a2` before `a10`; hidden and half-written ones are left out."""
    folder = Path(folder)
    if not folder.exists():
        raise MissingError(f"{folder} is not there")
    if not folder.is_dir():
        raise FormatError(f"{folder} is a file; a folder of volumes is needed")
    found = [path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")]
    return sorted(found, key=_split_numbers)


def _split_numbers(path: Path) -> list[tuple[int, str]]:
    """What sorts as people count."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path.name)]
