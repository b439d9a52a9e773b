"""Real volumes, where VOLUMEN_REAL_DATA names a folder of them."""

import os
from pathlib import Path

import h5py
import nibabel
import numpy as np
import pytest
import tifffile

from volumen.volumes import export_volume, inspect_volume, open_volume

ROOT = Path(os.environ.get("VOLUMEN_REAL_DATA", "nowhere"))
pytestmark = pytest.mark.skipif(not ROOT.is_dir(), reason="VOLUMEN_REAL_DATA names no folder")


def read_by_their_libraries() -> dict[str, np.ndarray]:
    """Specs of all volumes, and their voxels as h5py, tifffile and nibabel read them."""
    found: dict[str, np.ndarray] = {}
    for path in sorted(ROOT.rglob("*.h5")):
        with h5py.File(path) as file:
            found |= {f"{path}:{key}": file[key][()] for key in file}
    found |= {str(path): tifffile.imread(path) for path in sorted(ROOT.rglob("*.tif"))}
    for path in sorted(ROOT.rglob("*.nii.gz"))[:6]:
        found[str(path)] = np.asarray(nibabel.load(path).dataobj).T
    return found


VOLUMES = read_by_their_libraries() if ROOT.is_dir() else {"none": np.zeros(0)}


@pytest.mark.parametrize("spec", VOLUMES, ids=lambda spec: Path(spec).name)
def test_a_real_volume_reads_as_its_library_reads_it(spec):
    volume = open_volume(spec)
    assert volume.dtype == VOLUMES[spec].dtype
    np.testing.assert_array_equal(volume.read(), VOLUMES[spec])


@pytest.mark.parametrize("ending", ["tif", "zarr", "h5"])
@pytest.mark.parametrize("spec", VOLUMES, ids=lambda spec: Path(spec).name)
def test_a_real_volume_survives_a_round_trip(spec, ending, tmp_path):
    volume = open_volume(spec)
    export_volume(volume, tmp_path / f"x.{ending}")
    again = open_volume(tmp_path / f"x.{ending}")
    np.testing.assert_array_equal(again.read(), VOLUMES[spec])
    assert (again.voxel_size, again.offset) == (volume.voxel_size, volume.offset)


def test_a_real_volume_is_inspected():
    facts = inspect_volume(next(spec for spec in VOLUMES if spec.endswith("fib25_z000-175.h5:gt")))
    assert facts.values.share == 1
    assert facts.values.distinct > 50
