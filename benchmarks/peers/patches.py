"""Random patches with one reader; the last line printed is its figures as JSON. Run by `benchmarks/volumes.py`."""

import argparse
import json
import random
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from measuring import measure, read_memory

from volumen.geometry import Box

Read = Callable[[Box], np.ndarray]

HOLDS_ALL = 2**40  # bytes: a cache that holds whatever there is


def main() -> None:
    """Read the same boxes a few times and keep the best; then open the volume again and again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reader", choices=READERS)
    parser.add_argument("--spec", required=True)
    for name in ("size", "patch", "patches", "repeats", "opens"):
        parser.add_argument(f"--{name}", type=int, required=True)
    options = parser.parse_args()
    rng = random.Random(0)
    last = options.size - options.patch
    starts = [[rng.randint(0, last) for _ in "zyx"] for _ in range(options.patches)]
    boxes = [Box.at(start, [options.patch] * 3) for start in starts]
    before = read_memory("VmRSS")
    read, began = READERS[options.reader](options.spec), time.perf_counter()
    first = int(read(boxes[0]).astype(np.int64).sum())
    runs = [measure_patches(read, boxes) for _ in range(options.repeats)]
    best = min(runs, key=lambda figures: figures["wall_s"])
    figures = best | {
        "before_mib": before,
        "ready_s": time.perf_counter() - began,
        "sum": first,
    }
    print(json.dumps(figures | count_opens(options)))


def measure_patches(read: Read, boxes: list[Box]) -> dict[str, float]:
    """Seconds and memory of one pass over all boxes."""
    _, figures = measure(lambda: [read(box).shape for box in boxes])
    return figures


def count_opens(options: argparse.Namespace) -> dict[str, float]:
    """What opening the volume and reading a corner leaves in memory, after twenty to warm up."""
    box = Box.whole((8, 8, 8))
    for _ in range(20):
        READERS[options.reader](options.spec)(box)
    before, began = read_memory("VmRSS"), time.perf_counter()
    for _ in range(options.opens):
        READERS[options.reader](options.spec)(box)
    seconds = time.perf_counter() - began
    return {"opens_mib": read_memory("VmRSS") - before, "open_ms": seconds / max(options.opens, 1) * 1e3}


def read_cold(spec: str) -> Read:
    """`Volume` without a cache of voxels."""
    from volumen.volumes import limit_cache, open_volume

    limit_cache(0)
    return open_volume(spec).read


def read_cached(spec: str) -> Read:
    """`Volume` with a cache that holds all of it."""
    from volumen.volumes import limit_cache, open_volume

    limit_cache(HOLDS_ALL)
    return open_volume(spec).read


def read_zarr_python(spec: str) -> Read:
    """zarr-python, which keeps nothing."""
    import zarr

    array = zarr.open_array(spec, mode="r")
    return lambda box: np.asarray(array[box.slices])


def read_h5py(spec: str) -> Read:
    """h5py with its own cache of 1 MB."""
    return _open_h5py(spec, 2**20)


def read_h5py_cached(spec: str) -> Read:
    """h5py with a cache that holds all of it."""
    return _open_h5py(spec, 2**33)


def read_monai(spec: str) -> Read:
    """MONAI's CacheDataset, which holds whole volumes, and a crop of them."""
    from monai.data import CacheDataset
    from monai.transforms import Compose, LoadImage, SpatialCrop

    held = CacheDataset([spec], Compose([LoadImage(image_only=True)]), progress=False)
    return lambda box: np.asarray(SpatialCrop(roi_start=box.start, roi_end=box.stop)(held[0][None])[0])


def _open_h5py(spec: str, nbytes: int) -> Read:
    import h5py

    path, _, key = spec.rpartition(":")
    dataset: Any = h5py.File(path, rdcc_nbytes=nbytes, rdcc_nslots=100_003)[key]
    return lambda box: np.asarray(dataset[box.slices])


READERS: dict[str, Callable[[str], Read]] = {
    "cold": read_cold,
    "cached": read_cached,
    "zarr-python": read_zarr_python,
    "h5py": read_h5py,
    "h5py-cached": read_h5py_cached,
    "monai": read_monai,
}

if __name__ == "__main__":
    main()
