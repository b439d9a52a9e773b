"""NIfTI: turned by its affine to z y x, millimetres where it names no unit."""

import gzip
import logging
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from volumen.errors import FormatError, OutputError
from volumen.volumes.axes import AxisPlan, plan_axes
from volumen.volumes.extras import import_extra
from volumen.volumes.faults import explain_reading, explain_writing
from volumen.volumes.orientation import Orientation, orient_axes
from volumen.volumes.placement import Placement, parse_offset, parse_voxel_size
from volumen.volumes.raw_arrays import RawArray, RawVolume, chunk_volume
from volumen.volumes.spec import Spec
from volumen.volumes.units import find_nanometres
from volumen.volumes.volume import Layout, Storage, Voxels, check_dtype

if TYPE_CHECKING:
    import nibabel

_MICROMETRE = 1e3  # nm
_LONGEST = 2**15 - 1  # voxels along an axis of the first version
_DIGITS = 7  # that a float of 32 bits holds
_UNITS = {"unknown": "mm", "mm": "mm", "meter": "m", "micron": "µm"}


def open_nifti(spec: Spec) -> RawVolume:
    """A NIfTI file, packed or not.

    Axes are put in the order z y x and turned forwards as its affine says; `?axes=` reads them as they are stored.
    A fourth axis is one of channels, or of time when `?time=` chooses one.
    """
    _quieten()
    import_extra("nibabel", "formats", spec.text)
    import nibabel

    damage = (nibabel.filebasedimages.ImageFileError, nibabel.spatialimages.HeaderDataError)
    with explain_reading(spec.text, "NIfTI", *damage):
        image = nibabel.load(spec.path)
        if not isinstance(image, nibabel.Nifti1Image):
            raise FormatError(f"{spec.text} is no NIfTI in one file")
        raw = _locate(image, spec)
        oriented = None if spec.options.axes else _orient(image, raw, spec)
        plan = _plan(raw, oriented, spec)
        dtype, scaling = _find_scaling(image, raw, spec)
        raw.check()
        voxel_size, offset = _read_placement(image, plan, oriented)
    layout = Layout(plan.volume_shape, dtype, chunk_volume(raw, plan), plan.channels, voxel_size, offset)
    storage = Storage("NIfTI", notes=() if oriented is None else oriented.describe())
    return RawVolume(spec.text, layout, raw=raw, plan=plan, storage=storage, scaling=scaling)


def write_nifti(spec: str, layout: Layout, read_slabs: Callable[[], Iterable[Voxels]], *, place: Path) -> None:
    """Write a NIfTI slab by slab at `place`, packed when `spec` says `.gz`; errors call it `spec`.

    Args:
        spec: what it will be called.
        layout: of the volume.
        read_slabs: whole slices in order; asked for once a channel, for channels come last in the file.
        place: where it is written.
    """
    import_extra("nibabel", "formats", spec)
    header = _build_header(layout, spec)
    with explain_writing(spec), place.open("wb") as file:
        is_packed = spec.lower().endswith(".gz")
        with gzip.GzipFile("", "wb", 1, file, mtime=0) if is_packed else nullcontext(file) as stream:
            stream.write(header)
            for channel in range(layout.channels or 1):
                for slab in read_slabs():
                    stream.write((slab if layout.channels is None else slab[channel]).tobytes())


def _build_header(layout: Layout, spec: str) -> bytes:
    """The bytes before the voxels: micrometres where the voxel size is known, an affine where the offset is too."""
    import nibabel

    channels = () if layout.channels is None else (layout.channels,)
    kind: Any = nibabel.Nifti2Header if max(layout.array_shape) > _LONGEST else nibabel.Nifti1Header
    header = kind()
    try:
        header.set_data_dtype(layout.dtype)
    except nibabel.spatialimages.HeaderDataError as error:
        raise OutputError(f"{spec}: NIfTI holds no {layout.dtype}; convert it first") from error
    header.set_data_shape((*layout.shape[::-1], *channels))
    if layout.voxel_size is not None:
        sizes = [edge / _MICROMETRE for edge in reversed(list(layout.voxel_size))]
        header.set_zooms((*sizes, *[1.0] * len(channels)))
        header.set_xyzt_units("micron")
        if layout.offset is not None:
            affine = np.diag([*sizes, 1.0])
            affine[:3, 3] = [place / _MICROMETRE for place in reversed(layout.offset)]
            header.set_sform(affine, code="scanner")
    header["vox_offset"] = header.single_vox_offset
    header["magic"] = header.single_magic
    return bytes(header.binaryblock) + bytes(int(header.single_vox_offset) - len(header.binaryblock))


def _locate(image: "nibabel.Nifti1Image", spec: Spec) -> RawArray:
    """Where the voxels are; the first stored axis runs fastest, and three are there at least."""
    data: Any = image.dataobj
    shape = tuple(map(int, data.shape)) + (1,) * (3 - len(data.shape))
    packing = {".gz": "gzip", ".bz2": "bzip2"}.get(spec.path.suffix.lower(), "none")
    return RawArray(spec.path, int(data.offset), data.dtype, shape[::-1], packing)  # type: ignore[arg-type]


def _orient(image: "nibabel.Nifti1Image", raw: RawArray, spec: Spec) -> Orientation | None:
    """How the axes lie; None when the header does not say."""
    header: Any = image.header
    if not int(header["sform_code"]) and not int(header["qform_code"]):
        return None
    affine = np.asarray(image.affine, np.float64)
    i, j, k = raw.shape[::-1][:3]
    return orient_axes(affine[:3, :3], affine[:3, 3], (i, j, k), spec.text)


def _plan(raw: RawArray, oriented: Orientation | None, spec: Spec) -> AxisPlan:
    shape, told = raw.shape[::-1], spec.options.axes
    over_time = spec.options.time is not None or (len(shape) > 4 and shape[4] > 1)  # noqa: PLR2004 - x y z and two more
    letters = ("xyz" if oriented is None else oriented.letters) + ("tc" if over_time else "ct")
    names = f"{told or letters}----"[: len(shape)]
    options = replace(spec.options, axes=None)
    plan = plan_axes(names, shape, spec.text, options, keep_one_channel=False)
    flipped = "" if oriented is None else oriented.flipped
    return AxisPlan(plan.names[::-1], plan.shape[::-1], plan.fixed[::-1], flipped)


def _find_scaling(
    image: "nibabel.Nifti1Image", raw: RawArray, spec: Spec
) -> tuple[np.dtype, tuple[float, float] | None]:
    """The type of the voxels; float32 where the header says that they are to be scaled."""
    data: Any = image.dataobj
    slope, shift = float(data.slope), float(data.inter)
    dtype = check_dtype(raw.dtype, spec.text)
    return (dtype, None) if (slope, shift) == (1.0, 0.0) else (np.dtype(np.float32), (slope, shift))


def _read_placement(image: "nibabel.Nifti1Image", plan: AxisPlan, oriented: Orientation | None) -> Placement:
    header: Any = image.header
    named = header.get_xyzt_units()[0]
    unit = find_nanometres(_UNITS.get(named))
    if oriented is not None:
        return _round(oriented.place(unit))
    zooms = [float(zoom) for zoom in header.get_zooms()[:3]] + [1.0] * (3 - len(header.get_zooms()[:3]))
    if unit is None or (named == "unknown" and zooms == [1.0, 1.0, 1.0]):
        return None, None
    lengths = dict(zip(plan.names[::-1], zooms, strict=False))
    return _round((parse_voxel_size([lengths[axis] * unit for axis in "zyx" if axis in lengths]), None))


def _round(placement: Placement) -> Placement:
    """The lengths that were meant: a header keeps them in single precision, 0.03 as 0.029999999."""
    voxel_size, offset = (
        None if lengths is None else [float(f"{length:.{_DIGITS}g}") for length in lengths] for lengths in placement
    )
    return parse_voxel_size(voxel_size), parse_offset(offset)


def _quieten() -> None:
    """Nibabel tells the error stream what it mends in headers; nobody asked."""
    logging.getLogger("nibabel.global").setLevel(logging.CRITICAL)
