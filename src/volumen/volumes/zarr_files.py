"""What lies in a Zarr folder, from its metadata files alone."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from volumen.blocks import write_json
from volumen.errors import FormatError, OutputError
from volumen.volumes.faults import explain_writing
from volumen.volumes.places import LocalPlace, Place, read_json

ZARR_JSON = "zarr.json"
_SECOND = 2
METADATA = (ZARR_JSON, ".zarray", ".zgroup", ".zattrs", ".zmetadata")


@dataclass(frozen=True)
class Node:
    """An array or a group, as its metadata tells.

    Args:
        place: its folder.
        kind: which of the two it is.
        driver: as tensorstore calls the version.
        attributes: what its makers noted.
        axes: names of an array's axes, None where nobody gave them.
        members: names of a group's arrays, None when they are not known without a look at what lies inside.
    """

    place: Place
    kind: Literal["array", "group"]
    driver: Literal["zarr", "zarr3"]
    attributes: Mapping[str, Any]
    axes: tuple[str, ...] | None = None
    members: tuple[str, ...] | None = None

    @property
    def version(self) -> int:
        """Of the Zarr format."""
        return 3 if self.driver == "zarr3" else 2


def is_zarr(path: Path) -> bool:
    """Whether a local path is a Zarr or lies in one, by suffix or by what is in the folder."""
    named = any(part.lower().endswith(".zarr") for part in path.parts)
    return named or any((path / name).is_file() for name in METADATA[:3])


def read_node(place: Place) -> Node | None:
    """The array or group at `place`; None when there is neither."""
    contents = place.read(*METADATA)
    if ZARR_JSON in contents:
        return _read_third(place, read_json(contents, ZARR_JSON, place))
    attributes = read_json(contents, ".zattrs", place) if ".zattrs" in contents else {}
    if ".zarray" in contents:
        return Node(place, "array", "zarr", attributes, _read_names(attributes.get("_ARRAY_DIMENSIONS")))
    if ".zgroup" in contents or ".zattrs" in contents:
        members = read_json(contents, ".zmetadata", place) if ".zmetadata" in contents else None
        return Node(place, "group", "zarr", attributes, members=_list_second(members))
    return None


def read_array(place: Place) -> Node | None:
    """The array at `place`; None when there is none."""
    node = read_node(place)
    return node if node is not None and node.kind == "array" else None


def find_members(node: Node) -> list[Node] | None:
    """The arrays of a group, by name; None where a server does not tell."""
    listed = node.place.list_folders()
    names = node.members if listed is None else listed
    if names is None:
        return None
    nodes = (read_array(node.place.join(name)) for name in names)
    return [found for found in nodes if found is not None]


def write_group(path: Path, attributes: Mapping[str, object], *, version: int = 3) -> None:
    """Make a folder a Zarr group."""
    if version == _SECOND:
        write_json(path / ".zgroup", {"zarr_format": 2})
        write_second_attributes(path, attributes)
    else:
        write_json(path / ZARR_JSON, {"zarr_format": 3, "node_type": "group", "attributes": dict(attributes)})


def write_second_attributes(path: Path, attributes: Mapping[str, object]) -> None:
    """Keep attributes of an array or group of Zarr 2."""
    write_json(path / ".zattrs", attributes)


def make_parents(path: Path, *, version: int = 3) -> None:
    """Make every folder a group that lies between the outermost `.zarr` and `path`, so that others can open it."""
    above = [parent for parent in path.parents if any(part.lower().endswith(".zarr") for part in parent.parts)]
    for parent in reversed(above):
        node = read_node(LocalPlace(parent))
        if node is None:
            write_group(parent, {}, version=version)
        elif node.kind == "array":
            raise OutputError(f"{parent} is an array; no array can be made inside it")
        elif node.version != version:
            raise OutputError(f"{parent} is Zarr {node.version}; an array of Zarr {version} cannot be made inside it")


def check_removable(path: Path) -> None:
    """Refuse to replace what is there unless it is a Zarr or an empty folder."""
    replaceable = path.is_dir() and (read_node(LocalPlace(path)) is not None or not any(path.iterdir()))
    if path.exists() and not replaceable:
        raise OutputError(f"{path} is there and is no Zarr; it is not overwritten: remove it or choose another name")


def remove_zarr(path: Path) -> None:
    """Remove a Zarr that is to be written anew, if there is one; anything else is refused."""
    check_removable(path)
    if path.exists():
        with explain_writing(str(path)):
            shutil.rmtree(path)


def _read_third(place: Place, metadata: Mapping[str, Any]) -> Node:
    kind, attributes = metadata.get("node_type"), metadata.get("attributes") or {}
    if kind not in {"array", "group"} or not isinstance(attributes, dict):
        raise FormatError(f"{place}/{ZARR_JSON} is damaged: node_type is {kind!r}, not 'array' or 'group'")
    if kind == "array":
        return Node(place, "array", "zarr3", attributes, _read_names(metadata.get("dimension_names")))
    listed = metadata.get("consolidated_metadata")
    inside = listed.get("metadata") if isinstance(listed, dict) else None
    names = tuple(sorted(name for name in inside if "/" not in name)) if isinstance(inside, dict) else None
    return Node(place, "group", "zarr3", attributes, members=names)


def _list_second(consolidated: Mapping[str, Any] | None) -> tuple[str, ...] | None:
    """Names of the arrays that consolidated metadata of Zarr 2 list right below."""
    inside = consolidated.get("metadata") if consolidated is not None else None
    if not isinstance(inside, dict):
        return None
    return tuple(
        sorted(key.removesuffix("/.zarray") for key in inside if key.count("/") == 1 and key.endswith("/.zarray"))
    )


def _read_names(values: object) -> tuple[str, ...] | None:
    """Names of axes where every one has a name."""
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        return None
    return tuple(values)
