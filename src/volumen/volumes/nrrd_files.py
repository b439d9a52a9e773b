"""NRRD, with its header attached or apart: turned by its space directions to z y x."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from volumen.errors import FormatError, MissingError
from volumen.geometry import to_shape
from volumen.volumes.axes import AxisPlan, plan_axes
from volumen.volumes.extras import import_extra
from volumen.volumes.faults import explain_reading
from volumen.volumes.orientation import Orientation, orient_axes
from volumen.volumes.placement import Placement, parse_voxel_size
from volumen.volumes.raw_arrays import Packing, RawArray, RawVolume, chunk_volume
from volumen.volumes.spec import Spec
from volumen.volumes.units import find_nanometres
from volumen.volumes.volume import Layout, Storage, check_dtype

_TYPES = {
    "i1": ("signed char", "int8", "int8_t"),
    "u1": ("uchar", "unsigned char", "uint8", "uint8_t"),
    "i2": ("short", "short int", "signed short", "signed short int", "int16", "int16_t"),
    "u2": ("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"),
    "i4": ("int", "signed int", "int32", "int32_t"),
    "u4": ("uint", "unsigned int", "uint32", "uint32_t"),
    "i8": ("longlong", "long long", "long long int", "signed long long", "signed long long int", "int64", "int64_t"),
    "u8": ("ulonglong", "unsigned long long", "unsigned long long int", "uint64", "uint64_t"),
    "f4": ("float",),
    "f8": ("double",),
}
_PACKINGS: dict[str, Packing] = {"raw": "none", "gzip": "gzip", "gz": "gzip", "bzip2": "bzip2", "bz2": "bzip2"}


def open_nrrd(spec: Spec) -> RawVolume:
    """A NRRD file.

    Axes are put in the order z y x and turned forwards as its space directions say, in the file's own space; `?axes=`
    reads them as they are stored. An axis that is none of space is one of channels.
    """
    import_extra("nrrd", "formats", spec.text)
    import nrrd

    with explain_reading(spec.text, "NRRD", nrrd.NRRDError, StopIteration):
        with spec.path.open("rb") as file:
            header = nrrd.read_header(file)
            content = file.tell()
        raw = _locate(header, content, spec)
        oriented = _orient(header, raw, spec)
        plan = _plan(header, raw, oriented, spec)
        dtype = check_dtype(raw.dtype, spec.text)
        raw.check()
        voxel_size, offset = _read_placement(header, plan, oriented)
    layout = Layout(plan.volume_shape, dtype, chunk_volume(raw, plan), plan.channels, voxel_size, offset)
    storage = Storage("NRRD", notes=() if oriented is None else oriented.describe())
    return RawVolume(spec.text, layout, raw=raw, plan=plan, storage=storage)


def _locate(header: Mapping[str, Any], content: int, spec: Spec) -> RawArray:
    encoding = str(header["encoding"]).lower()
    if encoding not in _PACKINGS:
        raise FormatError(f"{spec.text} is encoded as {encoding}; read are {', '.join(_PACKINGS)}")
    kind = next((kind for kind, names in _TYPES.items() if header["type"] in names), None)
    if kind is None:
        raise FormatError(f"{spec.text}: voxels of type {header['type']!r} are no ints or floats")
    dtype = np.dtype(kind).newbyteorder(">" if header.get("endian") == "big" else "<")
    shape = tuple(int(extent) for extent in header["sizes"])[::-1]
    if len(shape) != int(header["dimension"]) or min(shape) < 0:
        raise FormatError(f"{spec.text}: its header is damaged: dimension {header['dimension']}, sizes {shape[::-1]}")
    path, begin = _find_content(header, content, spec)
    skip = int(_find(header, "byte skip", "byteskip") or 0)
    packing = _PACKINGS[encoding]
    nbytes = int(np.prod(shape, dtype=object)) * dtype.itemsize
    if packing != "none":
        return RawArray(path, max(skip, 0), dtype, shape, packing, packed_at=begin)
    start = path.stat().st_size - nbytes if skip == -1 else begin + skip
    if start < 0:
        raise FormatError(f"{spec.text} is truncated: {nbytes} bytes of voxels were due")
    return RawArray(path, start, dtype, shape)


def _find_content(header: Mapping[str, Any], content: int, spec: Spec) -> tuple[Path, int]:
    """The file with the voxels, and where they begin; lines to skip are counted here."""
    name = _find(header, "data file", "datafile")
    path, begin = (spec.path, content) if name is None else (spec.path.parent / str(name), 0)
    if name is not None and ("%" in str(name) or str(name).startswith("LIST")):
        raise FormatError(f"{spec.text}: voxels in several files are not read; join them with `unu save`")
    if not path.is_file():
        raise MissingError(f"{path} is not there, where {spec.text} says its voxels are")
    with path.open("rb") as file:
        file.seek(begin)
        for _ in range(int(_find(header, "line skip", "lineskip") or 0)):
            file.readline()
        return path, file.tell()


def _orient(header: Mapping[str, Any], raw: RawArray, spec: Spec) -> Orientation | None:
    """How the axes of space lie; None when the header does not say."""
    directions = header.get("space directions")
    if spec.options.axes or directions is None:
        return None
    vectors = np.array([[np.nan] * 3 if vector is None else vector for vector in directions], np.float64)
    space = [not np.isnan(vector).any() for vector in vectors]
    if vectors.shape != (len(raw.shape), 3) or sum(space) != 3:  # noqa: PLR2004 - x, y and z
        return None
    given = header.get("space origin")
    origin = np.zeros(3) if given is None else np.array(given, np.float64)
    extents = [extent for extent, spatial in zip(raw.shape[::-1], space, strict=True) if spatial]
    return orient_axes(vectors[np.array(space)].T, origin, to_shape(extents), spec.text)


def _plan(header: Mapping[str, Any], raw: RawArray, oriented: Orientation | None, spec: Spec) -> AxisPlan:
    shape = raw.shape[::-1]
    letters: str | None = None
    if oriented is not None:
        spatial = iter(oriented.letters)
        letters = "".join("c" if _is_none(vector) else next(spatial) for vector in header["space directions"])
    elif len(shape) in {2, 3}:
        letters = "xyz"[: len(shape)]
    elif len(shape) == 4:  # noqa: PLR2004 - c x y z, as the format's tools keep colours and vectors
        letters = "cxyz"
    plan = plan_axes(letters, shape, spec.text, spec.options, keep_one_channel=False)
    flipped = "" if oriented is None else oriented.flipped
    return AxisPlan(plan.names[::-1], plan.shape[::-1], plan.fixed[::-1], flipped)


def _read_placement(header: Mapping[str, Any], plan: AxisPlan, oriented: Orientation | None) -> Placement:
    """Lengths need a unit; a header without one leaves them unknown."""
    named = header.get("space units") or header.get("units") or []
    units = {find_nanometres(unit) for unit in named if unit}
    if len(units) != 1:
        return None, None
    unit = units.pop()
    if oriented is not None:
        origin_known = header.get("space origin") is not None
        voxel_size, offset = oriented.place(unit)
        return voxel_size, offset if origin_known else None
    spacings = header.get("spacings")
    if spacings is None or unit is None:
        return None, None
    lengths = dict(zip(plan.names[::-1], map(float, spacings), strict=False))
    return parse_voxel_size([lengths[axis] * unit for axis in "zyx" if axis in lengths]), None


def _is_none(vector: Any) -> bool:
    return vector is None or bool(np.isnan(np.asarray(vector, np.float64)).any())


def _find(header: Mapping[str, Any], *names: str) -> Any:
    return next((header[name] for name in names if name in header), None)
