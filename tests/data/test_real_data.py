"""Volumes as they were published; run where the variable VOLUMEN_REAL_DATA names their folder."""

import os
from pathlib import Path

import numpy as np
import pytest

from volumen.config import DataSection
from volumen.data import Wanted, build_loader, divide_cases, gather_cases

REAL = os.environ.get("VOLUMEN_REAL_DATA")
pytestmark = pytest.mark.skipif(REAL is None, reason="VOLUMEN_REAL_DATA is not set")


def load(count: int = 2, **values):
    """Cases, folds and batches of a data section whose root is a folder of the real data."""
    values = {"num_workers": 0, "batch_size": 4, "patch_size": 16, "ignore": None} | values
    data = DataSection.model_validate(values | {"root": str(Path(REAL) / values["root"])})
    draft = gather_cases(data)
    division = divide_cases(draft.cases, data, published=draft.folds)
    wanted = Wanted(tuple(dict.fromkeys(name for case in division.cases for name in case.labels)))
    loader = build_loader(division.cases, data, wanted=wanted, seed=1, first=0, count=count, training=True)
    return division, list(loader)


def test_a_raw_data_set_of_nnunet_is_found_by_itself():
    division, batches = load(root="mri_hippocampus")
    assert len(division.cases) == 48
    assert {tuple(case.voxel_size) for case in division.cases} == {(1e6, 1e6, 1e6)}
    values = np.unique(np.concatenate([batch.labels["labels"].numpy().ravel() for batch in batches]))
    assert set(values) <= {-100, 0, 1, 2}


def test_image_and_labels_of_one_file_are_cut_in_slabs():
    layout = {"name": "hdf5", "image": "*.h5:raw", "labels": {"neurons": "*.h5:gt"}, "voxel_size": [10, 10, 10]}
    division, (batch, _) = load(root="em_fib25", layout=layout, split={"name": "slab", "gap": 8})
    assert len(division.folds) == 5
    assert batch.labels["neurons"].unique().numel() > 5


def test_isotropic_sections_come_from_anisotropic_ones():
    layout = {"name": "hdf5", "image": "*.h5:raw", "labels": {"membrane": "*.h5:label"}, "voxel_size": [50, 4, 4]}
    keys = {"layout": layout, "split": {"name": "slab"}, "voxel_size": [25, 8, 8], "patch_size": [8, 32, 32]}
    division, (batch, _) = load(root="em_isbi2012", **keys)
    assert {case.frame.scale for case in division.cases} == {(0.5, 2.0, 2.0)}
    assert batch.image.shape == (4, 1, 8, 32, 32)
    assert set(batch.labels["membrane"].unique().tolist()) <= {-100, 0, 255}
