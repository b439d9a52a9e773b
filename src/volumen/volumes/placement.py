"""Voxel size and offset as the attributes of arrays tell them, whoever wrote them."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from volumen.geometry import VoxelSize
from volumen.volumes.units import find_nanometres
from volumen.volumes.volume import Offset

Placement = tuple[VoxelSize | None, Offset | None]

VOXEL_SIZE = "voxel_size_nm"
OFFSET = "offset_nm"

PLACEMENT_NAMES = (VOXEL_SIZE, OFFSET, "resolution", "voxel_size", "offset", "units", "element_size_um")

_AXES = "zyx"
_UNKNOWN: Placement = (None, None)


def read_array_placement(attributes: Mapping[str, Any]) -> Placement:
    """Voxel size and offset that an array's attributes tell; None for what they do not.

    Known are ours (`voxel_size_nm`, `offset_nm`), those of CREMI and funlib (`resolution` or `voxel_size`, `offset`, nm
    unless there are `units`), of COSEM (`transform`), of N5 viewers (`pixelResolution`, `downsamplingFactors`) and of
    ilastik and PlantSeg (`element_size_um`).
    """
    plain = {name: _to_plain(value) for name, value in attributes.items()}
    readings = (
        (parse_voxel_size(plain.get(VOXEL_SIZE)), parse_offset(plain.get(OFFSET))),
        _read_transform(plain.get("transform")),
        _read_resolution(plain),
        _read_pixels(plain),
        (parse_voxel_size(_scale(plain.get("element_size_um"), 1e3)), None),
    )
    return next((reading for reading in readings if reading != _UNKNOWN), _UNKNOWN)


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


def _read_transform(transform: object) -> Placement:
    """COSEM's: scale and translation with the names and units of their axes."""
    if not isinstance(transform, dict):
        return _UNKNOWN
    axes, units = transform.get("axes"), transform.get("units")
    if not isinstance(axes, list) or not isinstance(units, list) or not set(_AXES) <= set(map(str, axes)):
        return _UNKNOWN
    places = [axes.index(axis) for axis in _AXES]
    nanometres = [find_nanometres(unit) for unit in units]
    scale, shift = (_pick(transform.get(name), places, nanometres) for name in ("scale", "translate"))
    return parse_voxel_size(scale), parse_offset(shift)


def _pick(values: object, places: Sequence[int], nanometres: Sequence[float | None]) -> list[float] | None:
    """Lengths along z, y and x in nanometres."""
    if not isinstance(values, list) or len(values) != len(nanometres):
        return None
    pairs = [(values[place], nanometres[place]) for place in places]
    return [value * unit for value, unit in pairs if isinstance(value, int | float) and unit is not None]


def _read_resolution(plain: Mapping[str, object]) -> Placement:
    """CREMI's and funlib's: z y x in nanometres, unless a unit for each axis says otherwise."""
    size, units = plain.get("resolution", plain.get("voxel_size")), plain.get("units", ["nm"] * 3)
    return _read_transform({"axes": list(_AXES), "units": units, "scale": size, "translate": plain.get("offset")})


def _read_pixels(plain: Mapping[str, object]) -> Placement:
    """N5 viewers': the finest level's size x y z, and how often each axis was halved."""
    told = plain.get("pixelResolution")
    unit = find_nanometres(told.get("unit")) if isinstance(told, dict) else None
    sizes = told.get("dimensions") if isinstance(told, dict) else None
    factors = plain.get("downsamplingFactors", [1, 1, 1])
    if unit is None or not isinstance(sizes, list) or not isinstance(factors, list) or len(sizes) != len(factors):
        return _UNKNOWN
    return parse_voxel_size([size * factor * unit for size, factor in zip(sizes, factors, strict=True)][::-1]), None


def _scale(values: object, factor: float) -> list[float] | None:
    if not isinstance(values, list) or not all(isinstance(value, int | float) for value in values):
        return None
    return [value * factor for value in values]


def _to_plain(value: Any) -> object:
    """NumPy's numbers and arrays, as HDF5 hands them out, as plain ones."""
    plain = value.tolist() if hasattr(value, "tolist") else value
    return list(plain) if isinstance(plain, tuple) else plain
