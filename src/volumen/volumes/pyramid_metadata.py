"""What OME-Zarr says of a pyramid: axes with units, and where each level lies."""

from collections.abc import Sequence
from typing import Any

from volumen.volumes.pyramid import Level, Method
from volumen.volumes.zarr_creation import ZarrVersion

_OME_VERSIONS = {2: "0.4", 3: "0.5"}


def describe_pyramid(levels: Sequence[Level], name: str, method: Method, version: ZarrVersion) -> dict[str, Any]:
    """Attributes of the group whose arrays 0, 1 … are the levels; nanometres where the size of voxels is known."""
    ome = _OME_VERSIONS[version]
    multiscale = {
        "name": name,
        "axes": _describe_axes(levels[0]),
        "datasets": [
            {"path": str(number), "coordinateTransformations": _place(level)} for number, level in enumerate(levels)
        ],
        "type": method,
    }
    if version == 3:  # noqa: PLR2004 - of Zarr
        return {"ome": {"version": ome, "multiscales": [multiscale]}}
    return {"multiscales": [{"version": ome, **multiscale}]}


def _describe_axes(finest: Level) -> list[dict[str, str]]:
    unit = {} if finest.layout.voxel_size is None else {"unit": "nanometer"}
    space = [{"name": axis, "type": "space", **unit} for axis in "zyx"]
    return space if finest.layout.channels is None else [{"name": "c", "type": "channel"}, *space]


def _place(level: Level) -> list[dict[str, object]]:
    """Scale and translation of a level; voxels of the finest are one long where nobody knows better."""
    layout = level.layout
    leading = [] if layout.channels is None else [0.0]
    edges = level.steps if layout.voxel_size is None else tuple(layout.voxel_size)
    middle = [(step - 1) / 2 for step in level.steps] if layout.voxel_size is None else layout.offset
    placed: list[dict[str, object]] = [
        {"type": "scale", "scale": [*[1.0] * len(leading), *map(float, edges)]},
    ]
    if middle is not None and any(middle):
        placed.append({"type": "translation", "translation": [*leading, *middle]})
    return placed
