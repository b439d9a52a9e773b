"""Voxel size and offset as files tell them; in a TIFF as OME-XML, or JSON for types that OME does not know."""

import json
import math
from collections.abc import Mapping
from typing import Any

from volumen.geometry import VoxelSize
from volumen.volumes.volume import Layout, Offset

_OME_TYPES = {"float32": "float", "float64": "double"} | {
    name: name for name in ("int8", "int16", "int32", "uint8", "uint16", "uint32")
}
_NANOMETRES = {"nm": 1.0, "µm": 1e3, "mm": 1e6}
_AXES = "ZYX"

Placement = tuple[VoxelSize | None, Offset | None]


def describe_placement(layout: Layout) -> str | None:
    """What goes into the file's description; None when there is nothing to say."""
    if layout.voxel_size is None and layout.offset is None:
        return None
    if layout.dtype.name in _OME_TYPES:
        return _write_ome(layout)
    voxel_size = None if layout.voxel_size is None else list(layout.voxel_size)
    return json.dumps({"voxel_size_nm": voxel_size, "offset_nm": layout.offset})


def read_placement(description: str) -> Placement:
    """Voxel size and offset that a description tells; None for what it does not."""
    if description.rstrip().endswith("OME>"):
        return _read_ome(description)
    if description.startswith('{"voxel_size_nm"'):
        told = json.loads(description)
        return parse_voxel_size(told["voxel_size_nm"]), parse_offset(told["offset_nm"])
    return None, None


def parse_voxel_size(values: object) -> VoxelSize | None:
    """A voxel size from three positive numbers; None from anything else."""
    numbers = parse_offset(values)
    return VoxelSize(*numbers) if numbers is not None and min(numbers) > 0 else None


def parse_offset(values: object) -> Offset | None:
    """Three finite numbers; None from anything else."""
    if not isinstance(values, list | tuple) or len(values) != len(_AXES):
        return None
    if not all(isinstance(value, int | float) and math.isfinite(value) for value in values):
        return None
    z, y, x = map(float, values)
    return z, y, x


def _write_ome(layout: Layout) -> str:
    depth, height, width = layout.shape
    sizes = _write_lengths("PhysicalSize", layout.voxel_size)
    stage = _write_lengths("", layout.offset)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" Creator="volumen"><Image ID="Image:0">'
        + (f'<StageLabel Name="first voxel"{stage}/>' if stage else "")
        + f'<Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="{_OME_TYPES[layout.dtype.name]}" BigEndian="false"'
        f' SizeX="{width}" SizeY="{height}" SizeZ="{depth}" SizeC="1" SizeT="1"{sizes}>'
        '<Channel ID="Channel:0:0" SamplesPerPixel="1"/>'
        f'<TiffData IFD="0" PlaneCount="{depth}"/></Pixels></Image></OME>'
    )


def _write_lengths(name: str, values: VoxelSize | Offset | None) -> str:
    if values is None:
        return ""
    pairs = zip(_AXES, values, strict=True)
    return "".join(f' {name}{axis}="{value!r}" {name}{axis}Unit="nm"' for axis, value in pairs)


def _read_ome(description: str) -> Placement:
    import tifffile

    image = tifffile.xml2dict(description).get("OME", {}).get("Image")
    if not isinstance(image, dict):
        return None, None
    sizes = _read_lengths("PhysicalSize", image.get("Pixels") or {}, default="µm")
    stage = _read_lengths("", image.get("StageLabel") or {}, default="reference frame")
    return parse_voxel_size(sizes), parse_offset(stage)


def _read_lengths(name: str, element: Mapping[str, Any], *, default: str) -> list[float] | None:
    """Nanometres along z, y and x; None when one is missing or in an unknown unit."""
    values = [element.get(f"{name}{axis}") for axis in _AXES]
    units = [_NANOMETRES.get(element.get(f"{name}{axis}Unit", default)) for axis in _AXES]
    pairs = list(zip(values, units, strict=True))
    if not all(isinstance(value, int | float) and unit is not None for value, unit in pairs):
        return None
    return [value * unit for value, unit in pairs]  # type: ignore[operator]  # checked above
