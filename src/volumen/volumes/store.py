"""Chunked arrays through tensorstore: cached when read, and whole even after a crash when written."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from volumen.errors import FormatError, OutputError
from volumen.geometry import Box, Shape
from volumen.volumes.axes import AxisPlan
from volumen.volumes.cache import find_cache_bytes
from volumen.volumes.faults import explain_reading, explain_writing
from volumen.volumes.places import LocalPlace, Place, explain_place, share_settings
from volumen.volumes.volume import Layout, Storage, Volume, Voxels


@dataclass(frozen=True)
class Store:
    """An array that tensorstore opens.

    Args:
        driver: as tensorstore calls the format.
        place: where its metadata lie.
        kind: the format as people call it.
        more: what the driver must know besides.
    """

    driver: str
    place: Place
    kind: str
    more: Mapping[str, object] = field(default_factory=dict)


class StoreVolume(Volume):
    """A Zarr, N5 or precomputed array.

    Chunks that were read stay in the process's cache until its bound; what is stored is looked at again when a volume
    is opened, not at every read. A volume that can be written is not cached.
    """

    def __init__(
        self,
        spec: str,
        layout: Layout,
        *,
        store: Store,
        plan: AxisPlan,
        storage: Storage,
        writable: bool = False,
        cached: bool = True,
    ) -> None:
        super().__init__(spec, layout)
        self.store = store
        self._plan = plan
        self._storage = storage
        self._writable = writable
        self._cached = cached and not writable
        self._handle: Any = None

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_handle": None}

    def uncached(self) -> "StoreVolume":
        """The same volume for one pass over it, which keeps nothing of what it reads."""
        return StoreVolume(
            self.spec, self.layout, store=self.store, plan=self._plan, storage=self._storage,
            writable=self._writable, cached=False,
        )  # fmt: skip

    def describe(self) -> Storage:
        """How its voxels are kept."""
        return self._storage

    def _read(self, box: Box) -> Voxels:
        with explain_store(self.store, self.spec):
            view = self._cut(box)
            patience = self.store.place.find_patience(box.size * self.dtype.itemsize * (self.channels or 1))
            voxels = self._plan.finish(np.asarray(view.read().result(timeout=patience)))
            return voxels.astype(self.dtype, order="C", copy=False)

    def _write(self, box: Box, array: Voxels) -> None:
        if not self._writable:
            raise OutputError(f"{self.spec} was opened to be read; open it with writable=True")
        with explain_writing(self.spec):
            target = self._open()[self._plan.index(box)]
            target.write(self._plan.store(array).astype(target.dtype.numpy_dtype, copy=False)).result()

    def _cut(self, box: Box) -> Any:
        """The box, its axes in order: tensorstore fills an array in that order faster than NumPy turns one over."""
        cut = self._open()[self._plan.index(box)]
        return cut.transpose(self._plan.permutation)

    def _open(self) -> Any:
        if self._handle is None:
            self._handle = open_store(self.store, cached=self._cached)
        return self._handle


def open_store(store: Store, *, cached: bool, **more: object) -> Any:
    """A handle of tensorstore's on an array."""
    import tensorstore

    spec = {
        "driver": store.driver,
        "kvstore": store.place.describe(),
        "recheck_cached_data": "open",
        "recheck_cached_metadata": "open",
        **store.more,
        **more,
    }
    context = _share_context(find_cache_bytes() if cached else 0)
    return tensorstore.open(spec, context=context).result(timeout=store.place.find_patience(0))


@contextmanager
def explain_store(store: Store, spec: str) -> Iterator[None]:
    """Turn what goes wrong with an array into our errors: of the network where it is on one, else of the format."""
    if isinstance(store.place, LocalPlace):
        with explain_reading(spec, store.kind):
            yield
        return
    try:
        with explain_reading(spec, store.kind):
            yield
    except FormatError as error:
        told = explain_place(store.place, error.__cause__) if error.__cause__ is not None else error
        raise (error if isinstance(told, FormatError) else told) from error.__cause__


def find_chunks(handle: Any, plan: AxisPlan) -> tuple[Shape, Shape | None]:
    """Extent of the chunks, and of the shards that hold them where they are held."""
    layout = handle.chunk_layout
    chunk = plan.order(tuple(layout.read_chunk.shape), absent=1)
    shard = plan.order(tuple(layout.write_chunk.shape), absent=1)
    return chunk, None if shard == chunk else shard


@lru_cache(maxsize=4)
def _share_context(cache_bytes: int) -> Any:
    """One context a process and purpose: a cache a volume would grow without bound."""
    import tensorstore

    return tensorstore.Context({"cache_pool": {"total_bytes_limit": cache_bytes}, **share_settings()})
