"""Which chunks of an array were never written."""

import math
import re
from dataclasses import dataclass
from typing import Any

from volumen.volumes.store import StoreVolume, explain_store, open_store
from volumen.volumes.volume import Volume

_MOST_CHUNKS = 500_000  # names of more take minutes to list, from a bucket above all

_NUMBERED = re.compile(r"(?:c[/.])?(\d+(?:[/.]\d+)*)")
_BOUNDED = re.compile(r"-?\d+--?\d+_-?\d+--?\d+_-?\d+--?\d+(?:\.gz|\.br)?")


@dataclass(frozen=True)
class Missing:
    """Chunks, or shards of chunks, that are not stored and read as one value.

    Args:
        count: how many are missing.
        total: how many the array has room for.
        fill: what their voxels read as.
    """

    count: int
    total: int
    fill: float


def count_missing(volume: Volume) -> Missing | None:
    """How many chunks are missing from an array; None for other formats, and where nobody can tell without reading it.

    That is so behind a web server, which lists nothing, in sharded precomputed volumes, and in arrays of more than
    500,000 chunks.
    """
    if not isinstance(volume, StoreVolume):
        return None
    with explain_store(volume.store, volume.spec):
        handle = open_store(volume.store, cached=False)
        layout = handle.chunk_layout.write_chunk.shape
        grid = [-(-extent // edge) for extent, edge in zip(handle.shape, layout, strict=True)]
        total, fill = math.prod(grid), handle.fill_value
        if total > _MOST_CHUNKS:
            return None
        present = _count_present(volume, handle, grid)
        return None if present is None else Missing(total - present, total, 0.0 if fill is None else float(fill))


def _count_present(volume: StoreVolume, handle: Any, grid: list[int]) -> int | None:
    if volume.store.driver != "neuroglancer_precomputed":
        keys = volume.store.place.list_keys()
        return None if keys is None else len({found for key in keys if (found := _find_number(key, grid)) is not None})
    scale = handle.spec().to_json()["scale_metadata"]
    if scale.get("sharding"):
        return None
    keys = volume.store.place.join(scale["key"]).list_keys()
    return None if keys is None else sum(_BOUNDED.fullmatch(key) is not None for key in keys)


def _find_number(key: str, grid: list[int]) -> tuple[int, ...] | None:
    """The numbers of the chunk that a key keeps; None when it keeps none of this array."""
    found = _NUMBERED.fullmatch(key)
    numbers = tuple(map(int, re.split("[/.]", found[1]))) if found else ()
    inside = len(numbers) == len(grid) and all(number < count for number, count in zip(numbers, grid, strict=True))
    return numbers if inside else None
