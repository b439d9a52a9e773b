"""Patches, opens and copies of a volume, beside the libraries underneath: every reader in a process of its own.

python benchmarks/volumes.py --size 384 --copy 512

Readers take turns over the same boxes; medians of the runs, each the best of three passes. *cold* keeps no voxels (the
system keeps files), *cached* holds the volume. Figures of the first pass are not counted: it fills what is cached.
"""

import argparse
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import h5py
import nibabel
import numpy as np
from PIL import Image

PEERS = Path(__file__).parent / "peers"
sys.path.insert(0, str(PEERS))

from measuring import Figures, run_peer  # noqa: E402 - beside this file, not installed

from volumen.geometry import Box  # noqa: E402
from volumen.volumes import Volume, create_volume, export_volume  # noqa: E402

CHUNK = (64, 64, 64)

# By row of the table: the reader of peers/patches.py, and what it reads.
READERS = {
    "volumen, Zarr, cold": ("cold", "x.zarr"),
    "zarr-python, Zarr": ("zarr-python", "x.zarr"),
    "volumen, Zarr, cached": ("cached", "x.zarr"),
    "MONAI CacheDataset, NPY": ("monai", "x.npy"),
    "volumen, HDF5, cold": ("cold", "x.h5:raw"),
    "h5py, HDF5, 1 MB of cache": ("h5py", "x.h5:raw"),
    "volumen, HDF5, cached": ("cached", "x.h5:raw"),
    "h5py, HDF5, cached": ("h5py-cached", "x.h5:raw"),
    "volumen, NPY": ("cold", "x.npy"),
    "volumen, slices, cached": ("cached", "slices"),
    "volumen, NIfTI, cached": ("cached", "x.nii.gz"),
    "volumen, packed TIFF, cached": ("cached", "x.tif"),
}
COPIES = {
    "tensorstore, one call": "tensorstore",
    "zarr-python, a loop over blocks": "zarr-python",
    "volumen convert": "convert",
    "volumen convert, two workers": "two-workers",
    "volumen convert, three levels": "pyramid",
}


def main() -> None:
    """Measure patches and opens, then copies."""
    options = parse_options()
    with TemporaryDirectory(dir=options.folder) as folder:
        if options.size:
            write_formats(Path(folder), draw_blobs(options.size, options.size))
            print_patches(options, Path(folder))
        if options.copy:
            write_blocks(Path(folder) / "large.zarr", options.copy)
            print_copies(options, Path(folder) / "large.zarr")


def parse_options() -> argparse.Namespace:
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=256, help="edge of the volume that patches are cut from; 0: none")
    parser.add_argument("--patch", type=int, default=128)
    parser.add_argument("--patches", type=int, default=40)
    parser.add_argument("--opens", type=int, default=200)
    parser.add_argument("--copy", type=int, default=256, help="edge of the volume that is copied; 0: none")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--folder", help="where volumes are written; the system's temporary folder when not said")
    return parser.parse_args()


def draw_blobs(depth: int, size: int, *, seed: int = 0) -> np.ndarray:
    """Blobs under noise, which pack to about three quarters: CT packs somewhat less, EM somewhat more."""
    rng = np.random.default_rng(seed)
    shape = (depth, size, size)
    blobs = rng.normal(120, 30, [-(-extent // 8) for extent in shape]).astype(np.float32)
    smooth = blobs.repeat(8, 0).repeat(8, 1).repeat(8, 2)[:depth, :size, :size]
    smooth += 3 * rng.standard_normal(smooth.shape, np.float32)
    return np.clip(smooth, 0, 255).astype(np.uint8)


def write_formats(folder: Path, array: np.ndarray) -> None:
    """The volume in every format."""
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


def write_blocks(path: Path, size: int) -> Volume:
    """A large volume, a slab at a time."""
    made = create_volume(path, shape=(size,) * 3, dtype=np.uint8, chunks=CHUNK)
    for low in range(0, size, CHUNK[0]):
        box = Box((low, 0, 0), (min(low + CHUNK[0], size), size, size))
        made.write(box, draw_blobs(box.shape[0], size, seed=low))
    return made


def print_patches(options: argparse.Namespace, folder: Path) -> None:
    """A table of patches and opens."""
    common = [f"--{name}={getattr(options, name)}" for name in ("size", "patch", "patches", "opens")]
    print(f"{options.patches} patches of {options.patch}³ from {options.size}³ uint8, median of {options.repeats}\n")
    print(f"| reader | patches/s | CPU ms a patch | peak MiB above start | {options.opens} opens, MiB | ms an open |")
    print("|---|---|---|---|---|---|")
    runs: dict[str, list[Figures]] = {name: [] for name in READERS}
    for _ in range(options.repeats):
        for name, (reader, spec) in READERS.items():
            print(f"… {name}", file=sys.stderr)
            runs[name].append(
                run_peer(PEERS / "patches.py", [reader, f"--spec={folder / spec}", "--repeats=3", *common])
            )
    for name, figures in runs.items():
        row = {key: median(run[key] for run in figures) for key in figures[0]}
        print(
            f"| {name} | {options.patches / row['wall_s']:.0f} | {row['cpu_s'] / options.patches * 1e3:.1f} | "
            f"{row['peak_mib'] - row['before_mib']:.0f} | {row['opens_mib']:+.1f} | {row['open_ms']:.1f} |"
        )
    if len({run["sum"] for figures in runs.values() for run in figures}) != 1:
        raise SystemExit("readers disagree on the first patch")


def print_copies(options: argparse.Namespace, path: Path) -> None:
    """A table of copies."""
    megabytes = options.copy**3 / 1e6
    print(f"\n{options.copy}³ uint8 from Zarr to Zarr, chunks of 64³, median of {options.repeats}\n")
    print("| copied by | wall s | CPU s | MB/s | MB a CPU second | peak MiB (before) |")
    print("|---|---|---|---|---|---|")
    runs: dict[str, list[Figures]] = {name: [] for name in COPIES}
    for _ in range(options.repeats):
        for name, way in COPIES.items():
            print(f"… {name}", file=sys.stderr)
            runs[name].append(run_peer(PEERS / "copy_volume.py", [way, f"--spec={path}"]))
    for name, figures in runs.items():
        row = {key: median(run[key] for run in figures) for key in figures[0]}
        print(
            f"| {name} | {row['wall_s']:.2f} | {row['cpu_s']:.2f} | {megabytes / row['wall_s']:.0f} | "
            f"{megabytes / row['cpu_s']:.0f} | {row['peak_mib']:.0f} ({row['before_mib']:.0f}) |"
        )


if __name__ == "__main__":
    main()
