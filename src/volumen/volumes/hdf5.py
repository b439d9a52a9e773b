"""HDF5 datasets: opened anew in each process, chunks kept in the library's own cache."""

import json
import logging
import shutil
import threading
import weakref
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from volumen.errors import FormatError, suggest_nearest
from volumen.geometry import Box
from volumen.volumes.axes import AxisPlan, plan_axes
from volumen.volumes.cache import find_cache_bytes
from volumen.volumes.faults import explain_reading, explain_writing
from volumen.volumes.multiscales import name_axes
from volumen.volumes.placement import PLACEMENT_NAMES, read_array_placement
from volumen.volumes.spec import Spec
from volumen.volumes.volume import Layout, ReadOnlyVolume, Storage, Volume, Voxels, check_dtype

if TYPE_CHECKING:
    import h5py

logger = logging.getLogger(__name__)

# Names of images among those of labels and predictions, best first: of a file of which no dataset is named, what
# comes first by the alphabet is often the wrong one (CREMI's is volumes/labels/clefts).
_IMAGE_NAMES = ("raw", "main", "image", "images", "data")
_MOST_NAMED = 20

# No other attributes are touched: the library reads texts through a heap, and runs in circles where that is damaged.
_ATTRIBUTES = (*PLACEMENT_NAMES, "axistags", "DIMENSION_LABELS")

_OPEN_FILES = 4  # each keeps chunks of its own: a quarter of the cache
_SLOTS = 100_003  # a prime, about a hundred times the chunks that are kept
_EDGE = 64


class Hdf5Volume(ReadOnlyVolume):
    """A dataset; the library reads for one thread at a time, and four files at most are open in a process."""

    def __init__(self, spec: str, layout: Layout, *, path: Path, key: str, plan: AxisPlan) -> None:
        super().__init__(spec, layout)
        self._path = path
        self._key = key
        self._plan = plan

    def describe(self) -> Storage:
        """How its voxels are kept."""
        return Storage(f"HDF5 (dataset {self._key})")

    def _read(self, box: Box) -> Voxels:
        with explain_reading(self.spec, "HDF5"), _LOCK:
            dataset = _HANDLES.find(self, self._path, self._key)
            voxels = self._plan.arrange(np.asarray(dataset[self._plan.index(box)]))
            return voxels.astype(self.dtype, order="C", copy=False)


def open_hdf5(spec: Spec) -> Hdf5Volume:
    """A dataset of an HDF5 file: the one that is named, else an image, else the first volume there is."""
    with explain_reading(spec.text, "HDF5"), _LOCK, _open_file(spec.path) as file:
        dataset = _find_dataset(file, spec)
        attributes = {name: dataset.attrs[name] for name in _ATTRIBUTES if name in dataset.attrs}
        plan = plan_axes(_name_axes(attributes), dataset.shape, spec.text, spec.options)
        dtype = check_dtype(dataset.dtype, spec.text)
        _check_filters(dataset, spec)
        stored = dataset.chunks or tuple(min(_EDGE, extent) for extent in dataset.shape)
        key = str(dataset.name).strip("/")
    voxel_size, offset = read_array_placement(attributes)
    layout = Layout(plan.volume_shape, dtype, plan.order(stored, absent=1), plan.channels, voxel_size, offset)
    return Hdf5Volume(spec.text, layout, path=spec.path.absolute(), key=key, plan=plan)


def write_hdf5(spec: Spec, layout: Layout, slabs: Iterable[tuple[Box, Voxels]], *, place: Path) -> None:
    """Write a packed dataset at `place`, beside those of a file that is there; it is `main` when none is named."""
    import h5py

    key, leading = spec.key or "main", (1,) * (len(layout.array_shape) - 3)
    packing = {"chunks": (*leading, *layout.chunks), "compression": "gzip", "compression_opts": 1, "shuffle": True}
    with explain_writing(spec.text):
        if spec.path.exists():
            shutil.copyfile(spec.path, place)
        with _LOCK, h5py.File(place, "a") as file:
            if key in file:
                del file[key]
            dataset = file.create_dataset(key, layout.array_shape, layout.dtype, **packing)
            for name, lengths in (("resolution", layout.voxel_size), ("offset", layout.offset)):
                if lengths is not None:
                    dataset.attrs[name] = list(lengths)
            for box, voxels in slabs:
                dataset[(..., *box.slices)] = voxels


class _Handles:
    """The datasets open in this process: the least recently used is closed when there are more than four.

    One is closed too when the volume that it belongs to is gone.
    """

    def __init__(self) -> None:
        self._open: weakref.WeakKeyDictionary[Volume, tuple[h5py.File, Any]] = weakref.WeakKeyDictionary()

    def find(self, owner: Volume, path: Path, key: str) -> Any:
        """A volume's dataset."""
        handle = self._open.pop(owner, None)
        if handle is None:
            file = _open_file(path)
            handle = (file, file[key])
        self._open[owner] = handle
        if len(self._open) > _OPEN_FILES:
            oldest = next(self._open.keys())
            self._open.pop(oldest)[0].close()
        return handle[1]


_LOCK = threading.RLock()
_HANDLES = _Handles()


def _open_file(path: Path) -> "h5py.File":
    import h5py

    if find_spec("hdf5plugin") is not None:
        import_module("hdf5plugin")  # registers blosc, zstd and others

    nbytes = find_cache_bytes() // _OPEN_FILES
    return h5py.File(path, "r", locking="best-effort", rdcc_nbytes=nbytes, rdcc_nslots=_SLOTS, rdcc_w0=0.0)


def _find_dataset(file: "h5py.File", spec: Spec) -> Any:
    import h5py

    found = file if spec.key is None else file.get(spec.key)
    if isinstance(found, h5py.Dataset):
        return found
    volumes = {} if found is None else _list_volumes(found)
    if found is None or not volumes:
        known = _list_volumes(file)
        wrong = "holds no volume" if spec.key is None else f"has no dataset {spec.key!r}"
        raise FormatError(
            f"{spec.place} {wrong}; {suggest_nearest(spec.key or '', known) if known else 'it holds none'}"
        )
    return _choose_volume(spec, volumes)


def _list_volumes(group: Any) -> dict[str, Any]:
    """Every dataset below that may be a volume, by its whole name: those of three and four axes, else of two."""
    import h5py

    found: dict[str, Any] = {}

    def visit(_name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and item.dtype.kind in "biuf" and len(item.shape or ()) in {2, 3, 4}:
            found[str(item.name).strip("/")] = item

    group.visititems(visit)
    deep = {name: item for name, item in found.items() if len(item.shape) > 2}  # noqa: PLR2004 - y x
    return deep or found


def _choose_volume(spec: Spec, volumes: Mapping[str, Any]) -> Any:
    """The likeliest image of several, said aloud."""
    ranks = {wanted: rank for rank, wanted in enumerate(_IMAGE_NAMES)}
    chosen = min(volumes, key=lambda name: ranks.get(name.rpartition("/")[2].lower(), len(ranks)))
    if len(volumes) > 1:
        others = ", ".join([name for name in volumes if name != chosen][:_MOST_NAMED])
        _tell_choice(spec.place, chosen, others)
    return volumes[chosen]


@cache
def _tell_choice(place: str, chosen: str, others: str) -> None:
    """Once a process and file: a loader opens it again and again."""
    logger.warning("%s: no dataset is named, %s is read; name another as %s:NAME, of %s", place, chosen, place, others)


def _name_axes(attributes: Mapping[str, Any]) -> str | None:
    """Letters of the axes where the file names them, as ilastik's `axistags` and HDF5's dimension labels do."""
    if "axistags" in attributes:
        axes = [{"name": axis["key"]} for axis in json.loads(attributes["axistags"])["axes"]]
    elif "DIMENSION_LABELS" in attributes:
        labels = [
            label.decode() if isinstance(label, bytes) else str(label) for label in attributes["DIMENSION_LABELS"]
        ]
        axes = [{"name": label} for label in labels]
    else:
        return None
    letters = name_axes(axes)
    return None if "?" in letters else letters


def _check_filters(dataset: Any, spec: Spec) -> None:
    """Refuse a compression that this installation has not."""
    import h5py

    properties = dataset.id.get_create_plist()
    for number in range(properties.get_nfilters()):
        code, _, _, name = properties.get_filter(number)
        if not h5py.h5z.filter_avail(code):
            called = name.decode(errors="replace") or str(code)
            raise FormatError(
                f"{spec.text} is compressed with {called!r}, which needs a package: pip install hdf5plugin"
            )
