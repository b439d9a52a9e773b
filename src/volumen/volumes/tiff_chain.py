"""The chain of pages of a TIFF, walked to its end: tifffile takes a cut one for a shorter stack."""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from volumen.errors import FormatError

_HEADER = 16
_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_PRIVATE = 32768  # tags from here on are makers' own, and often broken without harm


@dataclass(frozen=True)
class _Dialect:
    """Where the first pointer stands; how tags are counted, laid out and pointed at."""

    first: int
    count: struct.Struct
    tag: struct.Struct
    pointer: struct.Struct


def check_chain(path: Path) -> None:
    """Refuse a file that is empty, no TIFF, or ends before its last page's tags do."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size == 0:
            raise FormatError(f"{path} is empty")
        dialect = _find_dialect(file.read(_HEADER), path)
        for tags in _walk(file, path, size, dialect=dialect):
            _check_tags(tags, path, size, dialect=dialect)


def _walk(file: BufferedReader, path: Path, size: int, *, dialect: _Dialect) -> Iterator[bytes]:
    """Each page's tags."""
    file.seek(dialect.first)
    (where,) = dialect.pointer.unpack(_take(file, dialect.pointer.size, path))
    seen: set[int] = set()
    while where or not seen:
        if where in seen or not 0 < where < size:
            raise FormatError(f"{path} is truncated or damaged: page {len(seen) + 1} lies outside its {size} bytes")
        seen.add(where)
        file.seek(where)
        (tags,) = dialect.count.unpack(_take(file, dialect.count.size, path))
        yield _take(file, min(tags * dialect.tag.size, size), path)
        (where,) = dialect.pointer.unpack(_take(file, dialect.pointer.size, path))


def _check_tags(tags: bytes, path: Path, size: int, *, dialect: _Dialect) -> None:
    """Refuse a page whose tags keep their values where the file has ended."""
    for code, kind, count, value in dialect.tag.iter_unpack(tags):
        length = count * _TYPE_BYTES.get(kind, 0)
        if code < _PRIVATE and length > len(value):
            (where,) = dialect.pointer.unpack(value)
            if where + length > size:
                raise FormatError(f"{path} is truncated or damaged: tag {code} points outside its {size} bytes")


def _find_dialect(header: bytes, path: Path) -> _Dialect:
    order = {b"II": "<", b"MM": ">"}.get(header[:2])
    kind = struct.unpack(f"{order}H", header[2:4])[0] if order and len(header) >= 4 else None  # noqa: PLR2004
    if kind == 42:  # noqa: PLR2004 - classic TIFF
        return _Dialect(4, *map(struct.Struct, (f"{order}H", f"{order}HHI4s", f"{order}I")))
    if kind == 43:  # noqa: PLR2004 - BigTIFF
        return _Dialect(8, *map(struct.Struct, (f"{order}Q", f"{order}HHQ8s", f"{order}Q")))
    raise FormatError(f"{path} is no TIFF: its first bytes are {header[:4]!r}")


def _take(file: BufferedReader, count: int, path: Path) -> bytes:
    taken = file.read(count)
    if len(taken) < count:
        raise FormatError(f"{path} is truncated: it ends in the middle of a page's tags")
    return taken
