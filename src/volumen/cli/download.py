"""`volumen data download`: fetch public data sets."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from volumen import api
from volumen.cli.progress import show_progress
from volumen.errors import ConfigError

if TYPE_CHECKING:
    from volumen.data import RemoteFile

_MEGABYTE = 1 << 20


def download(
    name: str | None = None,
    /,
    *,
    out: Path | None = None,
    only: str = "",
    keep: bool = False,
    every: Annotated[bool, Parameter(name="--list")] = False,
) -> None:
    """Fetch a public data set, check and unpack it; a download that broke is gone on with.

    Args:
        name: Which one; `volumen data download --list` names all.
        out: Where it goes; data/NAME when not said.
        only: Parts of it, with commas between them.
        keep: Keep archives when they are unpacked.
        every: Name the data sets and their parts.
    """
    if every:
        _list_all()
        return
    if name is None:
        raise ConfigError("say which data set; volumen data download --list names all")
    with show_progress("MB") as advance:
        done = api.download_data(
            name,
            out,
            parts=[part.strip() for part in only.split(",") if part.strip()],
            keep=keep,
            progress=lambda _, bytes_done, total: advance(bytes_done // _MEGABYTE, total // _MEGABYTE),
        )
    if done.doubt is not None:
        print(f"{done.folder} is not whole yet: {done.doubt}")
    else:
        print(f"{len(done.cases)} cases in {done.folder}: {', '.join(done.cases)}")
        print(f"volumen train RECIPE --data {done.folder}")


def _list_all() -> None:
    catalogue = api.list_downloads()
    width = max(len(data.name) for data in catalogue)
    for data in catalogue:
        print(f"{data.name:<{width}}  {data.title}")
        usual, more = (_describe_parts(data.files, usual=usual) for usual in (True, False))
        lines = [f"parts: {usual}"] if usual else []
        lines += [f"with --only: {more}"] if more else []
        lines += [f"by hand: {data.by_hand}"] if data.by_hand else []
        for line in lines:
            print(f"{'':<{width}}    {line}")


def _describe_parts(files: "Sequence[RemoteFile]", *, usual: bool) -> str:
    """Words of the parts that are fetched unasked, or of the others, with their sizes where they are known."""
    sizes = {
        file.part: "" if file.megabytes is None else f" ({file.megabytes} MB)" for file in files if file.usual is usual
    }
    return ", ".join(f"{part}{size}" for part, size in sizes.items())
