"""Folders of keys, on disk or behind a URL: where Zarr, N5 and precomputed volumes lie."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from volumen.errors import FormatError, MissingError, PlaceError, VolumenError
from volumen.volumes.credentials import describe_amazon, has_google_credentials
from volumen.volumes.faults import shorten_message
from volumen.volumes.spec import Options, Spec

if TYPE_CHECKING:
    import tensorstore

# A server that sends nothing is given up after this many seconds, four times with growing pauses between: a minute
# and a half in all. tensorstore's own 32 tries take half an hour.
_CURL = {
    "TENSORSTORE_CURL_CONNECT_TIMEOUT_SECONDS": "10",
    "TENSORSTORE_CURL_LOW_SPEED_TIME_SECONDS": "20",
    "TENSORSTORE_CURL_LOW_SPEED_LIMIT_BYTES": "1",
}
_RETRIES = {"max_retries": 4, "initial_delay": "500ms", "max_delay": "4s"}
_METADATA_SECONDS = 120
_VOXEL_SECONDS = 300
_SLOWEST = 50_000  # bytes a second: slower reads are given up
_GOOGLE = "https://storage.googleapis.com"
_REFUSALS = ("PERMISSION_DENIED", "UNAUTHENTICATED")

Json = dict[str, Any]


@dataclass(frozen=True)
class LocalPlace:
    """A folder on this machine."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    def join(self, name: str) -> "LocalPlace":
        """A place inside this one."""
        return LocalPlace(self.path / name)

    @property
    def parent(self) -> "LocalPlace":
        """The folder around this one."""
        return LocalPlace(self.path.parent)

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.name

    def read(self, *keys: str) -> dict[str, bytes]:
        """Contents of the keys that are there."""
        try:
            return {key: (self.path / key).read_bytes() for key in keys if (self.path / key).is_file()}
        except OSError as error:
            raise FormatError(f"{self.path} cannot be read: {error.strerror or error}") from error

    def list_folders(self) -> list[str] | None:
        """Names of the folders inside, in order; None where nobody can tell."""
        if not self.path.is_dir():
            return []
        return sorted(child.name for child in self.path.iterdir() if child.is_dir() and not child.name.startswith("."))

    def list_keys(self) -> list[str] | None:
        """Every file below, as paths from here."""
        return [
            os.path.relpath(Path(folder, name), self.path) for folder, _, names in os.walk(self.path) for name in names
        ]

    def describe(self) -> Json:
        """What tensorstore calls it."""
        return {"driver": "file", "path": f"{self.path.resolve()}/"}

    def find_patience(self, nbytes: int) -> float | None:  # noqa: ARG002 - as of a remote place
        """Seconds that reading so many bytes may take; a disk may take as long as it likes."""
        return None


@dataclass(frozen=True)
class RemotePlace:
    """A folder behind an `s3://`, `gs://`, `http://` or `https://` URL, which is only read."""

    url: str
    options: Options = Options()  # noqa: RUF009 - frozen

    def __str__(self) -> str:
        return self.url

    def join(self, name: str) -> "RemotePlace":
        """A place inside this one."""
        return RemotePlace(f"{self.url}/{name.strip('/')}", self.options)

    @property
    def parent(self) -> "RemotePlace":
        """The folder around this one; a bucket or host is its own."""
        scheme, _, rest = self.url.partition("://")
        above, slash, _ = rest.rpartition("/")
        return RemotePlace(f"{scheme}://{above}", self.options) if slash else self

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.url.rpartition("/")[2]

    def read(self, *keys: str) -> dict[str, bytes]:
        """Contents of the keys that are there, asked for together.

        A server that hides what is there may refuse a key instead of missing it: a refusal counts only when nothing
        else was found.
        """
        futures = {key: self._open().read(key) for key in keys}
        found: dict[str, bytes] = {}
        refused: VolumenError | None = None
        for key, future in futures.items():
            try:
                result = future.result(timeout=_METADATA_SECONDS)
            except (ValueError, OSError) as error:
                refused = explain_place(self, error)
                if not _is_refusal(error):
                    raise refused from error
                continue
            if result.state == "value":
                found[key] = bytes(result.value)
        if refused is not None and not found:
            raise refused
        return found

    def check_bucket(self) -> None:
        """Refuse a bucket that is not there; a key that is not there looks the same."""
        if self.url.startswith("http"):
            return
        import tensorstore

        try:
            self._open().list(tensorstore.KvStore.KeyRange("info", "infp")).result(timeout=_METADATA_SECONDS)
        except (ValueError, OSError) as error:
            told = explain_place(self, error)
            if isinstance(told, MissingError):
                raise told from error

    def list_folders(self) -> list[str] | None:
        """None: a server has no cheap way to tell."""
        return None

    def list_keys(self) -> list[str] | None:
        """Every key below, as paths from here; None where the server does not tell."""
        if self.url.startswith("http"):
            return None
        try:
            return [key.decode() for key in self._open().list().result(timeout=_VOXEL_SECONDS)]
        except (ValueError, OSError):
            return None

    def describe(self) -> Json:
        """What tensorstore calls it."""
        address = urlsplit(self.url)
        path = unquote(address.path.strip("/"))
        folder = f"{path}/" if path else ""
        if address.scheme == "s3":
            return {"driver": "s3", "bucket": address.netloc, "path": folder, **describe_amazon(self.options)}
        if address.scheme == "gs" and has_google_credentials(self.options):
            return {"driver": "gcs", "bucket": address.netloc, "path": folder}
        if address.scheme == "gs":
            return {"driver": "http", "base_url": f"{_GOOGLE}/{address.netloc}/{address.path.strip('/')}/"}
        return {"driver": "http", "base_url": f"{address.scheme}://{address.netloc}{address.path.rstrip('/')}/"}

    def find_patience(self, nbytes: int) -> float | None:
        """Seconds that reading so many bytes may take."""
        return _VOXEL_SECONDS + nbytes / _SLOWEST

    def _open(self) -> "tensorstore.KvStore":
        return _open_keys(json.dumps(self.describe(), sort_keys=True))


Place = LocalPlace | RemotePlace


def find_place(spec: Spec) -> Place:
    """Where a spec's folder is."""
    if not spec.is_remote:
        return LocalPlace(spec.path)
    scheme = spec.place.partition("://")[0]
    if not urlsplit(spec.place).netloc:
        raise FormatError(f"{spec.text}: a URL is written {scheme}://NAME/path")
    return RemotePlace(spec.place.rstrip("/"), spec.options)


def share_settings() -> Json:
    """Settings of tensorstore's context for places behind URLs; sets, once, when a silent server is given up."""
    for name, value in _CURL.items():
        os.environ.setdefault(name, value)
    return {f"{driver}_request_retries": _RETRIES for driver in ("s3", "gcs", "http")}


def explain_place(place: Place, error: BaseException) -> VolumenError:
    """What a server's answer means, in one line."""
    message = shorten_message(error)
    if isinstance(error, TimeoutError):
        return PlaceError(f"{place} does not answer; is the address right, is the network there?")
    if _is_refusal(error):
        return PlaceError(f"{place} refuses to be read: set credentials in the environment, or none with ?anonymous")
    if "NoSuchBucket" in message:
        return MissingError(f"{place}: there is no such bucket")
    if any(word in message for word in ("CURL error", "retry attempts failed", "UNAVAILABLE", "DEADLINE_EXCEEDED")):
        reason = message.rpartition("CURL error ")[2].partition(" [")[0]
        return PlaceError(f"{place} cannot be reached: {reason}")
    return FormatError(f"{place} cannot be read: {message}")


def _is_refusal(error: BaseException) -> bool:
    return str(error).startswith(_REFUSALS) or any(word in str(error)[:300] for word in _REFUSALS)


@lru_cache(maxsize=64)
def _open_keys(description: str) -> "tensorstore.KvStore":
    import tensorstore

    context = tensorstore.Context(share_settings())
    return tensorstore.KvStore.open(json.loads(description), context=context).result()


def read_json(contents: Mapping[str, bytes], key: str, place: Place) -> Json:
    """A metadata file as a mapping."""
    try:
        values = json.loads(contents[key])
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{place}/{key} cannot be read as JSON: {error}") from error
    if not isinstance(values, dict):
        raise FormatError(f"{place}/{key} is damaged: it holds no JSON object")
    return values
