"""Damaged files of every format give our error or voxels: never a crash, a hang or another library's error."""

import logging
import random
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import foreign
import h5py
import numpy as np
import pytest

from volumen.errors import VolumenError
from volumen.geometry import Box
from volumen.volumes import open_volume


def save_latest_hdf5(folder: Path, array: np.ndarray) -> str:
    """The library's newest layout, with checksums, texts that nobody reads, and a dataset to choose."""
    with h5py.File(folder / "x.h5", "w", libver="latest") as file:
        made = file.create_dataset(
            "a/raw", data=array, chunks=(4, 5, 6), compression="gzip", shuffle=True, fletcher32=True
        )
        made.attrs["resolution"] = [1.0, 2.0, 3.0]
        made.attrs["history"] = "made by hand " * 10
        file["labels"] = array
    return f"{folder}/x.h5"


def save_plain_hdf5(folder: Path, array: np.ndarray) -> str:
    with h5py.File(folder / "x.h5", "w") as file:
        file["main"] = array
        file["table"] = np.array([b"abc"] * 4)
        file["main"].attrs["history"] = "made by hand"
    return f"{folder}/x.h5"


FILES = {
    "zarr 2": partial(foreign.save_zarr, version=2),
    "zarr 3": foreign.save_zarr,
    "zarr 3 with shards": foreign.save_sharded,
    "ome-zarr 0.4": partial(foreign.save_ome_zarr, levels=2),
    "ome-zarr 0.5": partial(foreign.save_ome_zarr, version="0.5", levels=2),
    "n5": foreign.save_n5,
    "precomputed": foreign.save_precomputed,
    "precomputed labels": partial(
        foreign.save_precomputed, encoding="compressed_segmentation", compressed_segmentation_block_size=[8, 8, 8]
    ),
    "precomputed jpeg": partial(foreign.save_precomputed, encoding="jpeg"),
    "hdf5": foreign.save_hdf5,
    "hdf5, latest": save_latest_hdf5,
    "hdf5, plain": save_plain_hdf5,
    "tiff": foreign.save_plain_tiff,
    "tiff by imagej": foreign.save_imagej,
    "tiff by ome": partial(foreign.save_ome_tiff, compression="zlib"),
    "png slices": foreign.save_slices,
    "jpeg slices": partial(foreign.save_slices, suffix="jpg"),
    "tiff slices": foreign.save_tiff_slices,
    "nifti": foreign.save_nifti,
    "nifti, packed": partial(foreign.save_nifti, suffix="nii.gz"),
    "nrrd": foreign.save_nrrd,
    "nrrd, packed": partial(foreign.save_nrrd, encoding="gzip"),
    "nrrd with a header apart": partial(foreign.save_nrrd, encoding="bzip2", suffix="nhdr"),
    "npy": foreign.save_npy,
    "npz": foreign.save_npz,
    "npz, packed": foreign.save_packed_npz,
}
TYPES = {"precomputed labels": "uint32", "precomputed jpeg": "uint8", "png slices": "uint8", "jpeg slices": "uint8"}


@pytest.fixture(scope="module")
def worker() -> Iterator[ProcessPoolExecutor]:
    """A process of its own: a crash is a failed test and not the end of them all."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        yield pool


@pytest.mark.parametrize("name", FILES)
def test_damaged_files_give_our_error_or_voxels(name, tmp_path, worker):
    assert worker.submit(damage_and_read, name, tmp_path, rounds=40).result(300) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_much_damaged_files_give_our_error_or_voxels(name, tmp_path, worker):
    assert worker.submit(damage_and_read, name, tmp_path, rounds=400, seed=1).result(1800) == []


def damage_and_read(name: str, folder: Path, *, rounds: int, seed: int = 0) -> list[str]:
    """What went wrong in other words than ours, by the seed of the damage."""
    warnings.simplefilter("ignore")  # of the libraries; what counts is what is raised
    logging.disable(logging.CRITICAL)
    array = np.random.default_rng(0).integers(1, 120, (9, 11, 13)).astype(TYPES.get(name, "uint16"))
    spec = FILES[name](folder, array)
    originals = {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    wrong = []
    for number in range(rounds):
        rng = random.Random(f"{name} {seed} {number}")
        victim = choose_victim(rng, list(originals))
        victim.write_bytes(damage(rng, originals[victim]))
        try:
            volume = open_volume(spec)
            volume.read(Box.whole(volume.shape).clip(Box.whole((9, 16, 16))))
        except VolumenError as error:
            if "\n" in str(error) or len(str(error)) > 1000:
                wrong.append(f"seed {number}, {victim.name}: {error}")
        except Exception as error:  # noqa: BLE001 - what a test of errors is for
            wrong.append(f"seed {number}, {victim.name}: {type(error).__name__}: {error}")
        victim.write_bytes(originals[victim])
    return wrong


def choose_victim(rng: random.Random, paths: list[Path]) -> Path:
    """A file of metadata as often as one of voxels."""
    metadata = [path for path in paths if path.suffix in {".json", ".nhdr"} or path.name.startswith((".z", "info"))]
    return rng.choice(metadata) if metadata and rng.random() < 0.5 else rng.choice(paths)


def damage(rng: random.Random, content: bytes) -> bytes:
    """The content cut short, or with some bytes changed, most of them near its begin."""
    kind = rng.choice(["cut", "bits", "bytes", "zeros", "text"])
    if kind == "cut":
        return content[: rng.randrange(len(content) + 1)]
    damaged = bytearray(content)
    for _ in range(rng.choice([1, 1, 2, 4, 16])):
        place = rng.randrange(min(len(content), rng.choice([64, 512, len(content)])))
        if kind == "bits":
            damaged[place] ^= 1 << rng.randrange(8)
        elif kind == "bytes":
            damaged[place] = rng.choice([0, 1, 127, 128, 255, rng.randrange(256)])
        elif kind == "zeros":
            damaged[place : place + 4] = bytes(len(damaged[place : place + 4]))
        else:
            damaged[place] = rng.choice(b'0123456789-.,:"[]{}ae ')
    return bytes(damaged)
