"""The packaged recipes: their networks are planned as they are, and each learns one batch at a small size."""

import csv
import json

import h5py
import nibabel
import numpy as np
import pytest
import torch

from volumen.config import list_recipes, read_recipe
from volumen.data import make_neurons, write_phantoms
from volumen.geometry import VoxelSize
from volumen.networks import build_network, count_parameters
from volumen.targets import plan_heads
from volumen.training import RunOptions, train_folds

SMALL = ["data.num_workers=0", "data.batch_size=2", "training.precision=32-true", "training.devices=1"]
U_NET = ["network.features=[4,8,8]"]
VISTA = ["network.features=4", "network.blocks=[1,1,1]", "network.backbone=own"]
PATCH = "data.patch_size=[8,32,32]"
TILE = "prediction.tile=null"
# What makes a recipe small, beside the above; its data are those of the fixture of that name.
SMALLER = {
    "hydra-lv": ("vesicles", [*U_NET, PATCH, TILE, "prediction.overlap=0.25"]),
    "neurons-default": ("snemi3d", [*VISTA, "data.patch_size=[1,32,32]", TILE]),
    "snemi2d": ("snemi3d", [*VISTA, "data.patch_size=[1,32,32]", TILE]),
    "snemi3d": ("snemi3d", [*VISTA, PATCH, TILE, "data.split.gap=1"]),
    "cremi3d": ("cremi", [*VISTA, PATCH, TILE, "data.split.gap=1"]),
    "combine": (".", [*VISTA, PATCH, TILE, "data.split.gap=1"]),
    "foundation": (".", [*VISTA, PATCH, TILE, "data.split.gap=1", "data.batch_size=6"]),
    "multitask": ("surfaces", ["network.features=4", "network.depth=2", "data.patch_size=32", TILE]),
    "neurons-affinity": ("neurons", [*U_NET, PATCH, "data.folds=2"]),
}
QUICK = {"hydra-lv", "snemi2d"}
# Millions of parameters that the headers and docs/recipes.md state, at the voxel size that they state them for.
PARAMETERS = {
    "hydra-lv": (42.4, (30, 8, 8)),
    "neurons-default": (72.4, (30, 6, 6)),
    "snemi2d": (72.4, (30, 6, 6)),
    "snemi3d": (214.4, (30, 6, 6)),
    "cremi3d": (205.1, (40, 4, 4)),
    "combine": (216.8, (30, 8, 8)),
    "foundation": (216.8, (30, 8, 8)),
    "multitask": (138.5, None),
    "neurons-affinity": (52.0, (30, 8, 8)),
}


def write_hdf5(path, **arrays):
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        for key, array in arrays.items():
            file[key.replace("__", "/")] = array


def write_cremi(path, image, labels):
    write_hdf5(path, volumes__raw=image, volumes__labels__neuron_ids=labels, volumes__labels__clefts=0 * labels)
    with h5py.File(path, "a") as file:
        for key in ("volumes/raw", "volumes/labels/neuron_ids", "volumes/labels/clefts"):
            file[key].attrs["resolution"] = (30.0, 8.0, 8.0)


def write_mitoem2(root, image, classes):
    for name in ("me2-beta_train01", "me2-beta_val01"):
        for folder, ending, array in (("imagesTr", "_0000", image), ("labelsTr", "", classes)):
            path = root / folder / f"{name}{ending}.nii.gz"
            path.parent.mkdir(parents=True, exist_ok=True)
            nifti = nibabel.Nifti1Image(array.transpose(2, 1, 0), np.diag([0.008, 0.008, 0.03, 1]))
            nibabel.save(nifti, path)
    description = {"channel_names": {"0": "EM"}, "labels": {"background": 0, "mito": 1, "boundary": 2}}
    (root / "dataset.json").write_text(json.dumps(description | {"numTraining": 2, "file_ending": ".nii.gz"}))
    split = {"train": ["me2-beta_train01"], "val": ["me2-beta_val01"], "test": []}
    (root / "split.json").write_text(json.dumps([split]))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """One phantom in the layouts of the public data sets, and two more as the command writes them."""
    root = tmp_path_factory.mktemp("data")
    phantom = make_neurons((20, 48, 48), seed=3)
    image, labels = phantom.image, phantom.labels
    write_hdf5(root / "snemi3d/AC4_inputs.h5", main=image)
    write_hdf5(root / "snemi3d/AC4_labels.h5", main=labels["neurons"])
    write_cremi(root / "cremi/sampleA.h5", image, labels["neurons"].astype(np.uint64))
    some = (labels["neurons"] % 3 == 1).astype(np.uint8)
    write_mitoem2(root / "mitoem2/Dataset001_ME2-Beta", image, some)
    for name in ("vol1", "vol2", "vol_val1"):
        write_hdf5(root / f"vesicles/{name}_im.h5", main=image)
        write_hdf5(root / f"vesicles/{name}_vesicle_ins.h5", main=labels["vesicles"])
        write_hdf5(root / f"vesicles/{name}_mask.h5", main=np.ones_like(image))
    for folder in ("images", "labels"):
        (root / "surfaces" / folder).mkdir(parents=True)
    for number in range(2):
        np.save(root / f"surfaces/images/c{number}.npy", image.repeat(2, 0)[:32])
        np.save(root / f"surfaces/labels/c{number}_surface.npy", some.repeat(2, 0)[:32])
    write_phantoms("neurons", root / "neurons", cases=2, size=(16, 40, 40), seed=0)
    return root


def test_every_recipe_of_neurons_vesicles_and_tasks_is_here():
    assert SMALLER.keys() == PARAMETERS.keys()
    assert SMALLER.keys() <= list_recipes().keys()


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_recipe_plans_the_network_that_its_header_states(name):
    config = read_recipe(name)
    millions, edges = PARAMETERS[name]
    with torch.device("meta"):
        network = build_network(
            config.network,
            heads=plan_heads(config),
            channels=1,
            patch_size=config.data.patch_size,
            voxel_size=None if edges is None else VoxelSize.parse(edges),
        )
    assert count_parameters(network) / 1e6 == pytest.approx(millions, abs=0.06)
    assert not any(edge % step for edge, step in zip(config.data.patch_size, network.divisor, strict=True))
    assert not any(edge % step for edge, step in zip(config.tile, network.divisor, strict=True))


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in SMALLER]
)
def test_a_recipe_learns_a_batch_and_leaves_a_model(data, tmp_path, name):
    folder, smaller = SMALLER[name]
    config = read_recipe(name, [*SMALL, *smaller, f"data.root={data / folder}"])
    summary = train_folds(config, out=tmp_path, options=RunOptions(fast=True, device="cpu"))
    with (tmp_path / "fold_0/metrics.csv").open() as file:
        row = next(csv.DictReader(file))
    parts = [f"train/{head}/{loss.name}" for head, section in config.heads.items() for loss in section.losses]
    assert {part: row[part] for part in parts if not float(row[part]) > 0} == {}
    assert summary.model(0).is_dir()
