"""Which volumes a folder holds."""

from pathlib import Path

from volumen.errors import FormatError, MissingError
from volumen.volumes.formats import find_by_suffix, is_volume_folder
from volumen.volumes.slices import is_stack, sort_naturally


def list_volumes(folder: str | Path) -> list[Path]:
    """Every file of a known format and every folder that is a volume or holds slices, `a2` before `a10`.

    Hidden and half-written ones are left out.
    """
    folder = Path(folder)
    if not folder.exists():
        raise MissingError(f"{folder} is not there")
    if not folder.is_dir():
        raise FormatError(f"{folder} is a file; a folder of volumes is needed")
    return sort_naturally([path for path in folder.iterdir() if _is_volume(path)])


def _is_volume(path: Path) -> bool:
    if path.name.startswith("."):
        return False
    return find_by_suffix(path) is not None or is_volume_folder(path) or (path.is_dir() and is_stack(path))
