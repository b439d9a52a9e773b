"""Groups of arrays and the attributes that travel with them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from volumen.blocks import write_json
from volumen.errors import ExistsError, FormatError, MissingError, OutputError
from volumen.volumes.places import LocalPlace
from volumen.volumes.zarr_files import ZARR_JSON, Node, find_members, make_parents, read_node, remove_zarr, write_group


def create_group(path: str | Path, attributes: Mapping[str, object], *, overwrite: bool = False) -> None:
    """Make a Zarr v3 group with these attributes; arrays go in with `create_volume("x.zarr/name", …)`."""
    path = Path(path)
    if path.exists() and not overwrite:
        raise ExistsError(f"{path} is there already; choose another name or overwrite")
    remove_zarr(path)
    make_parents(path)
    write_group(path, attributes)


def list_arrays(path: str | Path) -> list[str]:
    """Names of the arrays in a group, in order."""
    node = _find_node(path)
    if node.kind != "group":
        raise FormatError(f"{path} is an array; a group is needed")
    return [array.place.name for array in find_members(node) or ()]


def read_attributes(path: str | Path) -> dict[str, Any]:
    """Attributes of a Zarr group or array, v2 or v3."""
    return dict(_find_node(path).attributes)


def write_attributes(path: str | Path, attributes: Mapping[str, object]) -> None:
    """Replace the attributes of a Zarr v3 group or array in one step."""
    node = _find_node(path)
    if node.driver != "zarr3":
        raise OutputError(f"{path} is Zarr v2, which is only read; export_volume makes a v3 of it")
    metadata = json.loads((Path(path) / ZARR_JSON).read_text(encoding="utf-8"))
    write_json(Path(path) / ZARR_JSON, metadata | {"attributes": dict(attributes)})


def _find_node(path: str | Path) -> Node:
    if not Path(path).exists():
        raise MissingError(f"{path} is not there")
    node = read_node(LocalPlace(Path(path)))
    if node is None:
        raise FormatError(f"{path} is no Zarr: it has no zarr.json, .zarray or .zgroup")
    return node
