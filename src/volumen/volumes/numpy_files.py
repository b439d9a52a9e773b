"""NPY and NPZ: memory-mapped where they are not packed."""

import os
import struct
import zipfile
from collections.abc import Iterable
from io import BufferedIOBase
from pathlib import Path
from tokenize import TokenError
from typing import cast

import numpy as np

from volumen.errors import FormatError
from volumen.geometry import Box
from volumen.volumes.axes import AxisPlan, plan_axes
from volumen.volumes.faults import explain_reading, explain_writing
from volumen.volumes.raw_arrays import RawArray, RawVolume, chunk_volume
from volumen.volumes.spec import Spec
from volumen.volumes.volume import Layout, Storage, Voxels, check_dtype

_NPY = ".npy"
_LOCAL_HEADER = 30  # bytes of a zip member's header before its name


def open_npy(spec: Spec) -> RawVolume:
    """The array in an NPY file."""
    with explain_reading(spec.text, "NPY", TokenError):
        with spec.path.open("rb") as file:
            dtype, shape, is_fortran = _read_header(file)
            raw = RawArray(spec.path, file.tell(), dtype, shape)
        return _build(spec, raw, "NPY", is_fortran=is_fortran)


def open_npz(spec: Spec) -> RawVolume:
    """The array that is named in an NPZ file, or its only one."""
    with explain_reading(spec.text, "NPZ", TokenError):
        with zipfile.ZipFile(spec.path) as archive:
            member = _choose_member(spec, archive)
            with archive.open(member) as file:
                dtype, shape, is_fortran = _read_header(cast("BufferedIOBase", file))
                start = file.tell()
        if member.compress_type == zipfile.ZIP_STORED:
            raw = RawArray(spec.path, _find_content(spec.path, member) + start, dtype, shape)
        else:
            raw = RawArray(spec.path, start, dtype, shape, "zip", member.filename)
        return _build(spec, raw, "NPZ", is_fortran=is_fortran)


def write_npy(spec: str, layout: Layout, slabs: Iterable[tuple[Box, Voxels]], *, place: Path) -> None:
    """Write an array box by box at `place`; errors call it `spec`."""
    with explain_writing(spec), place.open("w+b") as file:
        header = {
            "descr": np.lib.format.dtype_to_descr(layout.dtype),
            "fortran_order": False,
            "shape": layout.array_shape,
        }
        np.lib.format.write_array_header_1_0(file, header)
        start = file.tell()
        os.posix_fallocate(file.fileno(), 0, start + layout.nbytes)
        array = np.memmap(file, layout.dtype, "r+", start, layout.array_shape)
        for box, voxels in slabs:
            array[(..., *box.slices)] = voxels
        array.flush()


def _build(spec: Spec, raw: RawArray, kind: str, *, is_fortran: bool) -> RawVolume:
    plan = plan_axes(None, raw.shape, spec.text, spec.options)
    if is_fortran:
        raw = RawArray(raw.path, raw.start, raw.dtype, raw.shape[::-1], raw.packing, raw.member)
        plan = AxisPlan(plan.names[::-1], plan.shape[::-1], plan.fixed[::-1])
    dtype = check_dtype(raw.dtype, spec.text)
    raw.check()
    layout = Layout(plan.volume_shape, dtype, chunk_volume(raw, plan), plan.channels)
    return RawVolume(spec.text, layout, raw=raw, plan=plan, storage=Storage(kind))


def _read_header(file: BufferedIOBase) -> tuple[np.dtype, tuple[int, ...], bool]:
    version = np.lib.format.read_magic(file)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        raise ValueError(f"it is of version {version}; known are {', '.join(map(str, readers))}")
    shape, is_fortran, dtype = readers[version](file)
    if any(extent < 0 for extent in shape):
        raise ValueError(f"its header is damaged: shape {shape}")
    return dtype, shape, is_fortran


def _choose_member(spec: Spec, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = {info.filename.removesuffix(_NPY): info for info in archive.infolist() if info.filename.endswith(_NPY)}
    if spec.key is None and len(members) == 1:
        return next(iter(members.values()))
    key = (spec.key or "").removesuffix(_NPY)
    if key in members:
        return members[key]
    known = ", ".join(members) or "none"
    wrong = f"has no array {key!r}" if key else f"holds {len(members)} arrays"
    raise FormatError(f"{spec.place} {wrong}; name one as {spec.place}:NAME, of: {known}")


def _find_content(path: Path, member: zipfile.ZipInfo) -> int:
    """Where a member's bytes start in the file."""
    with path.open("rb") as file:
        file.seek(member.header_offset)
        name, extra = struct.unpack("<HH", file.read(_LOCAL_HEADER)[26:])
    return member.header_offset + _LOCAL_HEADER + int(name) + int(extra)
