"""Zarr 2 and 3 through tensorstore: chunked, cached, safe to write from many processes, whole after a kill."""

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import numpy as np

from volumen.errors import ExistsError, FormatError, MissingError, OutputError
from volumen.geometry import Box, Shape, VoxelSize, to_shape
from volumen.volumes.volume import Volume, split_channels

if TYPE_CHECKING:
    import tensorstore

# Decoded chunks this process keeps, over all volumes: random patches of a cached volume read ten times as fast.
CACHE_BYTES = 256 << 20
# Files a group or an array of either version has.
METADATA = ("zarr.json", ".zarray", ".zgroup")


@final
class ZarrVolume(Volume):
    """One array of a Zarr store; a group with a single array opens as that array."""

    def __init__(self, spec: str, *, writable: bool = False, cached: bool = True) -> None:
        self.spec = spec
        self._writable = writable
        self._cached = cached and not writable
        self._path = find_array(Path(spec))
        self._store: tensorstore.TensorStore | None = None
        store = self._get_store()
        self.channels, self.shape = split_channels(tuple(store.shape), spec)
        self.dtype = np.dtype(store.dtype.numpy_dtype)
        self._full_shape = tuple(store.shape)
        attributes = read_attributes(self._path)
        self.voxel_size = VoxelSize.parse(attributes["voxel_size_nm"]) if attributes.get("voxel_size_nm") else None
        offset = attributes.get("offset_nm")
        self.offset = (float(offset[0]), float(offset[1]), float(offset[2])) if offset else None
        self.chunks = _find_chunks(store, self.shape)

    def __reduce__(self) -> tuple[Any, ...]:
        return (_reopen, (self.spec, self._writable, self._cached))

    def uncached(self) -> "ZarrVolume":
        """The same volume, which keeps nothing of what it reads."""
        return ZarrVolume(self.spec, writable=self._writable, cached=False)

    def _get_store(self) -> "tensorstore.TensorStore":
        if self._store is None:
            self._store = _open_store(self._path, writable=self._writable, cached=self._cached)
        return self._store

    def _read(self, box: Box) -> np.ndarray:
        try:
            array: np.ndarray = self._get_store()[self._index(box)].read().result()
        except (ValueError, OSError) as error:
            raise FormatError(f"{self.spec}: a chunk cannot be read: {str(error).splitlines()[0][:200]}") from error
        return array.reshape(box.shape) if self.channels is None else array

    def _write(self, box: Box, array: np.ndarray) -> None:
        if not self._writable:
            raise OutputError(f"{self.spec} was opened to be read; create_volume makes one that can be written")
        view = self._get_store()[self._index(box)]
        try:
            view.write(array.reshape(view.shape)).result()
        except (ValueError, OSError) as error:
            raise OutputError(f"{self.spec} cannot be written: {str(error).splitlines()[0][:200]}") from error

    def _index(self, box: Box) -> tuple[Any, ...]:
        spatial = box.slices[-len(self._full_shape) :] if self.channels is None else box.slices
        return spatial if self.channels is None else (slice(None), *spatial)


def _reopen(spec: str, writable: bool, cached: bool) -> ZarrVolume:  # noqa: FBT001 - pickle gives them by place
    return ZarrVolume(spec, writable=writable, cached=cached)


def create_zarr(
    path: Path,
    *,
    shape: Shape,
    dtype: np.dtype,
    channels: int | None,
    chunks: Shape | None,
    attributes: dict[str, Any],
) -> ZarrVolume:
    """A new Zarr 3 array of zeros, zstd-compressed, that takes boxes."""
    import tensorstore

    full = shape if channels is None else (channels, *shape)
    chunk = to_shape([min(edge, extent) for edge, extent in zip(chunks or (64, 64, 64), shape, strict=True)])
    spec = {
        "driver": "zarr3",
        "kvstore": {"driver": "file", "path": str(path)},
        "metadata": {
            "shape": full,
            "data_type": "uint8" if dtype == np.bool_ else dtype.name,
            "chunk_grid": {
                "name": "regular",
                "configuration": {"chunk_shape": chunk if channels is None else (1, *chunk)},
            },
            "codecs": [
                {"name": "bytes", "configuration": {"endian": "little"}} if dtype.itemsize > 1 else {"name": "bytes"},
                {"name": "zstd", "configuration": {"level": 1, "checksum": False}},
            ],
            "attributes": attributes,
            "dimension_names": list("zyx" if channels is None else "czyx"),
        },
        "create": True,
    }
    try:
        tensorstore.open(spec, context=_get_context(caching=False)).result()
    except (ValueError, OSError) as error:
        raise OutputError(f"{path} cannot be made: {str(error).splitlines()[0][:200]}") from error
    return ZarrVolume(str(path), writable=True)


def create_group(path: Path, attributes: dict[str, Any]) -> None:
    """A new Zarr 3 group with attributes; an existing one is refused."""
    if any((path / name).exists() for name in METADATA):
        raise ExistsError(f"{path} is there already; name another output or overwrite it")
    path.mkdir(parents=True, exist_ok=True)
    _write_metadata(path, {"zarr_format": 3, "node_type": "group", "attributes": attributes})


def read_attributes(path: Path) -> dict[str, Any]:
    """Attributes of a Zarr group or array of either version."""
    for name, key in (("zarr.json", "attributes"), (".zattrs", None)):
        if (path / name).is_file():
            try:
                values = json.loads((path / name).read_text(encoding="utf-8"))
            except ValueError as error:
                raise FormatError(f"{path / name} is not JSON: {error}; the store is damaged") from error
            return dict(values.get(key, {}) if key else values)
    return {}


def write_attributes(path: Path, attributes: dict[str, Any]) -> None:
    """Replace the attributes of a Zarr 3 group or array."""
    values = json.loads((path / "zarr.json").read_text(encoding="utf-8"))
    _write_metadata(path, values | {"attributes": attributes})


def find_array(path: Path) -> Path:
    """The array at a path: itself, or the only one of the group there."""
    if not path.exists():
        raise MissingError(f"there is no {path}; give the path of a Zarr array or of a group that holds one")
    if _is_array(path):
        return path
    arrays = sorted(child.name for child in path.iterdir() if child.is_dir() and _is_array(child))
    if len(arrays) == 1:
        return path / arrays[0]
    if not arrays:
        raise FormatError(f"{path} holds no Zarr array; give the path of a Zarr array or of a group that holds one")
    raise FormatError(f"{path} holds {len(arrays)} arrays; name one: {', '.join(f'{path}/{name}' for name in arrays)}")


def _find_chunks(store: "tensorstore.TensorStore", shape: Shape) -> Shape:
    edges = (1, *(edge or 1 for edge in store.chunk_layout.read_chunk.shape or store.shape))
    return to_shape([min(edge, extent) for edge, extent in zip(edges[-3:], shape, strict=True)])


def _is_array(path: Path) -> bool:
    if (path / ".zarray").is_file():
        return True
    try:
        return bool(json.loads((path / "zarr.json").read_text(encoding="utf-8")).get("node_type") == "array")
    except FileNotFoundError:
        return False
    except (ValueError, AttributeError) as error:
        raise FormatError(f"{path / 'zarr.json'} is not Zarr metadata; the store is damaged") from error


def _write_metadata(path: Path, values: dict[str, Any]) -> None:
    partial = path / "zarr.json.partial"
    partial.write_text(json.dumps(values, indent=1), encoding="utf-8")
    partial.replace(path / "zarr.json")


def _open_store(path: Path, *, writable: bool, cached: bool) -> "tensorstore.TensorStore":
    import tensorstore

    driver = "zarr" if (path / ".zarray").is_file() else "zarr3"
    spec: dict[str, Any] = {"driver": driver, "kvstore": {"driver": "file", "path": str(path)}}
    if not writable:
        spec["recheck_cached_data"] = "open"  # or every chunk is asked for again at every read
    try:
        opened = tensorstore.open(spec, context=_get_context(caching=cached), read=True, write=writable or None)
        return opened.result()
    except (ValueError, OSError) as error:
        raise FormatError(f"{path} cannot be read as Zarr: {str(error).splitlines()[0][:200]}") from error


@cache
def _get_context(*, caching: bool) -> "tensorstore.Context":
    """One context a process, so that one bound holds for all volumes; what is written is never cached."""
    import tensorstore

    return tensorstore.Context({"cache_pool": {"total_bytes_limit": CACHE_BYTES if caching else 0}})
