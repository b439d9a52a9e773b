"""New Zarr arrays of version 2 or 3, with shards where they are asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from volumen.errors import ShapeError
from volumen.geometry import Shape, to_shape
from volumen.volumes.axes import plan_axes
from volumen.volumes.faults import explain_writing
from volumen.volumes.placement import OFFSET, VOXEL_SIZE
from volumen.volumes.places import LocalPlace
from volumen.volumes.spec import Options
from volumen.volumes.store import Store, StoreVolume, open_store
from volumen.volumes.volume import Layout, Storage
from volumen.volumes.zarr_files import make_parents, write_second_attributes

ZarrVersion = Literal[2, 3]

_SECOND = 2
_BYTES = {"name": "bytes", "configuration": {"endian": "little"}}
_CODECS = [_BYTES, {"name": "blosc", "configuration": {"cname": "zstd", "clevel": 3, "shuffle": "bitshuffle"}}]
_COMPRESSOR = {"id": "blosc", "cname": "zstd", "clevel": 3, "shuffle": 2}


@dataclass(frozen=True)
class Grid:
    """How an array is cut: chunks, and shards that hold several of them in one file."""

    chunks: Shape
    shards: Shape | None = None

    @property
    def unit(self) -> Shape:
        """What is written as a whole."""
        return self.shards or self.chunks


def plan_grid(shape: Shape, chunks: Shape, shards: Shape | None = None) -> Grid:
    """Chunks no larger than the array, and shards of whole chunks no larger than it needs."""
    cut = to_shape([min(edge, extent) for edge, extent in zip(chunks, shape, strict=True)])
    if shards is None:
        return Grid(cut)
    if any(edge % chunk for edge, chunk in zip(shards, chunks, strict=True)):
        raise ShapeError(f"shards of {shards} are not made of whole chunks of {chunks}; use multiples")
    whole = [-(-extent // chunk) * chunk for extent, chunk in zip(shape, cut, strict=True)]
    held = [edge // chunk * own for edge, chunk, own in zip(shards, chunks, cut, strict=True)]
    return Grid(cut, to_shape([min(edge, most) for edge, most in zip(held, whole, strict=True)]))


def create_zarr(
    spec: str,
    layout: Layout,
    *,
    place: Path | None = None,
    shards: Shape | None = None,
    version: ZarrVersion = 3,
    attributes: Mapping[str, object] | None = None,
) -> StoreVolume:
    """A Zarr array full of zeros; zero chunks take no room on disk.

    Args:
        spec: what errors call it.
        layout: its chunks are cut to the shape.
        place: where it is written, when not at `spec`.
        shards: extent of a file that holds several chunks, for version 3 only.
        version: of the Zarr format.
        attributes: what is noted beside voxel size and offset.
    """
    path, grid = place or Path(spec), plan_grid(layout.shape, layout.chunks, shards)
    axes = "czyx"[-len(layout.array_shape) :]
    noted = {**_describe_placement(layout), **(attributes or {})}
    make_parents(path, version=version)
    with explain_writing(spec):
        if version == _SECOND:
            store = Store("zarr", LocalPlace(path), "Zarr")
            open_store(store, cached=False, metadata=_describe_second(layout, grid), create=True)
            write_second_attributes(path, {"_ARRAY_DIMENSIONS": list(axes), **noted})
        else:
            store = Store("zarr3", LocalPlace(path), "Zarr")
            open_store(store, cached=False, metadata=_describe_third(layout, grid, axes, noted), create=True)
    plan = plan_axes(axes, layout.array_shape, spec, Options())
    kept, storage = replace(layout, chunks=grid.chunks), Storage(f"Zarr {version}", grid.shards)
    return StoreVolume(spec, kept, store=store, plan=plan, storage=storage, writable=True)


def _describe_third(layout: Layout, grid: Grid, axes: str, noted: Mapping[str, object]) -> dict[str, Any]:
    leading = [1] * (len(axes) - 3)
    sharding = {
        "name": "sharding_indexed",
        "configuration": {
            "chunk_shape": [*leading, *grid.chunks],
            "codecs": _CODECS,
            "index_codecs": [_BYTES, {"name": "crc32c"}],
            "index_location": "end",
        },
    }
    return {
        "shape": list(layout.array_shape),
        "data_type": layout.dtype.name,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [*leading, *grid.unit]}},
        "codecs": _CODECS if grid.shards is None else [sharding],
        "fill_value": 0,
        "dimension_names": list(axes),
        "attributes": dict(noted),
    }


def _describe_second(layout: Layout, grid: Grid) -> dict[str, Any]:
    leading = [1] * (len(layout.array_shape) - 3)
    return {
        "shape": list(layout.array_shape),
        "chunks": [*leading, *grid.chunks],
        "dtype": layout.dtype.newbyteorder("<").str,
        "compressor": _COMPRESSOR,
        "filters": None,
        "fill_value": 0,
        "order": "C",
        "dimension_separator": "/",
    }


def _describe_placement(layout: Layout) -> dict[str, Sequence[float]]:
    lengths = {VOXEL_SIZE: layout.voxel_size, OFFSET: layout.offset}
    return {name: list(values) for name, values in lengths.items() if values is not None}
