"""Small data sets as the public ones are downloaded: their names, keys, attributes and types, by other libraries."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import nibabel
import numpy as np
import tifffile
import zarr
from PIL import Image

SHAPE = (6, 10, 14)
INVALID, BACKGROUND = 2**64 - 2, 2**64 - 1


@dataclass(frozen=True)
class Truth:
    """What a case is to read as: intensities, labels in the run's values, and what is known of it."""

    image: np.ndarray
    labels: dict[str, np.ndarray]
    voxel_size: tuple[float, float, float] | None = None
    group: str | None = None


Truths = Mapping[str, Truth]


@dataclass(frozen=True)
class Public:
    """A data set: what writes it, and what is left of it when its labels are taken away."""

    layout: str
    build: Callable[[Path, np.random.Generator], Truths]
    labels: tuple[str, ...] = field(default=())


def draw_image(rng: np.random.Generator, shape=SHAPE) -> np.ndarray:
    return rng.integers(0, 255, shape, np.uint8)


def draw_ids(rng: np.random.Generator, dtype: str = "uint16", shape=SHAPE) -> np.ndarray:
    """Instance ids with gaps, 2 among them, which the recipes' default would take for "nobody looked"."""
    return rng.choice(np.array([0, 1, 2, 7, 300], dtype), shape)


def write_hdf5(path: Path, **arrays: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        for key, array in arrays.items():
            file.create_dataset(key.replace("__", "/"), data=array, compression="gzip")


def write_tiff(path: Path, array: np.ndarray, **options) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, array, photometric="minisblack", **options)


def write_pictures(folder: Path, array: np.ndarray, pattern: str, first: int = 0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, section in enumerate(array, first):
        Image.fromarray(section).save(folder / pattern.format(number))


def write_nifti(path: Path, array: np.ndarray, affine=(0.008, 0.008, 0.03)) -> None:
    """An array z y x as it lies in a NIfTI: x y z."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = nibabel.Nifti1Image(array.transpose(2, 1, 0), np.diag([*affine, 1]))
    image.header.set_xyzt_units("mm")
    nibabel.save(image, path)


def build_train_folders(root: Path, rng: np.random.Generator) -> Truths:
    truths = {}
    for name in ("a", "b"):
        image, labels = draw_image(rng), rng.integers(0, 3, SHAPE, np.uint8)
        write_tiff(root / "train_images" / f"{name}.tif", image, compression="lzw")
        write_tiff(root / "train_labels" / f"{name}.tif", labels, compression="lzw")
        truths[name] = Truth(image, {"labels": np.where(labels == 2, -100, labels.astype(np.int64))})
    return truths


def build_named_folders(root: Path, rng: np.random.Generator) -> Truths:
    """Every format its own: Zarr, HDF5, NIfTI and a folder of slices."""
    image, ink, damage = draw_image(rng), rng.integers(0, 2, SHAPE, np.uint8), rng.integers(0, 2, SHAPE, np.uint8)
    zarr.create_array(root / "images" / "page.zarr", data=image, chunks=(4, 4, 4))
    write_hdf5(root / "labels" / "page_ink.h5", main=ink)
    write_pictures(root / "labels" / "page_damage", damage * 255, "{:03d}.png")
    mask = np.ones(SHAPE, np.uint8)
    mask[0] = 0
    write_tiff(root / "masks" / "page_ink.tif", mask)
    known = ink.astype(np.int64)
    known[0] = -100
    return {"page": Truth(image, {"ink": known, "damage": damage.astype(np.int64) * 255})}


def build_hdf5(root: Path, rng: np.random.Generator) -> Truths:
    truths = {}
    for name in ("vol1", "vol2", "vol_val1"):
        image, ids, mask = draw_image(rng), draw_ids(rng), rng.integers(0, 2, SHAPE, np.uint8)
        ids[ids == 2] = 3
        for kind, array in (("im", image), ("vesicle_ins", ids), ("mask", mask)):
            write_hdf5(root / f"{name}_{kind}.h5", main=array)
        truths[name] = Truth(image, {"vesicle_ins": np.where(mask == 0, -100, ids.astype(np.int64))})
    return truths


def build_nnunet(root: Path, rng: np.random.Generator) -> Truths:
    truths, names = {}, [f"case_{number:03d}" for number in range(3)]
    for name in names:
        channels, labels = [draw_image(rng), draw_image(rng)], rng.integers(0, 4, SHAPE, np.uint8)
        for number, channel in enumerate(channels):
            write_nifti(root / "imagesTr" / f"{name}_{number:04d}.nii.gz", channel)
        write_nifti(root / "labelsTr" / f"{name}.nii.gz", labels)
        known = np.where(labels == 3, -100, labels.astype(np.int64))
        truths[name] = Truth(np.stack(channels), {"labels": known}, (30e3, 8e3, 8e3))
    description = {
        "channel_names": {"0": "T1", "1": "T2"},
        "labels": {"background": 0, "organ": 1, "tumour": 2, "ignore": 3},
        "numTraining": 3,
        "file_ending": ".nii.gz",
    }
    (root / "dataset.json").write_text(json.dumps(description))
    splits = [{"train": names[:2], "val": names[2:]}, {"train": names[1:], "val": names[:1]}]
    (root / "splits_final.json").write_text(json.dumps(splits))
    return truths


def make_neurons(rng: np.random.Generator, dtype: str) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    image, ids = draw_image(rng), draw_ids(rng, dtype)
    return image, ids, {"neuron_ids": ids.astype(np.int64)}


def build_snemi_original(root: Path, rng: np.random.Generator) -> Truths:
    image, ids, truth = make_neurons(rng, "uint16")
    write_tiff(root / "snemi" / "image" / "train-input.tif", image)
    write_tiff(root / "snemi" / "seg" / "train-labels.tif", ids)
    write_tiff(root / "snemi" / "image" / "test-input.tif", draw_image(rng))
    return {"train": Truth(image, truth, (30, 6, 6))}


def build_snemi_mirror(root: Path, rng: np.random.Generator) -> Truths:
    image, ids, truth = make_neurons(rng, "uint16")
    write_tiff(root / "train-input.tif", image)
    write_tiff(root / "train-labels.tif", ids)
    write_tiff(root / "test-input.tif", draw_image(rng))
    write_hdf5(root / "test-labels.h5", main=draw_ids(rng))
    return {"train": Truth(image, truth, (30, 6, 6))}


def build_snemi_embl(root: Path, rng: np.random.Generator) -> Truths:
    image, ids, truth = make_neurons(rng, "uint64")
    write_hdf5(root / "snemi_train.h5", volumes__raw=image, volumes__labels__neuron_ids=ids)
    write_hdf5(root / "snemi_test.h5", volumes__raw=draw_image(rng))
    return {"train": Truth(image, truth, (30, 6, 6))}


def build_snemi_volumes(root: Path, rng: np.random.Generator) -> Truths:
    image, ids, truth = make_neurons(rng, "uint16")
    for name in ("AC3", "AC4"):
        write_hdf5(root / f"{name}_inputs.h5", main=image if name == "AC4" else draw_image(rng))
        write_hdf5(root / f"{name}_labels.h5", main=ids if name == "AC4" else draw_ids(rng))
    return {"AC4": Truth(image, truth, (30, 6, 6))}


def write_cremi(path: Path, image: np.ndarray, ids: np.ndarray, clefts: np.ndarray, offset=None) -> None:
    write_hdf5(path, volumes__raw=image, volumes__labels__neuron_ids=ids, volumes__labels__clefts=clefts)
    with h5py.File(path, "a") as file:
        file.attrs["file_format"] = "0.2"
        file["annotations/ids"] = np.arange(3, dtype=np.uint64)
        for key in ("volumes/raw", "volumes/labels/neuron_ids", "volumes/labels/clefts"):
            file[key].attrs["resolution"] = (40.0, 4.0, 4.0)
        if offset is not None:
            file["volumes/labels/neuron_ids"].attrs["offset"] = offset
            file["volumes/labels/clefts"].attrs["offset"] = offset


def make_cremi_labels(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    ids = rng.choice(np.array([1, 2, 2**40, BACKGROUND, INVALID], np.uint64), SHAPE)
    clefts = rng.choice(np.array([BACKGROUND, 5, 2, INVALID], np.uint64), SHAPE)
    known = ids.astype(np.int64)
    known[ids >= INVALID] = -100
    cleft = clefts.astype(np.int64)
    cleft[clefts == BACKGROUND], cleft[clefts == INVALID] = 0, -100
    return ids, clefts, {"neuron_ids": known, "clefts": cleft}


def build_cremi_cropped(root: Path, rng: np.random.Generator) -> Truths:
    truths = {}
    for letter in "ABC":
        image, (ids, clefts, truth) = draw_image(rng), make_cremi_labels(rng)
        write_cremi(root / f"sample_{letter}_20160501.hdf", image, ids, clefts)
        truths[f"sample_{letter}"] = Truth(image, truth, (40, 4, 4), letter)
    write_hdf5(root / "sample_A+_20160601.hdf", volumes__raw=draw_image(rng))
    return truths


def build_cremi_padded(root: Path, rng: np.random.Generator) -> Truths:
    """Raw 10×16×20, labels from voxel 2 3 4 on."""
    image, (ids, clefts, truth) = draw_image(rng, (10, 16, 20)), make_cremi_labels(rng)
    write_cremi(root / "sample_A_padded_20160501.hdf", image, ids, clefts, offset=(80.0, 12.0, 16.0))
    return {"sample_A": Truth(image[2:8, 3:13, 4:18], truth, (40, 4, 4), "A")}


def build_mitoem(root: Path, rng: np.random.Generator) -> Truths:
    """Ten slices, four to learn from, two to judge by, four without labels."""
    image, ids = draw_image(rng, (10, 10, 14)), draw_ids(rng, shape=(6, 10, 14))
    write_pictures(root / "im", image, "im{:04d}.png")
    for number, section in enumerate(ids):
        write_tiff(root / ("mito-train-v2" if number < 4 else "mito-val-v2") / f"seg{number:04d}.tif", section)
    labels = {"mitochondria": ids.astype(np.int64)}
    parts = {"train": slice(0, 4), "val": slice(4, 6)}
    return {
        name: Truth(image[part], {key: array[part] for key, array in labels.items()}, (30, 8, 8))
        for name, part in parts.items()
    }


def build_mitoem_archives(root: Path, rng: np.random.Generator) -> Truths:
    """As the archives of the rat unpack, one in a folder of its own."""
    image, ids = draw_image(rng, (8, 10, 14)), draw_ids(rng, shape=(6, 10, 14))
    write_pictures(root / "EM30-R-im" / "im", image, "im{:04d}.png")
    for number, section in enumerate(ids):
        part = "mito-train-v2" if number < 4 else "mito-val-v2"
        write_tiff(root / "EM30-R-mito-train-val-v2" / part / f"seg{number:04d}.tif", section)
    return {
        f"EM30-R_{name}": Truth(image[part], {"mitochondria": ids[part].astype(np.int64)}, (30, 8, 8), "EM30-R")
        for name, part in {"train": slice(0, 4), "val": slice(4, 6)}.items()
    }


def make_touching(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Classes of two mitochondria that touch, and the instances they are."""
    classes, instances = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.int64)
    classes[1:5, 2:8, 1:5], classes[1:5, 2:8, 7:11], classes[1:5, 2:8, 5:7] = 1, 1, 2
    instances[1:5, 2:8, 1:6], instances[1:5, 2:8, 6:11] = 1, 2
    return classes, instances


def build_mitoem2(root: Path, rng: np.random.Generator) -> Truths:
    """Two of the eight sets; the labels of one case lie the other way round, as they do, x and y running backwards."""
    truths: dict[str, Truth] = {}
    names = {"Dataset001_ME2-Beta": "me2-beta", "Dataset002_ME2-Jurkat": "me2-jurkat"}
    for folder, stem in names.items():
        split = {"train": [f"{stem}_train01", f"{stem}_train02"], "val": [f"{stem}_val01"], "test": [f"{stem}_test01"]}
        for name in (name for names in split.values() for name in names):
            part = "Ts" if "test" in name else "Tr"
            image, (classes, instances) = draw_image(rng), make_touching(rng)
            turned = name == "me2-jurkat_train02"
            affine = (-0.008, -0.008, 0.03) if turned else (0.008, 0.008, 0.03)
            write_nifti(root / folder / f"images{part}" / f"{name}_0000.nii.gz", image, affine)
            stored = classes.transpose(2, 1, 0) if turned else classes
            write_nifti(root / folder / f"labels{part}" / f"{name}.nii.gz", stored, affine)
            if part == "Tr":
                labels = {"classes": classes.astype(np.int64), "instances": instances}
                truths[name] = Truth(image, labels, (30e3, 8e3, 8e3), folder)
        (root / folder / "split.json").write_text(json.dumps([split]))
        description = {"channel_names": {"0": "EM"}, "labels": {"background": 0, "mito": 1, "boundary": 2}}
        description |= {"numTraining": 3, "file_ending": ".nii.gz"}
        (root / folder / "dataset.json").write_text(json.dumps(description))
    return truths


def build_lucchi(root: Path, rng: np.random.Generator) -> Truths:
    truths = {}
    for part in ("Train", "Test"):
        image, mitochondria = draw_image(rng), rng.integers(0, 2, SHAPE, np.uint8)
        write_pictures(root / "Lucchi++" / f"{part}_In", image, "mask{:04d}.png")
        colours = np.zeros((*SHAPE, 4), np.uint8)
        colours[..., 3] = 255
        colours[mitochondria == 1] = 255
        write_pictures(root / "Lucchi++" / f"{part}_Out", colours, "{}.png")
        if part == "Train":
            truths["train"] = Truth(image, {"mitochondria": mitochondria.astype(np.int64)}, (5, 5, 5))
    return truths


def build_kasthuri(root: Path, rng: np.random.Generator) -> Truths:
    values = rng.choice(np.array([0, 2, 255], np.uint8), SHAPE)
    image = draw_image(rng)
    write_pictures(root / "Kasthuri++" / "Train_In", image, "{:04d}.png")
    write_pictures(root / "Kasthuri++" / "Train_Out", np.repeat(values[..., None], 3, axis=-1), "{:04d}.png")
    known = np.where(values == 2, -100, (values == 255).astype(np.int64))
    return {"train": Truth(image, {"mitochondria": known})}


def build_surface_detection(root: Path, rng: np.random.Generator) -> Truths:
    rows, truths = ["id,scroll_id"], {}
    for name, scroll in (("1155445", "34117"), ("2280012", "35360"), ("901", "34117"), ("777", "26010")):
        image, labels = draw_image(rng), rng.integers(0, 3, SHAPE, np.uint8)
        folder = "deprecated_train_images" if name == "777" else "train_images"
        write_tiff(root / folder / f"{name}.tif", image, compression="lzw")
        if name != "777":
            write_tiff(root / "train_labels" / f"{name}.tif", labels, compression="lzw")
            truths[name] = Truth(image, {"labels": np.where(labels == 2, -100, labels.astype(np.int64))}, None, scroll)
        rows.append(f"{name},{scroll}")
    (root / "train.csv").write_text("\n".join(rows) + "\n")
    write_tiff(root / "test_images" / "1407735.tif", draw_image(rng))
    return truths


def build_nisb(root: Path, rng: np.random.Generator) -> Truths:
    """Zarr v2, x y z c and x y z, a pickle beside them that would not load."""
    truths = {}
    for name in ("train/seed0", "train/seed1", "val/seed0", "test/seed0"):
        image, ids, labels = make_neurons(rng, "uint16")
        group = zarr.open_group(root / name / "data.zarr", mode="w", zarr_format=2)
        group.create_array("img", data=image.transpose(2, 1, 0)[..., None].copy(), chunks=(8, 8, 4, 1))
        group.create_array("seg", data=ids.transpose(2, 1, 0).copy(), chunks=(8, 8, 4))
        (root / name / "skeleton.pkl").write_bytes(b"cos\nsystem\n(S'touch /nowhere/opened'\ntR.")
        if not name.startswith("test"):
            truths[name.replace("/", "_")] = Truth(image[None], labels, (20, 9, 9))
    return truths


def build_nucmm(root: Path, rng: np.random.Generator) -> Truths:
    truths = {}
    for part, count in (("train", 2), ("val", 1)):
        for number in range(count):
            image, ids = draw_image(rng), draw_ids(rng)
            write_hdf5(root / "Image" / part / f"img_{number}.h5", main=image)
            write_hdf5(root / "Label" / part / f"seg_{number}.h5", main=ids)
            truths[f"{part}_img_{number}"] = Truth(image, {"nuclei": ids.astype(np.int64)})
    return truths


def build_axonem(root: Path, rng: np.random.Generator) -> Truths:
    truths = {}
    for place in ("0-650-650", "675-800-800"):
        image, ids = draw_image(rng), draw_ids(rng)
        write_hdf5(root / f"im_{place}_pad.h5", main=image)
        if not place.startswith("675"):
            write_hdf5(root / f"seg_{place}_pad.h5", main=ids)
            truths[place] = Truth(image, {"axons": ids.astype(np.int64)})
    write_hdf5(root / "valid_mask.h5", main=np.ones(SHAPE, np.uint8))
    return truths


DATA_SETS = {
    "train folders": Public("folders", build_train_folders, ("train_labels/*",)),
    "named folders": Public("folders", build_named_folders, ("labels/*",)),
    "HDF5": Public("hdf5", build_hdf5, ("*_vesicle_ins.h5",)),
    "nnU-Net": Public("nnunet", build_nnunet, ("labelsTr/*",)),
    "SNEMI3D": Public("snemi3d", build_snemi_original, ("snemi/seg/train-labels.tif",)),
    "SNEMI3D mirror": Public("snemi3d", build_snemi_mirror, ("train-labels.tif",)),
    "SNEMI3D EMBL": Public("snemi3d", build_snemi_embl),
    "SNEMI3D AC4": Public("snemi3d", build_snemi_volumes, ("AC4_labels.h5",)),
    "CREMI": Public("cremi", build_cremi_cropped),
    "CREMI padded": Public("cremi", build_cremi_padded),
    "MitoEM": Public("mitoem", build_mitoem, ("mito-*-v2/*",)),
    "MitoEM archives": Public("mitoem", build_mitoem_archives, ("EM30-R-mito-train-val-v2/mito-*-v2/*",)),
    "MitoEM2": Public("mitoem2", build_mitoem2, ("*/labelsTr/*",)),
    "Lucchi++": Public("lucchi", build_lucchi, ("Lucchi++/Train_Out/*",)),
    "Kasthuri++": Public("kasthuri", build_kasthuri, ("Kasthuri++/Train_Out/*",)),
    "surface detection": Public("surface_detection", build_surface_detection, ("train_labels/*",)),
    "NISB": Public("nisb", build_nisb, ("train/*/data.zarr/seg/.zarray",)),
    "NucMM": Public("nucmm", build_nucmm, ("Label/*/*",)),
    "AxonEM": Public("axonem", build_axonem, ("seg_*",)),
}
