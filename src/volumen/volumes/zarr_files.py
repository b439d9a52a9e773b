"""What lies in a Zarr folder, from its metadata files alone."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from volumen.blocks import write_json
from volumen.errors import FormatError, OutputError
from volumen.volumes.faults import explain_writing

ZARR_JSON = "zarr.json"


@dataclass(frozen=True)
class Node:
    """An array or a group, as its metadata tells."""

    path: Path
    kind: Literal["array", "group"]
    driver: Literal["zarr", "zarr3"]
    attributes: Mapping[str, Any]


def is_zarr(path: Path) -> bool:
    """Whether a path is a Zarr or lies in one, by suffix or by what is in the folder."""
    named = any(part.lower().endswith(".zarr") for part in path.parts)
    return named or any((path / name).is_file() for name in (ZARR_JSON, ".zarray", ".zgroup"))


def read_node(path: Path) -> Node | None:
    """The array or group at `path`; None when there is neither."""
    if (path / ZARR_JSON).is_file():
        metadata = _read_json(path / ZARR_JSON)
        kind = metadata.get("node_type")
        if kind not in {"array", "group"}:
            raise FormatError(f"{path / ZARR_JSON} is damaged: node_type is {kind!r}, not 'array' or 'group'")
        return Node(path, "array" if kind == "array" else "group", "zarr3", metadata.get("attributes") or {})
    if (path / ".zarray").is_file():
        return Node(path, "array", "zarr", _read_attributes(path))
    if (path / ".zgroup").is_file():
        return Node(path, "group", "zarr", _read_attributes(path))
    return None


def find_array(path: Path) -> Node:
    """The array at `path`, or the only one of the group there."""
    node = read_node(path)
    if node is None:
        raise FormatError(f"{path} is no Zarr: it has no zarr.json, .zarray or .zgroup")
    if node.kind == "array":
        return node
    arrays = find_members(path)
    if len(arrays) != 1:
        named = ", ".join(str(path / array.path.name) for array in arrays) or "none"
        raise FormatError(f"{path} is a group of {len(arrays)} arrays; name one of them: {named}")
    return arrays[0]


def find_members(path: Path) -> list[Node]:
    """The arrays of a group, by name."""
    children = sorted(child for child in path.iterdir() if child.is_dir() and not child.name.startswith("."))
    nodes = (read_node(child) for child in children)
    return [node for node in nodes if node is not None and node.kind == "array"]


def write_group(path: Path, attributes: Mapping[str, object]) -> None:
    """Make a folder a Zarr v3 group."""
    write_json(path / ZARR_JSON, {"zarr_format": 3, "node_type": "group", "attributes": dict(attributes)})


def make_parents(path: Path) -> None:
    """Make every folder a group that lies between the outermost `.zarr` and `path`, so that others can open it."""
    above = [parent for parent in path.parents if any(part.lower().endswith(".zarr") for part in parent.parts)]
    for parent in reversed(above):
        node = read_node(parent)
        if node is None:
            write_group(parent, {})
        elif node.kind == "array":
            raise OutputError(f"{parent} is an array; no array can be made inside it")


def check_removable(path: Path) -> None:
    """Refuse to replace what is there unless it is a Zarr or an empty folder."""
    replaceable = path.is_dir() and (read_node(path) is not None or not any(path.iterdir()))
    if path.exists() and not replaceable:
        raise OutputError(f"{path} is there and is no Zarr; it is not overwritten: remove it or choose another name")


def remove_zarr(path: Path) -> None:
    """Remove a Zarr that is to be written anew, if there is one; anything else is refused."""
    check_removable(path)
    if path.exists():
        with explain_writing(str(path)):
            shutil.rmtree(path)


def _read_attributes(path: Path) -> Mapping[str, Any]:
    return _read_json(path / ".zattrs") if (path / ".zattrs").is_file() else {}


def _read_json(path: Path) -> Mapping[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FormatError(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(values, dict):
        raise FormatError(f"{path} is damaged: it holds no JSON object")
    return values
