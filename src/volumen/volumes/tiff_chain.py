"""The chain of pages of a TIFF, walked to its end: tifffile takes a cut one for a shorter stack."""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from volumen.errors import FormatError

_HEADER = 16


@dataclass(frozen=True)
class _Dialect:
    """Where the first pointer stands, how tags are counted and pointers written, and the bytes a tag takes."""

    first: int
    count: struct.Struct
    tag: int
    pointer: struct.Struct


def check_chain(path: Path) -> None:
    """Refuse a file that is empty, no TIFF, or ends before its last page does."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size == 0:
            raise FormatError(f"{path} is empty")
        for _ in _walk(file, path, size):
            pass


def _walk(file: BufferedReader, path: Path, size: int) -> Iterator[int]:
    """Where each page's list of tags begins."""
    dialect = _find_dialect(file.read(_HEADER), path)
    file.seek(dialect.first)
    (where,) = dialect.pointer.unpack(_take(file, dialect.pointer.size, path))
    seen: set[int] = set()
    while where or not seen:
        if where in seen or not 0 < where < size:
            raise FormatError(
                f"{path} is truncated or damaged: page {len(seen) + 1} lies outside the file's {size} bytes"
            )
        seen.add(where)
        yield where
        file.seek(where)
        (tags,) = dialect.count.unpack(_take(file, dialect.count.size, path))
        file.seek(tags * dialect.tag, os.SEEK_CUR)
        (where,) = dialect.pointer.unpack(_take(file, dialect.pointer.size, path))


def _find_dialect(header: bytes, path: Path) -> _Dialect:
    order = {b"II": "<", b"MM": ">"}.get(header[:2])
    kind = struct.unpack(f"{order}H", header[2:4])[0] if order and len(header) >= 4 else None  # noqa: PLR2004
    if kind == 42:  # noqa: PLR2004 - classic TIFF
        return _Dialect(4, struct.Struct(f"{order}H"), 12, struct.Struct(f"{order}I"))
    if kind == 43:  # noqa: PLR2004 - BigTIFF
        return _Dialect(8, struct.Struct(f"{order}Q"), 20, struct.Struct(f"{order}Q"))
    raise FormatError(f"{path} is no TIFF: its first bytes are {header[:4]!r}")


def _take(file: BufferedReader, count: int, path: Path) -> bytes:
    taken = file.read(count)
    if len(taken) < count:
        raise FormatError(f"{path} is truncated: it ends in the middle of a page's tags")
    return taken
