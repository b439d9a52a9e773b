"""ZIP archives from strangers: no member is written outside of its folder, nothing is there before all is."""

import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath

from volumen.errors import DataError, FormatError, OutputError

_NOT_DATA = ("__MACOSX/", ".DS_Store", "Thumbs.db")
_PIECE = 1 << 20


def unpack_archive(archive: Path, folder: Path, *, progress: Callable[[int, int], None] | None = None) -> list[str]:
    """Names of the files that an archive holds, all of them now in `folder`.

    Every name is looked at before the first file is written. Files go to a folder of their own first, and take their
    places when all are whole.

    Args:
        archive: a .zip.
        folder: where its files go.
        progress: told bytes written and bytes in all.
    """
    work = folder / f".{archive.name}.unpacking"
    shutil.rmtree(work, ignore_errors=True)
    try:
        with zipfile.ZipFile(archive) as content:
            members = list_members(content)
            _check_room(members, folder)
            _extract(content, members, work, progress)
        for member in members:
            _move(work / member.filename, folder / member.filename)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise FormatError(f"{archive} cannot be unpacked, it is damaged or no ZIP archive: {error}") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return [member.filename for member in members]


def list_members(content: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The files of an archive; one with a name that leads elsewhere makes the whole archive an error."""
    files = [member for member in content.infolist() if not member.is_dir()]
    wrong = [member.filename for member in files if not _is_inside(member)]
    if wrong:
        raise DataError(
            f"{content.filename} is not to be trusted, nothing was unpacked: it holds {', '.join(wrong[:5])}"
        )
    return [
        member for member in files if not member.filename.startswith(_NOT_DATA) and not _is_rubbish(member.filename)
    ]


def _is_inside(member: zipfile.ZipInfo) -> bool:
    """Whether a member is a plain file at a plain path below the folder it is unpacked to."""
    name = member.filename
    path = PurePosixPath(name)
    plain = stat.S_IFMT(member.external_attr >> 16) in {0, stat.S_IFREG}
    return plain and not path.is_absolute() and ".." not in path.parts and "\\" not in name and ":" not in path.parts[0]


def _is_rubbish(name: str) -> bool:
    return PurePosixPath(name).name in _NOT_DATA


def _check_room(members: Iterable[zipfile.ZipInfo], folder: Path) -> None:
    needed, free = sum(member.file_size for member in members), shutil.disk_usage(folder).free
    if needed > free:
        raise OutputError(f"{folder} has room for {free >> 20} MB, and {needed >> 20} MB are to be unpacked; make room")


def _extract(
    content: zipfile.ZipFile,
    members: list[zipfile.ZipInfo],
    work: Path,
    progress: Callable[[int, int], None] | None,
) -> None:
    """Write every member; the archive's own checksums are compared on the way."""
    total, done = sum(member.file_size for member in members), 0
    for member in members:
        target = work / member.filename
        target.parent.mkdir(parents=True, exist_ok=True)
        with content.open(member) as source, target.open("wb") as file:
            while piece := source.read(_PIECE):
                file.write(piece)
                done += len(piece)
                if progress is not None:
                    progress(done, total)


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    source.replace(target)
