"""Zarr v2 and v3 arrays through tensorstore: chunks are cached when read, and whole even after a crash when written."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from volumen.errors import OutputError
from volumen.geometry import Box, to_shape
from volumen.volumes.faults import explain_reading, explain_writing
from volumen.volumes.placement import parse_offset, parse_voxel_size
from volumen.volumes.volume import Layout, Volume, Voxels, check_dtype, place_axes
from volumen.volumes.zarr_files import Node, find_array, make_parents

if TYPE_CHECKING:
    import tensorstore

CACHE_BYTES = 256 * 2**20  # of decoded chunks, for all volumes of the process together

_VOXEL_SIZE = "voxel_size_nm"
_OFFSET = "offset_nm"
_CODECS = [
    {"name": "bytes", "configuration": {"endian": "little"}},
    {"name": "blosc", "configuration": {"cname": "zstd", "clevel": 3, "shuffle": "bitshuffle"}},
]


class ZarrVolume(Volume):
    """A Zarr array of two, three or four axes (y x, z y x, c z y x).

    Chunks that were read stay in the process's cache until its bound; what is on disk is looked at again when a volume
    is opened, not at every read. A volume that can be written is not cached.
    """

    def __init__(self, spec: str, layout: Layout, *, node: Node, writable: bool = False, cached: bool = True) -> None:
        super().__init__(spec, layout)
        self._node = node
        self._writable = writable
        self._cached = cached and not writable
        self._store: Any = None

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_store": None}

    def uncached(self) -> "ZarrVolume":
        """The same volume for one pass over it, which keeps nothing of what it reads."""
        return ZarrVolume(self.spec, self.layout, node=self._node, writable=self._writable, cached=False)

    def _read(self, box: Box) -> Voxels:
        with explain_reading(self.spec, "Zarr"):
            store = self._open()
            voxels = np.asarray(store[self._index(store.ndim, box)].read().result())
            return voxels.reshape((*self.layout.array_shape[:-3], *box.shape)).astype(self.dtype, order="C", copy=False)

    def _write(self, box: Box, array: Voxels) -> None:
        if not self._writable:
            raise OutputError(f"{self.spec} was opened to be read; open it with writable=True")
        with explain_writing(self.spec):
            store = self._open()
            target = store[self._index(store.ndim, box)]
            target.write(array.reshape(target.shape).astype(store.dtype.numpy_dtype, copy=False)).result()

    def _index(self, axes: int, box: Box) -> tuple[slice, ...]:
        return (slice(None), *box.slices)[-axes:]

    def _open(self) -> Any:
        if self._store is None:
            self._store = _open_store(self._node, cached=self._cached)
        return self._store


def open_zarr(spec: str, *, writable: bool) -> ZarrVolume:
    """A Zarr array, the only array of a group, or an array named inside one."""
    node = find_array(Path(spec))
    with explain_reading(spec, "Zarr"):
        store = _open_store(node, cached=False)
        shape, channels = place_axes(tuple(store.shape), spec)
        dtype = check_dtype(store.dtype.numpy_dtype, spec)
        chunk, _ = place_axes(tuple(store.chunk_layout.read_chunk_template.shape), spec)
    voxel_size = parse_voxel_size(node.attributes.get(_VOXEL_SIZE))
    offset = parse_offset(node.attributes.get(_OFFSET))
    return ZarrVolume(spec, Layout(shape, dtype, chunk, channels, voxel_size, offset), node=node, writable=writable)


def create_zarr(spec: str, layout: Layout, *, place: Path | None = None) -> ZarrVolume:
    """A Zarr v3 array full of zeros; zero chunks take no room on disk.

    Args:
        spec: what errors call it.
        layout: its chunks are cut to the shape.
        place: where it is written, when not at `spec`.
    """
    path = place or Path(spec)
    chunk = to_shape([min(edge, extent) for edge, extent in zip(layout.chunks, layout.shape, strict=True)])
    leading = () if layout.channels is None else (1,)
    attributes = {
        _VOXEL_SIZE: None if layout.voxel_size is None else list(layout.voxel_size),
        _OFFSET: None if layout.offset is None else list(layout.offset),
    }
    metadata = {
        "shape": list(layout.array_shape),
        "data_type": layout.dtype.name,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [*leading, *chunk]}},
        "codecs": _CODECS,
        "fill_value": 0,
        "dimension_names": list("czyx"[-len(layout.array_shape) :]),
        "attributes": {key: value for key, value in attributes.items() if value is not None},
    }
    make_parents(path)
    with explain_writing(spec):
        _open_store(Node(path, "array", "zarr3", {}), cached=False, metadata=metadata, create=True)
    return ZarrVolume(spec, replace(layout, chunks=chunk), node=find_array(path), writable=True)


def _open_store(node: Node, *, cached: bool, **more: object) -> "tensorstore.TensorStore":
    import tensorstore

    spec = {
        "driver": node.driver,
        "kvstore": {"driver": "file", "path": f"{node.path.absolute()}/"},
        "recheck_cached_data": "open",
        "recheck_cached_metadata": "open",
        **more,
    }
    return tensorstore.open(spec, context=_share_context(CACHE_BYTES if cached else 0)).result()


@cache
def _share_context(cache_bytes: int) -> "tensorstore.Context":
    """One context a process and purpose: a cache a volume would grow without bound."""
    import tensorstore

    return tensorstore.Context({"cache_pool": {"total_bytes_limit": cache_bytes}})
