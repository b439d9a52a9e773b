"""Which format a spec names: by its prefix, its suffix, or by what is there."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from volumen.errors import FormatError, MissingError
from volumen.volumes.places import RemotePlace, find_place
from volumen.volumes.spec import Spec, parse_spec
from volumen.volumes.volume import Volume

_MAGIC_BYTES = 8


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
        """The volume that a spec names; a part of the spec that this format has no use for is refused."""
        if spec.level is not None and self not in WITH_LEVELS:
            raise FormatError(f"{spec.text}: a {self.name} volume has no levels; leave out @{spec.level}")
        if spec.key is not None and self not in WITH_DATASETS:
            raise FormatError(f"{spec.text}: a {self.name} volume has no datasets; leave out :{spec.key}")
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
WITH_LEVELS = (ZARR, N5, PRECOMPUTED)
WITH_DATASETS = (HDF5, NPZ)
SUFFIXES = tuple(suffix for form in FORMATS for suffix in form.suffixes)

_ENDINGS = sorted((*SUFFIXES, ".ome.tif", ".ome.tiff", ".ome.zarr"), key=len, reverse=True)

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
    (b"II*\0", TIFF),
    (b"MM\0*", TIFF),
    (b"II+\0", TIFF),
    (b"MM\0+", TIFF),
    (b"\x89HDF\r\n\x1a\n", HDF5),
    (b"NRRD", NRRD),
    (b"\x93NUMPY", NPY),
    (b"PK\x03\x04", NPZ),
    (b"\x89PNG", PICTURE),
    (b"\xff\xd8\xff", PICTURE),
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


def name_volume(spec: str | Path) -> str:
    """What a volume is called: by its dataset, its folder of slices, or its file without the format's ending."""
    parsed = parse_spec(spec)
    name = (parsed.path.absolute().parent if parsed.is_glob else Path(parsed.key or parsed.place)).name
    ending = next((ending for ending in _ENDINGS if name.lower().endswith(ending)), Path(name).suffix)
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
    place = find_place(spec)
    contents = place.read(*_KEYS)
    if not contents and isinstance(place, RemotePlace):
        place.check_bucket()
    found = next((form for key, form in _KEYS.items() if key in contents), None)
    parts = (form for part in reversed(path.parts) for form in (ZARR, N5) if part.lower().endswith(form.suffixes))
    found = found or next(parts, None)
    if found is None:
        raise MissingError(f"{spec.text}: no Zarr, N5 or precomputed volume is there")
    return found


def _find_by_content(path: Path) -> Format | None:
    with path.open("rb") as file:
        begin = file.read(_MAGIC_BYTES)
    return next((form for magic, form in _MAGIC if begin.startswith(magic)), None)
