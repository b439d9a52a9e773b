"""Real neurons, where VOLUMEN_REAL_DATA says they are: our numbers beside scikit-image's, and no surprises."""

import os
from pathlib import Path

import h5py
import numpy as np
import pytest
from skimage.metrics import adapted_rand_error, variation_of_information

from volumen.geometry import VoxelSize
from volumen.metrics import (
    ErrorKind,
    map_errors,
    score_ap,
    score_cremi,
    score_erl,
    score_objects,
    score_pq,
    score_rand,
    score_voi,
    trace_skeletons,
    write_errors,
)

DATA = Path(os.environ.get("VOLUMEN_REAL_DATA", "/nowhere"))
SIZE = VoxelSize(10.0, 10.0, 10.0)

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not DATA.exists(), reason="VOLUMEN_REAL_DATA is not set")]


@pytest.fixture(scope="module")
def fib25():
    with h5py.File(DATA / "em_fib25" / "fib25_z000-175.h5") as file:
        return {name: file[name][()] for name in ("gt", "supervoxels", "ffn_segmentation")}


@pytest.mark.parametrize("name", ["supervoxels", "ffn_segmentation"])
def test_rand_and_voi_are_scikit_images(fib25, name):
    truth, found = fib25["gt"], fib25[name].astype(np.int64)
    error, recall, precision = adapted_rand_error(truth, found)

    score, voi = score_rand(found, truth), score_voi(found, truth)

    assert (score.rand, score.rand_precision, score.rand_recall) == pytest.approx((error, precision, recall))
    assert (voi.voi_split, voi.voi_merge) == pytest.approx(variation_of_information(truth, found))


def test_pieces_are_split_and_a_better_segmentation_scores_better(fib25):
    truth, pieces, found = fib25["gt"], fib25["supervoxels"], fib25["ffn_segmentation"]

    assert score_objects(pieces, truth).objects_split > score_objects(found, truth).objects_split
    for score, field in ((score_rand, "rand"), (score_cremi, "cremi")):
        assert vars(score(found, truth))[field] < vars(score(pieces, truth))[field]
    for score, field in ((score_ap, "ap"), (score_pq, "pq")):
        assert vars(score(truth, truth))[field] == 1 > vars(score(found, truth))[field]


def test_run_lengths_of_real_neurites(fib25):
    truth = fib25["gt"]
    lines = trace_skeletons(truth, voxel_size=SIZE)
    scores = {
        name: score_erl(found, truth, voxel_size=SIZE, skeletons=lines, merge_tolerance=10)
        for name, found in fib25.items()
    }

    assert scores["gt"].nerl == 1
    assert 0 < scores["supervoxels"].nerl < scores["ffn_segmentation"].nerl < 1
    voxels = np.floor(lines.points / tuple(SIZE)).astype(int)
    np.testing.assert_array_equal(truth[tuple(voxels.T)], lines.objects)


def test_every_voxel_of_an_error_map_is_accounted_for(fib25):
    truth, found = fib25["gt"], fib25["ffn_segmentation"]

    voxels = write_errors(map_errors(found, truth), lambda box, kinds: None)

    assert sum(voxels.values()) == truth.size
    assert voxels[ErrorKind.MISSED] == ((truth != 0) & (found == 0)).sum()
    assert voxels[ErrorKind.INVENTED] == ((truth == 0) & (found != 0)).sum()
    assert voxels[ErrorKind.MERGED] > 0
