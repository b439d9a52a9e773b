"""Small stand-ins for public data sets: their names, keys, attributes and types, written by their makers' libraries."""

import h5py
import nibabel
import numpy as np
import pytest
import tensorstore
import tifffile
import zarr
from contract import draw_array
from PIL import Image

from volumen.geometry import VoxelSize
from volumen.volumes import open_volume

RAW = draw_array("uint8")
IDS = draw_array("uint16")


def test_snemi3d_is_a_tiff_without_a_word_on_voxels(tmp_path):
    tifffile.imwrite(tmp_path / "train-input.tif", RAW, photometric="minisblack", metadata=None)
    tifffile.imwrite(tmp_path / "train-labels.tif", IDS, photometric="minisblack", metadata=None)
    volume = open_volume(tmp_path / "train-input.tif")
    np.testing.assert_array_equal(volume.read(), RAW)
    assert volume.voxel_size is None
    np.testing.assert_array_equal(open_volume(tmp_path / "train-labels.tif").read(), IDS)
    assert open_volume(f"{tmp_path}/train-input.tif?voxel_size=30,6,6").voxel_size == VoxelSize(30.0, 6.0, 6.0)


def test_snemi3d_of_embl_and_of_others_is_hdf5(tmp_path):
    with h5py.File(tmp_path / "snemi_train.h5", "w") as file:
        file.create_dataset("volumes/raw", data=RAW, compression="gzip")
        file.create_dataset("volumes/labels/neuron_ids", data=IDS, compression="gzip")
    np.testing.assert_array_equal(open_volume(tmp_path / "snemi_train.h5").read(), RAW)
    np.testing.assert_array_equal(open_volume(f"{tmp_path}/snemi_train.h5:volumes/labels/neuron_ids").read(), IDS)
    with h5py.File(tmp_path / "AC4_inputs.h5", "w") as file:
        file["main"] = RAW
    np.testing.assert_array_equal(open_volume(tmp_path / "AC4_inputs.h5").read(), RAW)


def test_cremi_has_ids_of_64_bits_and_labels_that_are_offset(tmp_path):
    ids = IDS.astype(np.uint64)
    ids[:, 0], ids[:, -1] = 2**64 - 1, 2**64 - 2
    with h5py.File(tmp_path / "sample_A_padded_20160501.hdf", "w") as file:
        file.attrs["file_format"] = "0.2"
        for key, array, offset in (
            ("volumes/raw", np.zeros((20, 40, 40), np.uint8), None),
            ("volumes/labels/neuron_ids", ids, [1520, 3644, 3644]),
            ("volumes/labels/clefts", ids, [1520, 3644, 3644]),
        ):
            made = file.create_dataset(key, data=array, compression="gzip")
            made.attrs["resolution"] = [40.0, 4.0, 4.0]
            if offset:
                made.attrs["offset"] = offset
        file["annotations/ids"] = np.arange(6, dtype=np.uint64)
        file["annotations/types"] = np.array([b"presynaptic_site"] * 6)
        file["annotations/locations"] = np.zeros((6, 3))
        file["annotations/presynaptic_site/partners"] = np.zeros((3, 2), np.uint64)
        file["annotations/comments/target_ids"] = np.zeros(0, np.uint64)
    path = tmp_path / "sample_A_padded_20160501.hdf"
    raw, labels = open_volume(path), open_volume(f"{path}:volumes/labels/neuron_ids")
    assert (raw.shape, raw.offset, labels.offset) == ((20, 40, 40), None, (1520, 3644, 3644))
    assert raw.voxel_size == labels.voxel_size == VoxelSize(40.0, 4.0, 4.0)
    assert labels.dtype == np.uint64
    np.testing.assert_array_equal(labels.read(), ids)


def test_cremi_s_defects(tmp_path):
    with h5py.File(tmp_path / "sample_ABC_padded_defects.h5", "w") as file:
        file["defect_sections/mask"] = (RAW > 60).astype(np.uint8)
        file["defect_sections/raw"] = RAW
    np.testing.assert_array_equal(open_volume(tmp_path / "sample_ABC_padded_defects.h5").read(), RAW)


def test_mitoem_has_png_images_and_tiff_labels(tmp_path):
    for folder in ("im", "mito-train-v2"):
        (tmp_path / folder).mkdir()
    for number, (pixels, ids) in enumerate(zip(RAW, IDS, strict=True)):
        Image.fromarray(pixels).save(tmp_path / "im" / f"im{number:04d}.png")
        tifffile.imwrite(tmp_path / "mito-train-v2" / f"seg{number:04d}.tif", ids)
    np.testing.assert_array_equal(open_volume(tmp_path / "im").read(), RAW)
    labels = open_volume(f"{tmp_path}/mito-train-v2/")
    assert labels.dtype == np.uint16
    np.testing.assert_array_equal(labels.read(), IDS)


def test_mitoem2_s_labels_may_have_their_axes_the_other_way_round(tmp_path):
    sizes = np.diag([8.0, 8.25, 30.0, 1.0])
    nibabel.save(nibabel.Nifti1Image(RAW.T, sizes), tmp_path / "me2-jurkat_train02_0000.nii.gz")
    nibabel.save(nibabel.Nifti1Image(RAW, sizes[[0, 1, 2, 3]][:, [2, 1, 0, 3]]), tmp_path / "me2-jurkat_train02.nii.gz")
    image, labels = (open_volume(tmp_path / f"me2-jurkat_train02{end}.nii.gz") for end in ("_0000", ""))
    np.testing.assert_array_equal(image.read(), RAW)
    np.testing.assert_array_equal(labels.read(), RAW)
    assert image.voxel_size == labels.voxel_size == VoxelSize(30e6, 8.25e6, 8e6)


def test_lucchi_s_masks_are_white_on_black_or_on_nothing(tmp_path):
    mask = RAW > 60
    for folder in ("Train_In", "Train_Out"):
        (tmp_path / folder).mkdir()
    for number, inside in enumerate(mask):
        Image.fromarray(RAW[number]).save(tmp_path / "Train_In" / f"mask{number:04d}.png")
        pixels = np.zeros((*inside.shape, 4), np.uint8)
        pixels[..., 3] = 255 if number % 2 else 0
        pixels[inside] = 255
        Image.fromarray(pixels).save(tmp_path / "Train_Out" / f"{number}.png")
    np.testing.assert_array_equal(open_volume(tmp_path / "Train_In").read(), RAW)
    labels = open_volume(tmp_path / "Train_Out")
    assert (labels.channels, labels.dtype) == (None, np.uint8)
    np.testing.assert_array_equal(labels.read(), mask * 255)


def test_kasthuri_s_masks_are_grey_in_three_colours(tmp_path):
    values = np.choose(RAW % 3, [0, 2, 255]).astype(np.uint8)
    for number, pixels in enumerate(values):
        Image.fromarray(np.stack([pixels] * 3, axis=-1)).save(tmp_path / f"{number}.png")
    np.testing.assert_array_equal(open_volume(tmp_path).read(), values)


@pytest.mark.parametrize("name", ["im_675-800-800_pad.h5", "seg_0-0-0_pad.h5", "valid_mask.h5"])
def test_axonem_and_nucmm_keep_one_dataset_called_main(name, tmp_path):
    with h5py.File(tmp_path / name, "w") as file:
        file.create_dataset("main", data=IDS, compression="gzip")
    np.testing.assert_array_equal(open_volume(tmp_path / name).read(), IDS)


def test_nisb_is_zarr_2_with_axes_x_y_z(tmp_path):
    group = zarr.create_group(tmp_path / "data.zarr", zarr_format=2)
    group.create_array("img", data=RAW.T[..., None], chunks=(6, 5, 4, 1))
    group.create_array("seg", data=IDS.T, chunks=(6, 5, 4))
    image = open_volume(f"{tmp_path}/data.zarr/img?axes=xyzc&channel=0&voxel_size=20,9,9")
    np.testing.assert_array_equal(image.read(), RAW)
    assert (image.channels, image.voxel_size) == (None, VoxelSize(20.0, 9.0, 9.0))
    np.testing.assert_array_equal(open_volume(f"{tmp_path}/data.zarr/seg?axes=xyz").read(), IDS)


@pytest.mark.parametrize("kind", ["image", "segmentation"])
def test_fib25_and_others_are_precomputed(kind, tmp_path):
    array = RAW if kind == "image" else IDS.astype(np.uint64) + 2**40
    encoding = "raw" if kind == "image" else "compressed_segmentation"
    scale = {"resolution": [8, 8, 8], "size": array.shape[::-1], "encoding": encoding, "chunk_size": (64, 64, 64)}
    if kind == "segmentation":
        scale["compressed_segmentation_block_size"] = [8, 8, 8]
    spec = {
        "driver": "neuroglancer_precomputed", "kvstore": f"file://{tmp_path}/{kind}/", "create": True,
        "multiscale_metadata": {"type": kind, "data_type": array.dtype.name, "num_channels": 1},
        "scale_metadata": scale,
    }  # fmt: skip
    tensorstore.open(spec).result().write(array.T[..., None]).result()
    volume = open_volume(f"precomputed://{tmp_path}/{kind}")
    assert (volume.voxel_size, volume.offset, volume.dtype) == (VoxelSize(8.0, 8.0, 8.0), (0, 0, 0), array.dtype)
    np.testing.assert_array_equal(volume.read(), array)


def test_cellmap_s_pyramids_lie_deep_in_a_zarr_and_crops_have_a_place(tmp_path):
    group = zarr.create_group(tmp_path / "jrc_hela-2.zarr" / "recon-1" / "em" / "fibsem-uint8", zarr_format=2)
    datasets = []
    for level in range(2):
        part = RAW[:: 2**level, :: 2**level, :: 2**level]
        group.create_array(f"s{level}", data=part, chunks=(4, 5, 6))
        transformations = [
            {"type": "scale", "scale": [5.24 * 2**level, 4.0 * 2**level, 4.0 * 2**level]},
            {"type": "translation", "translation": [1000.0, 20.0 + level * 2, 30.0]},
        ]
        datasets.append({"path": f"s{level}", "coordinateTransformations": transformations})
    axes = [{"name": axis, "type": "space", "unit": "nanometer"} for axis in "zyx"]
    unit = [{"type": "scale", "scale": [1.0, 1.0, 1.0]}]
    group.attrs["multiscales"] = [
        {"axes": axes, "datasets": datasets, "version": "0.4", "coordinateTransformations": unit}
    ]
    folder = tmp_path / "jrc_hela-2.zarr" / "recon-1" / "em" / "fibsem-uint8"
    for spec in (f"{folder}@1", f"{folder}/s1"):
        volume = open_volume(spec)
        assert (volume.voxel_size, volume.offset) == (VoxelSize(10.48, 8.0, 8.0), (1000, 22, 30))
        np.testing.assert_array_equal(volume.read(), RAW[::2, ::2, ::2])
    np.testing.assert_array_equal(open_volume(folder).read(), RAW)
