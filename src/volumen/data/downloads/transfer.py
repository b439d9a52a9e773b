"""One file over HTTP: what came before a break is kept, and nothing counts before its checksum does."""

import errno
import hashlib
import http.client
import logging
import re
import shutil
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from volumen.errors import DataError, MissingError, OutputError, PlaceError, VolumenError

logger = logging.getLogger(__name__)

_PIECE = 1 << 20
_LONGEST_PAUSE = 60.0
_PARTIAL, _UNSATISFIABLE = 206, 416
_BUSY = {408, 425, 429, 500, 502, 503, 504}
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Patience:
    """How long a transfer goes on trying.

    Args:
        tries: attempts in a row that bring nothing new before it is given up.
        timeout: seconds without a byte after which a connection counts as broken.
        pause: seconds before the second attempt, doubled before each further one, at most a minute.
    """

    tries: int = 5
    timeout: float = 30.0
    pause: float = 1.0


@dataclass(frozen=True)
class Origin:
    """Where a file comes from, and how it is told from others.

    Args:
        url: http or https.
        checksum: `sha256:…` or `md5:…`; None when nobody published one.
        expired: whether a certificate that does not hold is let pass, because the checksum tells the file.
    """

    url: str
    checksum: str | None = None
    expired: bool = False


def fetch_file(
    origin: Origin,
    target: Path,
    *,
    patience: Patience | None = None,
    progress: Progress | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """The SHA-256 of a file that was fetched to `target`, where it is only once it is whole and right.

    A part that an earlier call left (`.NAME.part`) is gone on with where the server allows it. The checksum is written
    beside the file, `NAME.sha256`, as sha256sum reads it.

    Args:
        origin: what is fetched.
        target: where it goes.
        patience: how long to try.
        progress: told bytes that are there and bytes in all, 0 when the server does not say.
        sleep: what waits between attempts.
    """
    transfer = _Transfer(origin, target, patience or Patience(), progress or _ignore, sleep)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        transfer.run()
        transfer.tag.unlink(missing_ok=True)
        digest = check_file(transfer.partial, origin, target)
        transfer.partial.replace(target)
        name_record(target).write_text(f"{digest}  {target.name}\n", encoding="utf-8")
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.ENOTDIR, errno.EEXIST}:
            raise OutputError(
                f"{target} cannot be written ({error.strerror}); make room or name another --out"
            ) from error
        raise
    return digest


def accept_file(target: Path, origin: Origin) -> str:
    """The SHA-256 of a file that somebody put there, written down; an error when it is another than was published."""
    fault, digest = _compare(target, origin)
    if fault is not None:
        raise DataError(f"{target} is not the file of {origin.url}: {fault}; move it away to fetch that one")
    name_record(target).write_text(f"{digest}  {target.name}\n", encoding="utf-8")
    return digest


def check_file(path: Path, origin: Origin, target: Path) -> str:
    """The SHA-256 of what came; what has not the checksum it should have is removed."""
    fault, digest = _compare(path, origin)
    if fault is not None:
        path.unlink()
        raise DataError(
            f"what came from {origin.url} is not what was published: {fault}. It was removed; try again, or fetch it "
            f"with another program and put it at {target}"
        )
    return digest


def _compare(path: Path, origin: Origin) -> tuple[str | None, str]:
    """What is wrong with a file's checksum, and its SHA-256."""
    algorithm, _, expected = (origin.checksum or "sha256:").partition(":")
    found, digest = (measure_digest(path, name) for name in (algorithm, "sha256"))
    wrong = expected and found != expected
    return f"its {algorithm} is {found}, not {expected}" if wrong else None, digest


def measure_digest(path: Path, algorithm: str) -> str:
    """A file's checksum, one piece of it in memory at a time."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def name_record(target: Path) -> Path:
    """Where a file's checksum is written down."""
    return target.with_name(f"{target.name}.sha256")


class _Broken(Exception):  # noqa: N818 - no error before patience is over
    """A transfer that may be gone on with."""


@dataclass(frozen=True)
class _Transfer:
    """One file on its way."""

    origin: Origin
    target: Path
    patience: Patience
    progress: Progress
    sleep: Callable[[float], None]
    trusting: list[bool] = field(default_factory=list)  # not empty once a certificate was let pass

    @property
    def partial(self) -> Path:
        """What has come so far."""
        return self.target.with_name(f".{self.target.name}.part")

    @property
    def tag(self) -> Path:
        """What the server called the version that has come so far."""
        return self.target.with_name(f".{self.target.name}.etag")

    def run(self) -> None:
        """Fetch until all is there; what breaks is tried again."""
        failures, pause, most = 0, self.patience.pause, self._count()
        while True:
            try:
                self._try_once()
            except _Broken as error:
                failures = 1 if self._count() > most else failures + 1
                most = max(most, self._count())
                if failures >= self.patience.tries:
                    raise self._give_up(str(error)) from error
                logger.info("%s: %s; trying again in %g s", self.origin.url, error, pause)
                self.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
            else:
                return

    def _try_once(self) -> None:
        # without a checksum or a version, what comes now may be of another file than what came before
        start = self._count() if self.origin.checksum or self.tag.is_file() else 0
        try:
            with self._open(start) as response:
                self._receive(response, start)
        except VolumenError:
            raise
        except urllib.error.HTTPError as error:
            self._explain_answer(error, start)
        except urllib.error.URLError as error:
            self._explain_silence(error.reason)
        except (OSError, http.client.HTTPException) as error:
            if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise
            raise _Broken(f"the connection broke: {str(error) or type(error).__name__}") from error

    def _open(self, start: int) -> Any:
        headers = {"User-Agent": "volumen", "Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
            if self.tag.is_file():
                headers["If-Range"] = self.tag.read_text(encoding="utf-8")
        request = urllib.request.Request(self.origin.url, headers=headers)  # noqa: S310 - only http is opened
        return _build_opener(trusting=bool(self.trusting)).open(request, timeout=self.patience.timeout)

    def _receive(self, response: Any, start: int) -> None:
        """Write what comes behind what is there, or in place of it when the server begins anew."""
        begin, total = _read_extent(response)
        if begin not in {0, start}:
            raise _Broken(f"the server sends bytes from {begin} on, not from {start}")
        self._check_room(total - begin)
        self._remember(response.headers.get("ETag"), response.headers.get("Last-Modified"))
        with self.partial.open("r+b" if begin else "wb") as file:
            file.seek(begin)
            file.truncate()
            there = begin
            while piece := response.read(_PIECE):
                file.write(piece)
                there += len(piece)
                self.progress(there, total)
        if there < total:
            raise _Broken(f"it ended after {there} of {total} bytes")

    def _check_room(self, needed: int) -> None:
        free = shutil.disk_usage(self.target.parent).free
        if needed > free:
            raise OutputError(
                f"{self.target.parent} has room for {free >> 20} MB, and {needed >> 20} MB are still to come; "
                "make room or name another --out"
            )

    def _remember(self, tag: str | None, date: str | None) -> None:
        """Keep what the server calls the version that comes, if it calls it something."""
        version = tag if tag and not tag.startswith("W/") else date
        if version:
            self.tag.write_text(version, encoding="utf-8")
        else:
            self.tag.unlink(missing_ok=True)

    def _explain_answer(self, error: urllib.error.HTTPError, start: int) -> None:
        """Nothing when all is there already; else what a refusal means."""
        with error:
            if error.code == _UNSATISFIABLE:
                if error.headers.get("Content-Range", "") == f"bytes */{start}":
                    return
                self.partial.unlink(missing_ok=True)
                raise _Broken("what was there is no part of the file any more") from error
            if error.code in _BUSY:
                raise _Broken(f"the server answers {error.code} {error.reason}") from error
        raise MissingError(
            f"{self.origin.url} answers {error.code} {error.reason}: it may have moved; if you find the file, "
            f"put it at {self.target}"
        ) from error

    def _explain_silence(self, reason: object) -> None:
        if isinstance(reason, ssl.SSLCertVerificationError) and self.origin.expired and self.origin.checksum:
            if not self.trusting:
                self.trusting.append(True)
                logger.warning(
                    "the certificate of %s does not hold (%s); the file is told by its checksum instead",
                    self.origin.url,
                    reason.verify_message,
                )
            raise _Broken("its certificate does not hold")
        raise _Broken(str(reason))

    def _give_up(self, why: str) -> PlaceError:
        return PlaceError(
            f"{self.origin.url} cannot be fetched: {why}. Run the command again to go on with it, or fetch it with "
            f"another program and put it at {self.target}"
        )

    def _count(self) -> int:
        """Bytes that are there."""
        return self.partial.stat().st_size if self.partial.is_file() else 0


def _read_extent(response: Any) -> tuple[int, int]:
    """The first byte that an answer brings, and how many the file has; 0 when the server does not say."""
    if response.status == _PARTIAL:
        found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if found is None:
            raise _Broken(f"the server sends a part and does not say which: {response.headers.get('Content-Range')!r}")
        return int(found[1]), 0 if found[2] == "*" else int(found[2])
    length = response.headers.get("Content-Length", "")
    return 0, int(length) if length.isdecimal() else 0


def _build_opener(*, trusting: bool) -> urllib.request.OpenerDirector:
    """What opens http and https and nothing else, whatever a server redirects to."""
    context = ssl.create_default_context()
    if trusting:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(context=context),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _ignore(_done: int, _total: int) -> None: ...
