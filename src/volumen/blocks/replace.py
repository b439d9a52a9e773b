"""Output that is there whole or not at all: a temporary name, a sync to disk, a rename."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from volumen.errors import ConfigError, OutputError, VolumenError


@contextmanager
def replace_path(path: Path) -> Iterator[Path]:
    """A hidden name beside `path`: what is written there takes its place when all went well, and is removed when not.

    A file replaces a file; a folder takes a name that is free.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        _sync(temporary)
        temporary.replace(path)
        _sync(path.parent)
    except VolumenError:
        raise
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        _remove(temporary)


def write_json(path: Path, values: Mapping[str, object]) -> None:
    """Write plain values as JSON, in one step that a crash cannot tear."""
    text = dump_json(values, indent=2)
    with replace_path(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def dump_json(values: Mapping[str, object], *, indent: int | None = None) -> str:
    """The one JSON text of plain values: keys sorted; without `indent`, no spaces either."""
    separators = None if indent else (",", ":")
    try:
        return json.dumps(values, sort_keys=True, indent=indent, separators=separators, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"only plain, finite values can be kept as JSON: {error}") from error


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    elif path.exists():
        path.unlink()
