"""A data set fetched, unpacked and looked into."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from volumen.data.downloads.catalogue import RemoteData, RemoteFile
from volumen.data.downloads.transfer import Origin, Patience, accept_file, fetch_file, name_record
from volumen.data.downloads.unpacking import unpack_archive
from volumen.data.finding import find_cases
from volumen.data.progress import NamedProgress, name_progress
from volumen.errors import ConfigError, DataError, VolumenError, suggest_nearest

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Downloaded:
    """What is there now: the folder, the cases in it, and what a part alone lacks to be read as some."""

    folder: Path
    cases: tuple[str, ...]
    doubt: str | None = None


def download_data(
    data: RemoteData,
    folder: Path,
    *,
    parts: Sequence[str] = (),
    keep: bool = False,
    patience: Patience | None = None,
    progress: NamedProgress | None = None,
) -> Downloaded:
    """The data set in `folder`, each of its files there and right; what is there already is not fetched again.

    Args:
        data: what is fetched.
        folder: where it goes.
        parts: which parts of it; the usual ones when none is named.
        keep: whether archives stay when they are unpacked.
        patience: how long to try.
        progress: told what is being done, and bytes done and in all.
    """
    if data.by_hand is not None:
        raise DataError(f"{data.name} is not fetched by a program: {data.by_hand}; put it into {folder}")
    for file in choose_files(data, parts):
        _bring_file(file, folder, keep=keep, patience=patience, progress=progress)
    try:
        return Downloaded(folder, tuple(case.name for case in find_cases(folder, layout=data.layout)))
    except VolumenError as error:
        if parts:
            return Downloaded(folder, (), str(error))
        raise DataError(
            f"{data.name} was fetched, and its files are not what they were when this was written: {error}; remove "
            f"{folder} to fetch it anew"
        ) from error


def choose_files(data: RemoteData, parts: Sequence[str]) -> list[RemoteFile]:
    """The files of the parts that are asked for, else of the usual ones."""
    known = list(dict.fromkeys(file.part for file in data.files))
    unknown = [part for part in parts if part not in known]
    if unknown:
        raise ConfigError(f"{data.name} has no part {unknown[0]!r}; {suggest_nearest(unknown[0], known)}")
    return [file for file in data.files if (file.part in parts if parts else file.usual)]


def _bring_file(
    file: RemoteFile, folder: Path, *, keep: bool, patience: Patience | None, progress: NamedProgress | None
) -> None:
    """Fetch a file unless it is there, and unpack it where it is an archive."""
    target, origin = folder / file.path, Origin(file.url, file.checksum, file.expired)
    unpacked = target.with_name(f".{target.name}.unpacked")
    if unpacked.exists() or (not file.is_archive and target.is_file() and name_record(target).is_file()):
        logger.info("%s is there already", target)
        return
    if target.is_file():
        accept_file(target, origin)
    else:
        fetch_file(origin, target, patience=patience, progress=name_progress(progress, f"fetching {target.name}"))
    if file.is_archive:
        unpack_archive(target, target.parent, progress=name_progress(progress, f"unpacking {target.name}"))
        unpacked.touch()
        if not keep:
            target.unlink()
