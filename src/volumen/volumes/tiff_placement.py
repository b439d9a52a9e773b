"""Voxel size and offset in a TIFF: as OME-XML, as ImageJ notes them, or JSON for types that OME does not know."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from volumen.geometry import VoxelSize
from volumen.volumes.placement import Placement, parse_offset, parse_voxel_size
from volumen.volumes.units import find_nanometres
from volumen.volumes.volume import Layout, Offset

if TYPE_CHECKING:
    import tifffile

_OME_TYPES = {"float32": "float", "float64": "double"} | {
    name: name for name in ("int8", "int16", "int32", "uint8", "uint16", "uint32")
}
_AXES = "ZYX"


def describe_placement(layout: Layout) -> str | None:
    """What goes into the file's description; None when there is nothing to say."""
    if layout.voxel_size is None and layout.offset is None:
        return None
    if layout.dtype.name in _OME_TYPES:
        return _write_ome(layout)
    voxel_size = None if layout.voxel_size is None else list(layout.voxel_size)
    return json.dumps({"voxel_size_nm": voxel_size, "offset_nm": layout.offset})


def read_placement(tif: "tifffile.TiffFile") -> Placement:
    """Voxel size and offset that an open TIFF tells; None for what it does not."""
    description = tif.pages.first.description
    if description.rstrip().endswith("OME>"):
        return _read_ome(description)
    if description.startswith('{"voxel_size_nm"'):
        told = json.loads(description)
        return parse_voxel_size(told["voxel_size_nm"]), parse_offset(told["offset_nm"])
    if tif.is_imagej:
        return _read_imagej(tif), None
    return None, None


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
    units = [find_nanometres(element.get(f"{name}{axis}Unit", default)) for axis in _AXES]
    pairs = list(zip(values, units, strict=True))
    if not all(isinstance(value, int | float) and unit is not None for value, unit in pairs):
        return None
    return [value * unit for value, unit in pairs]  # type: ignore[operator]  # checked above


def _read_imagej(tif: "tifffile.TiffFile") -> VoxelSize | None:
    """ImageJ's pixels a unit and spacing of slices; None when one of them or the unit is missing."""
    noted = tif.imagej_metadata or {}
    unit, spacing = find_nanometres(noted.get("unit")), noted.get("spacing")
    tags = tif.pages.first.tags
    densities = [tags[name].value if name in tags else (0, 1) for name in ("YResolution", "XResolution")]
    if unit is None or not isinstance(spacing, int | float) or not all(count and pixels for pixels, count in densities):
        return None
    edges = [count / pixels for pixels, count in densities]
    return parse_voxel_size([abs(spacing) * unit, *(edge * unit for edge in edges)])
