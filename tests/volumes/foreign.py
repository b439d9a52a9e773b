"""Volumes as other programs write them: each function takes a folder and an array (z y x or c z y x), and gives a spec.

VOXEL_SIZE and OFFSET go into the metadata in each program's own words and units.
"""

import json
from collections.abc import Callable
from pathlib import Path

import h5py
import nibabel
import nrrd
import numpy as np
import tensorstore
import tifffile
import zarr
from PIL import Image

from volumen.geometry import VoxelSize

VOXEL_SIZE = VoxelSize(30.0, 8.0, 8.25)
OFFSET = (60.0, -16.0, 0.5)

Write = Callable[[Path, np.ndarray], str]


def save_ome_zarr(
    folder: Path, array: np.ndarray, *, version: str = "0.4", levels: int = 1, shards: bool = False
) -> str:
    """A pyramid by zarr-python: micrometres, t and c before z y x in 0.4; every level takes each second voxel."""
    axes = "tczyx" if version == "0.4" else "czyx"
    stored = array.reshape((1,) * (len(axes) - array.ndim) + array.shape)
    group = zarr.create_group(folder / "x.zarr", zarr_format=2 if version == "0.4" else 3)
    datasets = []
    for level in range(levels):
        step = 2**level
        part = stored[..., ::step, ::step, ::step]
        chunks = (1,) * (len(axes) - 3) + (4, 5, 6)
        more = {"shards": (1,) * (len(axes) - 3) + (8, 10, 12)} if shards else {}
        made = group.create_array(str(level), shape=part.shape, chunks=chunks, dtype=part.dtype, **more)
        made[:] = part
        scale = [1.0] * (len(axes) - 3) + [edge * step / 1000 for edge in VOXEL_SIZE]
        shift = [0.0] * (len(axes) - 3) + [place / 1000 for place in OFFSET]
        transformations = [{"type": "scale", "scale": scale}, {"type": "translation", "translation": shift}]
        datasets.append({"path": str(level), "coordinateTransformations": transformations})
    multiscales = [{"name": "image", "version": version, "axes": list(map(name_axis, axes)), "datasets": datasets}]
    group.attrs.update(
        {"multiscales": multiscales} if version == "0.4" else {"ome": {"version": version, "multiscales": multiscales}}
    )
    return f"{folder}/x.zarr"


def name_axis(axis: str) -> dict[str, str]:
    kinds = {"t": {"type": "time", "unit": "second"}, "c": {"type": "channel"}}
    return {"name": axis, **kinds.get(axis, {"type": "space", "unit": "micrometer"})}


def save_zarr(folder: Path, array: np.ndarray, *, version: int = 3, **options: object) -> str:
    """A plain array by zarr-python, without a word on voxels."""
    chunks = options.pop("chunks", (1,) * (array.ndim - 3) + (4, 5, 6))
    zarr.create_array(folder / "x.zarr", data=array, chunks=chunks, zarr_format=version, **options)
    return f"{folder}/x.zarr"


def save_zarr_v2(path: Path, array: np.ndarray) -> None:
    """A Zarr 2 at any path by tensorstore, columns first."""
    metadata = {
        "shape": array.shape, "chunks": [4] * array.ndim, "dtype": array.dtype.str, "order": "F",
        "compressor": {"id": "zlib", "level": 1}, "filters": None, "fill_value": None,
    }  # fmt: skip
    spec = {"driver": "zarr", "kvstore": {"driver": "file", "path": f"{path}/"}, "metadata": metadata, "create": True}
    tensorstore.open(spec).result().write(array).result()


def save_sharded(folder: Path, array: np.ndarray) -> str:
    return save_zarr(folder, array, shards=(1,) * (array.ndim - 3) + (8, 10, 12))


def save_funlib(folder: Path, array: np.ndarray) -> str:
    """A Zarr 2 as funlib and daisy write it: `resolution` and `offset` in nanometres."""
    made = zarr.create_array(folder / "x.zarr" / "volumes" / "raw", data=array, zarr_format=2)
    made.attrs.update({"resolution": list(VOXEL_SIZE), "offset": list(OFFSET)})
    return f"{folder}/x.zarr/volumes/raw"


def save_n5(folder: Path, array: np.ndarray) -> str:
    """By tensorstore: axes, resolution and offset x y z, channels last."""
    path, stored = folder / "x.n5" / "volumes" / "raw", array.T
    metadata = {
        "dimensions": stored.shape, "blockSize": (6, 5, 4, 1)[: stored.ndim], "dataType": array.dtype.name,
        "compression": {"type": "gzip"},
    }  # fmt: skip
    spec = {"driver": "n5", "kvstore": {"driver": "file", "path": f"{path}/"}, "metadata": metadata, "create": True}
    tensorstore.open(spec).result().write(stored).result()
    attributes = json.loads((path / "attributes.json").read_text())
    rest = [1.0] * (array.ndim - 3)
    attributes |= {"resolution": [*list(VOXEL_SIZE)[::-1], *rest], "offset": [*OFFSET[::-1], *rest]}
    (path / "attributes.json").write_text(json.dumps(attributes))
    (folder / "x.n5" / "attributes.json").write_text('{"n5": "2.5.0"}')
    return str(path)


def save_precomputed(
    folder: Path, array: np.ndarray, *, encoding: str = "raw", levels: int = 1, **scale: object
) -> str:
    """By tensorstore: axes x y z channel; the offset is counted in voxels."""
    for level in range(levels):
        step = 2**level
        stored = np.atleast_3d(array[..., ::step, ::step, ::step].T)
        stored = stored if stored.ndim == 4 else stored[..., None]
        sizes = {
            "resolution": [edge * step for edge in VOXEL_SIZE][::-1], "size": stored.shape[:3], "encoding": encoding,
            "chunk_size": (6, 5, 4), "voxel_offset": (0, -2, 2),
        }  # fmt: skip
        kind = "segmentation" if encoding == "compressed_segmentation" else "image"
        spec = {
            "driver": "neuroglancer_precomputed", "kvstore": {"driver": "file", "path": f"{folder}/x/"}, "create": True,
            "multiscale_metadata": {"type": kind, "data_type": array.dtype.name, "num_channels": stored.shape[-1]},
            "scale_metadata": sizes | scale,
        }  # fmt: skip
        tensorstore.open(spec).result().write(stored).result()
    return f"precomputed://{folder}/x"


def save_hdf5(folder: Path, array: np.ndarray, *, key: str = "volumes/raw", **options: object) -> str:
    """By h5py, as CREMI's: `resolution` and `offset` in nanometres z y x."""
    with h5py.File(folder / "x.h5", "a") as file:
        chunks = (1,) * (array.ndim - 3) + (4, 5, 6)
        made = file.create_dataset(key, data=array, chunks=chunks, compression="gzip", **options)
        made.attrs["resolution"] = list(VOXEL_SIZE)
        made.attrs["offset"] = list(OFFSET)
    return f"{folder}/x.h5:{key}"


def save_slices(folder: Path, array: np.ndarray, *, suffix: str = "png", **options: object) -> str:
    """By Pillow: a file a slice, numbered without leading zeros."""
    (folder / "x").mkdir()
    for number, pixels in enumerate(array):
        Image.fromarray(pixels).save(folder / "x" / f"slice{number}.{suffix}", **options)
    return f"{folder}/x"


def save_tiff_slices(folder: Path, array: np.ndarray) -> str:
    (folder / "x").mkdir()
    for number, pixels in enumerate(array):
        tifffile.imwrite(folder / "x" / f"seg{number:04d}.tif", pixels, compression="zlib")
    return f"{folder}/x"


def save_nifti(folder: Path, array: np.ndarray, *, suffix: str = "nii") -> str:
    """By nibabel: stored x y z (c), micrometres, in order."""
    affine = np.diag([*(edge / 1000 for edge in list(VOXEL_SIZE)[::-1]), 1.0])
    affine[:3, 3] = [place / 1000 for place in OFFSET[::-1]]
    stored = array.T if array.ndim == 3 else np.moveaxis(array, 0, -1).transpose(2, 1, 0, 3)
    image = nibabel.Nifti1Image(stored, affine)
    image.header.set_xyzt_units("micron")
    nibabel.save(image, folder / f"x.{suffix}")
    return f"{folder}/x.{suffix}"


def save_nrrd(folder: Path, array: np.ndarray, *, encoding: str = "raw", suffix: str = "nrrd") -> str:
    """By pynrrd: stored (c) x y z, micrometres."""
    z, y, x = (edge / 1000 for edge in VOXEL_SIZE)
    directions = [[x, 0, 0], [0, y, 0], [0, 0, z]]
    header = {
        "space": "left-posterior-superior", "space units": ["um"] * 3, "encoding": encoding,
        "space origin": [place / 1000 for place in OFFSET[::-1]],
        "space directions": directions if array.ndim == 3 else [[np.nan] * 3, *directions],
        "kinds": ["domain"] * 3 if array.ndim == 3 else ["list", *["domain"] * 3],
    }  # fmt: skip
    stored = array.T if array.ndim == 3 else array.transpose(0, 3, 2, 1)
    detached = {"detached_header": True} if suffix == "nhdr" else {}
    nrrd.write(str(folder / f"x.{suffix}"), stored, header, **detached)
    return f"{folder}/x.{suffix}"


def save_npy(folder: Path, array: np.ndarray) -> str:
    np.save(folder / "x.npy", array)
    return f"{folder}/x.npy"


def save_npz(folder: Path, array: np.ndarray) -> str:
    np.savez(folder / "x.npz", array)
    return f"{folder}/x.npz"


def save_packed_npz(folder: Path, array: np.ndarray) -> str:
    np.savez_compressed(folder / "x.npz", raw=array, other=np.zeros(3))
    return f"{folder}/x.npz:raw"


def save_imagej(folder: Path, array: np.ndarray) -> str:
    """By tifffile in ImageJ's words: a hyperstack z c y x when there are channels."""
    stored = array if array.ndim == 3 else array.transpose(1, 0, 2, 3)
    metadata = {"axes": "ZYX" if array.ndim == 3 else "ZCYX", "unit": "nm", "spacing": VOXEL_SIZE.z}
    density = (1 / VOXEL_SIZE.x, 1 / VOXEL_SIZE.y)
    tifffile.imwrite(folder / "x.tif", stored, imagej=True, resolution=density, metadata=metadata)
    return f"{folder}/x.tif"


def save_ome_tiff(folder: Path, array: np.ndarray, **options: object) -> str:
    """By tifffile in OME's words, micrometres unless it says otherwise."""
    sizes = {f"PhysicalSize{axis}": edge / 1000 for axis, edge in zip("ZYX", VOXEL_SIZE, strict=True)}
    metadata = {"axes": "CZYX"[-array.ndim :], **sizes}
    tifffile.imwrite(folder / "x.ome.tif", array, ome=True, photometric="minisblack", metadata=metadata, **options)
    return f"{folder}/x.ome.tif"


def save_plain_tiff(folder: Path, array: np.ndarray) -> str:
    tifffile.imwrite(folder / "x.tiff", array, photometric="minisblack", compression="lzw", tile=(16, 16))
    return f"{folder}/x.tiff"


class Layer:
    """Stands in for napari's layers: what this project reads of one."""

    def __init__(self, name: str, data: object, scale: tuple[float, ...], **more: object) -> None:
        self.name = name
        self.data = data
        self.scale = scale
        self.__dict__.update(more)
