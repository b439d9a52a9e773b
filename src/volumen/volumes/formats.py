"""Which format a spec names: by its prefix, its suffix, or by what is there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from volumen.errors import FormatError, MissingError
from volumen.volumes.places import find_place
from volumen.volumes.spec import Spec
from volumen.volumes.volume import Volume

_MAGIC_BYTES = 352


@dataclass(frozen=True)
class Format:
    """A kind of volume.

    Args:
        name: what it is called here.
        suffixes: of its files and folders.
        opener: what opens one, as `module:function` of this room.
        is_folder: whether it is a folder; only folders are read behind URLs.
    """

    name: str
    suffixes: tuple[str, ...]
    opener: str
    is_folder: bool = False

    def open(self, spec: Spec) -> Volume:
        """The volume that a spec names."""
        module, _, function = self.opener.partition(":")
        opener: Callable[[Spec], Volume] = getattr(import_module(f"volumen.volumes.{module}"), function)
        return opener(spec)


ZARR = Format("zarr", (".zarr",), "zarr:open_zarr", is_folder=True)
N5 = Format("n5", (".n5",), "n5:open_n5", is_folder=True)
PRECOMPUTED = Format("precomputed", (".precomputed",), "precomputed:open_precomputed", is_folder=True)
TIFF = Format("tiff", (".tif", ".tiff"), "tiff:open_tiff")
HDF5 = Format("hdf5", (".h5", ".hdf5", ".hdf"), "hdf5:open_hdf5")
NIFTI = Format("nifti", (".nii", ".nii.gz"), "nifti:open_nifti")
NRRD = Format("nrrd", (".nrrd", ".nhdr"), "nrrd_files:open_nrrd")
NPY = Format("npy", (".npy",), "numpy_files:open_npy")
NPZ = Format("npz", (".npz",), "numpy_files:open_npz")
PICTURE = Format("picture", (".png", ".jpg", ".jpeg"), "slices:open_slices")
SLICES = Format("slices", (), "slices:open_slices", is_folder=True)

FORMATS = (ZARR, N5, PRECOMPUTED, TIFF, HDF5, NIFTI, NRRD, NPY, NPZ, PICTURE, SLICES)
SUFFIXES = tuple(suffix for form in FORMATS for suffix in form.suffixes)

KNOWN = f"one of {', '.join(SUFFIXES)}, x.zarr/name, a folder of slices, precomputed://…"

_KEYS = {
    "zarr.json": ZARR,
    ".zarray": ZARR,
    ".zgroup": ZARR,
    ".zattrs": ZARR,
    "attributes.json": N5,
    "info": PRECOMPUTED,
}
_MAGIC = (
    (b"II*\0", 0, TIFF),
    (b"MM\0*", 0, TIFF),
    (b"II+\0", 0, TIFF),
    (b"MM\0+", 0, TIFF),
    (b"\x89HDF\r\n\x1a\n", 0, HDF5),
    (b"n+1\0", 344, NIFTI),
    (b"n+2\0", 4, NIFTI),
    (b"NRRD", 0, NRRD),
    (b"\x93NUMPY", 0, NPY),
    (b"PK\x03\x04", 0, NPZ),
    (b"\x89PNG", 0, PICTURE),
    (b"\xff\xd8\xff", 0, PICTURE),
)


def find_format(spec: Spec) -> Format:
    """The format of a volume that is to be read."""
    if spec.form is not None:
        return next(form for form in FORMATS if form.name == spec.form)
    if spec.is_remote:
        return _find_remote(spec)
    if spec.is_glob:
        return SLICES
    if spec.path.is_dir():
        return _find_folder(spec)
    if not spec.path.exists():
        raise MissingError(f"{spec.text} is not there")
    found = find_by_suffix(spec.path) or _find_by_content(spec.path)
    if found is None or found.is_folder:
        raise FormatError(f"{spec.text} is no format known here; it must be {KNOWN}")
    return found


def find_by_suffix(path: Path) -> Format | None:
    """The format that a name's ending stands for; None when it stands for none."""
    name = path.name.lower()
    return next((form for form in FORMATS if name.endswith(form.suffixes or ("\0",))), None)


def strip_suffix(path: Path) -> str:
    """A volume's name: its file name without the format's ending."""
    name = path.name
    endings: Sequence[str] = sorted((*SUFFIXES, ".ome.tif", ".ome.tiff", ".ome.zarr"), key=len, reverse=True)
    ending = next((ending for ending in endings if name.lower().endswith(ending)), path.suffix)
    return name[: len(name) - len(ending)] or name


def is_volume_folder(path: Path) -> bool:
    """Whether a local folder is a volume, or a group of some, and no folder of files."""
    named = any(part.lower().endswith((".zarr", ".n5")) for part in path.parts)
    return path.is_dir() and (named or any((path / key).is_file() for key in _KEYS))


def _find_folder(spec: Spec) -> Format:
    from volumen.volumes.slices import holds_slices

    inside = (form for key, form in _KEYS.items() if (spec.path / key).is_file())
    named = (form for part in reversed(spec.path.parts) for form in (ZARR, N5) if part.lower().endswith(form.suffixes))
    found = next(inside, None) or next(named, None)
    if found is None and holds_slices(spec.path):
        return SLICES
    if found is None:
        raise FormatError(f"{spec.text} is a folder and no format known here; a volume must be {KNOWN}")
    return found


def _find_remote(spec: Spec) -> Format:
    path = Path(spec.place)
    named = find_by_suffix(path)
    if named is not None and not named.is_folder:
        raise FormatError(f"{spec.text}: a {named.name} file is not read over a network; download it first")
    contents = find_place(spec).read(*_KEYS)
    found = next((form for key, form in _KEYS.items() if key in contents), None)
    parts = (form for part in reversed(path.parts) for form in (ZARR, N5) if part.lower().endswith(form.suffixes))
    found = found or next(parts, None)
    if found is None:
        raise MissingError(f"{spec.text}: no Zarr, N5 or precomputed volume is there")
    return found


def _find_by_content(path: Path) -> Format | None:
    with path.open("rb") as file:
        begin = file.read(_MAGIC_BYTES)
    if begin.startswith(b"\x1f\x8b"):
        return NIFTI
    return next((form for magic, start, form in _MAGIC if begin[start : start + len(magic)] == magic), None)
