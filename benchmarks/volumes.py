"""Random patches from one volume in many formats, beside the libraries that made them.

Every reader gets the same boxes in turn, `--repeats` times; the best run counts. *cold* has no cache of voxels (but the
system's of files), *cached* one that holds the volume.
"""

import argparse
import gc
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import nibabel
import numpy as np
import psutil
import zarr
from PIL import Image

from volumen.geometry import Box
from volumen.volumes import create_volume, export_volume, limit_cache, open_volume

Read = Callable[[Box], np.ndarray]

CHUNK = (64, 64, 64)
FORMATS = ("zarr", "hdf5", "slices", "npy", "nifti", "tiff")


def main() -> None:
    """Print one line a reader."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=384)
    parser.add_argument("--patch", type=int, default=128)
    parser.add_argument("--patches", type=int, default=40)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    rng = random.Random(0)
    starts = [[rng.randrange(given.size - given.patch + 1) for _ in "zyx"] for _ in range(given.patches)]
    boxes = [Box.at(start, (given.patch,) * 3) for start in starts]
    with tempfile.TemporaryDirectory() as folder:
        array = draw_volume(given.size)
        specs = write_all(Path(folder), array)
        packed = sum(path.stat().st_size for path in Path(specs["zarr"]).rglob("*") if path.is_file()) / array.nbytes
        print(f"{given.patches} patches of {given.patch}³ from {given.size}³ uint8, best of {given.repeats};")
        print(f"the Zarr is packed to {packed:.2f} of its voxels")
        print(f"{'reader':<38} {'patches/s':>10} {'CPU ms':>8} {'RSS MB':>7}")
        for name, read in list_readers(specs):
            expected = array[boxes[0].slices]
            np.testing.assert_array_equal(read(boxes[0]), expected)
            wall, cpu = min(measure(read, boxes) for _ in range(given.repeats))
            memory = psutil.Process().memory_info().rss / 2**20
            print(f"{name:<38} {len(boxes) / wall:>10.1f} {cpu / len(boxes) * 1e3:>8.1f} {memory:>7.0f}")
            del read
            gc.collect()
        for form, spec in specs.items():
            count_memory(form, spec)


def draw_volume(size: int) -> np.ndarray:
    """Blobs under noise, which pack to about three quarters: CT packs somewhat less, EM somewhat more."""
    rng = np.random.default_rng(0)
    blobs = rng.normal(120, 30, (-(-size // 8),) * 3).astype(np.float32)
    smooth = blobs.repeat(8, 0).repeat(8, 1).repeat(8, 2)[:size, :size, :size]
    smooth += rng.normal(0, 3, smooth.shape).astype(np.float32)
    return np.clip(smooth, 0, 255).astype(np.uint8)


def write_all(folder: Path, array: np.ndarray) -> dict[str, str]:
    """Specs of the volume in every format."""
    made = create_volume(folder / "x.zarr", shape=array.shape, dtype=array.dtype, chunks=CHUNK)
    made.write(Box.whole(array.shape), array)
    with h5py.File(folder / "x.h5", "w") as file:
        file.create_dataset("raw", data=array, chunks=CHUNK, compression="gzip", compression_opts=1)
    (folder / "slices").mkdir()
    for number, pixels in enumerate(array):
        Image.fromarray(pixels).save(folder / "slices" / f"{number}.png", compress_level=1)
    np.save(folder / "x.npy", array)
    nibabel.save(nibabel.Nifti1Image(array.T, np.eye(4)), folder / "x.nii.gz")
    export_volume(array, folder / "x.tif")
    names = {
        "zarr": "x.zarr",
        "hdf5": "x.h5:raw",
        "slices": "slices",
        "npy": "x.npy",
        "nifti": "x.nii.gz",
        "tiff": "x.tif",
    }
    return {form: f"{folder}/{name}" for form, name in names.items()}


def list_readers(specs: dict[str, str]) -> Iterator[tuple[str, Read]]:
    """Readers by name, ours and others'."""
    for cache, word in ((0, "cold"), (2**30, "cached")):
        limit_cache(cache)
        for form, spec in specs.items():
            if not (cache == 0 and form in {"slices", "nifti", "tiff"}):
                yield f"volumen, {form}, {word}", open_volume(spec).read
    yield "zarr-python, zarr", cut(zarr.open_array(specs["zarr"], mode="r"))
    with h5py.File(specs["hdf5"].rpartition(":")[0]) as file:
        yield "h5py, hdf5, 1 MB of cache", cut(file["raw"])


def cut(array: Any) -> Read:
    """What reads a box of an array by its slices."""
    return lambda box: np.asarray(array[box.slices])


def measure(read: Read, boxes: list[Box]) -> tuple[float, float]:
    """Seconds on the clock and of the processor."""
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    for box in boxes:
        read(box)
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - start, cpu


def count_memory(form: str, spec: str) -> None:
    """What 200 opens with a read each leave behind."""
    limit_cache(2**26)
    process, box = psutil.Process(), Box.whole((64, 64, 64))
    for _ in range(20):
        open_volume(spec).read(box)
    before = process.memory_info().rss, process.num_fds()
    for _ in range(200):
        open_volume(spec).read(box)
    after = process.memory_info().rss, process.num_fds()
    memory, files = (after[0] - before[0]) / 2**20, after[1] - before[1]
    print(f"200 opens, {form}: {memory:+.1f} MB, {files:+d} open files")


if __name__ == "__main__":
    main()
