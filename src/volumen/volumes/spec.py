"""What a spec says: where voxels are, which of them, and how they are to be read."""

import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

from volumen.errors import ConfigError, suggest_nearest
from volumen.geometry import VoxelSize

Form = Literal["zarr", "n5", "precomputed"]

SCHEMES = ("s3", "gs", "http", "https")
FORMS: tuple[Form, ...] = ("zarr", "n5", "precomputed")
FILES_WITH_KEYS = (".h5", ".hdf5", ".hdf", ".npz")
FOLDERS_WITH_KEYS = (".zarr", ".n5")

_QUERY = re.compile(r"\?([a-z_]+(?:=[^?&]*)?(?:&[a-z_]+(?:=[^?&]*)?)*)$")
_LEVEL = re.compile(r"@(\d+)/?$")
_SCHEME = re.compile(r"^(s3|gs|https?):/+")
_FORM = re.compile(r"^(zarr|n5|precomputed):(/+)")


@dataclass(frozen=True)
class Options:
    """What follows the `?` of a spec, as `?anonymous&endpoint=https://…`.

    Args:
        anonymous: whether a bucket is read without credentials.
        endpoint: server of an `s3://` bucket that is not Amazon's.
        region: region of an `s3://` bucket.
        axes: stored axes of a file that does not name them, as `xyzc`.
        time: which time point of several.
        channel: which channel of several; all when not said.
        voxel_size: nanometres z,y,x in place of what the file says.
    """

    anonymous: bool = False
    endpoint: str | None = None
    region: str | None = None
    axes: str | None = None
    time: int | None = None
    channel: int | None = None
    voxel_size: VoxelSize | None = None


@dataclass(frozen=True)
class Spec:
    """A spec in its parts.

    Args:
        text: as the user wrote it.
        place: a path or URL.
        form: the format that a prefix names.
        level: of a pyramid, 0 the finest.
        key: a dataset inside a file; one inside a folder is part of the place.
        options: what follows the `?`.
        query: the same, as it was written.
    """

    text: str
    place: str
    form: Form | None = None
    level: int | None = None
    key: str | None = None
    options: Options = Options()
    query: str = ""

    @property
    def is_remote(self) -> bool:
        """Whether the place is a URL."""
        return "://" in self.place

    def name_level(self, level: int) -> str:
        """The spec of another level of the same pyramid."""
        form = f"{self.form}://" if self.form else ""
        return f"{form}{self.place.rstrip('/')}@{level}{self.query}"

    @property
    def path(self) -> Path:
        """The place of a local volume."""
        return Path(self.place)

    @property
    def is_glob(self) -> bool:
        """Whether the place stands for several files."""
        return "*" in self.place and not self.is_remote and not is_there(self.place)


def parse_spec(text: str | Path) -> Spec:
    """The parts of `PLACE[@LEVEL][:KEY][?OPTIONS]`; a path that is there is never taken apart.

    A URL that went through `pathlib` has lost a slash and gets it back.
    """
    whole = str(text)
    if is_there(whole):
        return Spec(whole, whole)
    rest, query = _split_query(whole)
    options = _read_options(query, whole)
    form, rest = _split_form(rest)
    rest = _SCHEME.sub(r"\1://", rest.removeprefix("file://") if rest.startswith("file://") else rest)
    rest, key = _split_key(rest)
    rest, level = _split_level(rest)
    return Spec(whole, rest, form, level, key, options, query)


def is_there(text: str) -> bool:
    """Whether something on this machine is called so; a name that is too long for one is not."""
    try:
        return Path(text).exists()
    except OSError:
        return False


def _split_query(text: str) -> tuple[str, str]:
    found = _QUERY.search(text)
    return (text[: found.start()], found[0]) if found else (text, "")


def _split_pair(pair: str) -> tuple[str, str]:
    name, _, value = pair.partition("=")
    return name, value


def _read_options(query: str, text: str) -> Options:
    given = dict(_split_pair(pair) for pair in query[1:].split("&") if pair)
    known = {field.name for field in fields(Options)}
    for name in given.keys() - known:
        raise ConfigError(f"{text}: there is no option {name!r} of a volume; {suggest_nearest(name, known)}")
    endpoint = given.get("endpoint")
    return Options(
        anonymous="anonymous" in given,
        endpoint=_SCHEME.sub(r"\1://", endpoint).rstrip("/") if endpoint else None,
        region=given.get("region") or None,
        axes=_read_axes(given.get("axes"), text),
        time=_read_number(given.get("time"), text),
        channel=_read_number(given.get("channel"), text),
        voxel_size=_read_voxel_size(given.get("voxel_size"), text),
    )


def _read_axes(value: str | None, text: str) -> str | None:
    if value is None:
        return None
    axes = value.lower()
    if not {"y", "x"} <= set(axes) <= set("tczyx") or len(set(axes)) != len(axes):
        raise ConfigError(f"{text}: axes are letters of tczyx in stored order, y and x among them; got {value!r}")
    return axes


def _read_number(value: str | None, text: str) -> int | None:
    if value is None:
        return None
    if not value.isdecimal():
        raise ConfigError(f"{text}: time and channel are counted from 0; got {value!r}")
    return int(value)


def _read_voxel_size(value: str | None, text: str) -> VoxelSize | None:
    if value is None:
        return None
    try:
        return VoxelSize.parse([float(edge) for edge in value.split(",")])
    except ValueError as error:
        raise ConfigError(f"{text}: voxel_size is three lengths in nm, z,y,x; got {value!r}") from error


def _split_form(text: str) -> tuple[Form | None, str]:
    """The format that a prefix names, and what it stands before."""
    found = _FORM.match(text)
    if found is None:
        return None, text
    form, slashes, rest = next(form for form in FORMS if form == found[1]), found[2], text[found.end() :]
    if _SCHEME.match(rest) or len(slashes) == 2:  # noqa: PLR2004 - precomputed://relative/path
        return form, rest
    absolute = f"/{rest}"
    return form, absolute if len(slashes) > 2 or is_there(absolute) else rest  # noqa: PLR2004 - an absolute path


def _split_key(text: str) -> tuple[str, str | None]:
    """A file and a dataset in it, where `:` stands after what can hold datasets; in a folder that is a path."""
    place, colon, key = text.rpartition(":")
    holder = place.lower().rstrip("/")
    if not colon or not key or key.startswith("//"):
        return text, None
    if holder.endswith(FOLDERS_WITH_KEYS):
        return f"{place.rstrip('/')}/{key.strip('/')}", None
    if holder.endswith(FILES_WITH_KEYS) or Path(place).is_file():
        return place, key.strip("/")
    return text, None


def _split_level(text: str) -> tuple[str, int | None]:
    found = _LEVEL.search(text)
    return (text[: found.start()], int(found[1])) if found else (text, None)
