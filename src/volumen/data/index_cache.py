"""Indices of labels kept from run to run: a small file each, under a name that changes with what it was made from."""

import hashlib
import logging
import os
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path

import numpy as np

from volumen.blocks import hash_config, replace_path
from volumen.data import indexing
from volumen.data.cases import Case
from volumen.data.frames import Source
from volumen.data.index import PatchIndex
from volumen.data.naming import identify_volume
from volumen.data.patches import PatchReader
from volumen.geometry import to_shape
from volumen.volumes import parse_spec

logger = logging.getLogger(__name__)

# Raised when an index is counted or kept in another way, so that no file of an earlier release is taken for one.
VERSION = 1

_GRIDS = ("known", "foreground")
_ROWS = ("values", "cells", "voxels")
_NAMES = {field.name for field in fields(PatchIndex)}


def find_folder() -> Path:
    """Where indices are kept: `volumen/patches` in the user's folder of caches."""
    given = Path(os.environ.get("XDG_CACHE_HOME", ""))  # one that is relative counts for nothing, by the standard
    return (given if given.is_absolute() else Path("~/.cache").expanduser()) / "volumen" / "patches"


def identify_index(case: Case, label: str, *, reader: PatchReader, ignore: int | None) -> str:
    """What an index depends on as one word: files, what of them is read and how, and how it is counted.

    A local file is known by its size and the time of its last change, and all files of a folder. Of what lies behind a
    URL only shape, type and chunks are known: that it changed is not seen.
    """
    values = case.find_values(label)
    sources = (case.locate_labels(label), *case.locate_masks(label))
    return hash_config(
        {
            "version": VERSION,
            "bounds": [indexing.EDGE, indexing.WIDEST_EDGE, indexing.MOST_CELLS, indexing.MOST_ROWS],
            "sources": [_describe_source(source, reader) for source in sources],
            "skipped": list(case.frame.skipped),
            "crop": str(case.frame.crop),
            "ignored": sorted(values.list_ignored(ignore)),
            "values": {
                **asdict(values),
                "classes": sorted(values.classes.items()),
                "ignore": None,  # the ignored ones are above
            },
        }
    )


def read_index(name: str) -> PatchIndex | None:
    """The index of a name; None when there is none to be read, or it is damaged."""
    path = find_folder() / f"{name}.npz"
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
        return _restore(arrays)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError):
        logger.warning("%s is damaged and is made again", path)
        return None


def write_index(name: str, index: PatchIndex) -> None:
    """Keep an index under a name, whole or not at all; where that fails an OutputError says why."""
    with replace_path(find_folder() / f"{name}.npz") as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **{key: np.asarray(getattr(index, key)) for key in _NAMES})


def _restore(arrays: dict[str, np.ndarray]) -> PatchIndex:
    """The index that arrays describe; a ValueError when they do not agree with one another."""
    if arrays.keys() != _NAMES:
        raise ValueError(f"the arrays {sorted(arrays)} are no index")
    index = PatchIndex(
        shape=to_shape(arrays["shape"].tolist()),
        edge=to_shape(arrays["edge"].tolist()),
        thinned=int(arrays["thinned"]),
        merged=bool(arrays["merged"]),
        **{key: arrays[key].astype(np.int64, casting="equiv") for key in (*_GRIDS, *_ROWS)},
    )
    cells = tuple(-(-extent // edge) for extent, edge in zip(index.shape, index.edge, strict=True))
    rows = index.values.shape
    fits = index.known.shape == index.foreground.shape == cells and rows == index.cells.shape == index.voxels.shape
    if not fits or len(rows) != 1 or index.cells.max(initial=0) >= index.known.size or index.cells.min(initial=0) < 0:
        raise ValueError("the arrays do not agree with one another")
    return index


def _describe_source(source: Source, reader: PatchReader) -> dict[str, object]:
    spec = parse_spec(source.spec)
    return {
        "place": identify_volume(source.spec),
        "reading": [spec.form, spec.level, spec.query],
        "box": str(source.box),
        "scale": None if source.scale is None else list(source.scale),
        "files": _digest_files(source.spec),
        **reader.describe(source.spec),
    }


def _digest_files(spec: str) -> str:
    """One word that changes with the size or time of any file that a spec names on this machine."""
    digest = hashlib.sha256()
    for path in _list_files(spec):
        status = path.stat()
        digest.update(f"{path.name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


def _list_files(spec: str) -> Iterator[Path]:
    """Files in the order of their names, those in folders too; none of a URL."""
    parsed = parse_spec(spec)
    if parsed.is_remote:
        return
    path = parsed.path
    for place in sorted(path.parent.glob(path.name)) if parsed.is_glob else [path]:
        if place.is_file():
            yield place
        for folder, folders, names in os.walk(place):
            folders.sort()
            yield from (Path(folder, name) for name in sorted(names))
