import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays
from scipy.ndimage import distance_transform_edt

from volumen.errors import ConfigError
from volumen.geometry import VoxelSize
from volumen.metrics import apart, score_clefts

SIZE = VoxelSize(40.0, 4.0, 4.0)
NO_CLEFT, NOT_SEEN = 2**64 - 1, 2**64 - 2
MASKS = arrays(bool, (3, 5, 8))


def place(*sections: int, shape=(12, 3, 3)) -> np.ndarray:
    labels = np.zeros(shape, np.uint8)
    labels[list(sections), 1, 1] = 1
    return labels


def test_distances_counted_by_hand():
    # found at 0, 80 and 400 nm, true at 0 and 120 nm; the nearest are 0, 40 and 280 nm, and back 0 and 40 nm away
    score = score_clefts(place(0, 2, 10), place(0, 3), voxel_size=SIZE)

    assert (score.cleft_to_truth, score.cleft_to_prediction) == (pytest.approx(320 / 3), 20)
    assert score.cleft == pytest.approx((320 / 3 + 20) / 2)
    assert (score.cleft_false_positives, score.cleft_false_negatives) == (1, 0)
    assert score.cleft_f1 == pytest.approx(2 * (2 / 3) / (2 / 3 + 1))


def test_a_voxel_just_at_the_threshold_is_right():
    assert score_clefts(place(0), place(5), voxel_size=SIZE).cleft_f1 == 1
    assert score_clefts(place(0), place(6), voxel_size=SIZE).cleft_f1 == 0
    assert score_clefts(place(0), place(6), voxel_size=SIZE, threshold=240).cleft_f1 == 1


def test_sentinels_of_cremi_files_are_no_clefts():
    truth = np.where(place(0, 3) == 1, np.uint64(17), np.uint64(NO_CLEFT))
    truth[11] = NOT_SEEN
    found = np.where(place(0, 3, 11) == 1, np.uint64(5), np.uint64(NO_CLEFT))

    score = score_clefts(found, truth, voxel_size=SIZE)

    assert (score.cleft, score.cleft_f1) == (0, 1)


def test_one_side_without_clefts_is_infinitely_far():
    nothing, clefts = place(), place(2)

    missed, invented = score_clefts(nothing, clefts, voxel_size=SIZE), score_clefts(clefts, nothing, voxel_size=SIZE)

    assert (missed.cleft, missed.cleft_to_truth, missed.cleft_to_prediction) == (np.inf, 0, np.inf)
    assert (invented.cleft, invented.cleft_to_truth, invented.cleft_to_prediction) == (np.inf, np.inf, 0)
    assert (missed.cleft_false_negatives, missed.cleft_f1, invented.cleft_f1) == (1, 0, 0)
    assert score_clefts(nothing, nothing, voxel_size=SIZE).cleft_f1 == 1


@settings(max_examples=25, deadline=None)
@given(MASKS, MASKS)
def test_scores_are_those_of_whole_distance_maps(one, other):
    if not one.any() or not other.any():
        return
    to_truth = distance_transform_edt(~other, sampling=tuple(SIZE))[one]
    to_prediction = distance_transform_edt(~one, sampling=tuple(SIZE))[other]

    score = score_clefts(one, other, voxel_size=SIZE, threshold=20)

    assert score.cleft_to_truth == pytest.approx(to_truth.mean(), rel=1e-6)
    assert score.cleft_to_prediction == pytest.approx(to_prediction.mean(), rel=1e-6)
    assert score.cleft_false_positives == (to_truth > 20).sum()
    assert score.cleft_false_negatives == (to_prediction > 20).sum()


def test_blocks_find_the_same_false_voxels_and_count_what_is_beyond_the_halo(monkeypatch, make_volume, rng):
    found, truth = rng.random((20, 6, 6)) < 0.01, rng.random((20, 6, 6)) < 0.01
    whole = score_clefts(found, truth, voxel_size=SIZE, threshold=80)
    monkeypatch.setattr(apart, "SMALLEST_EDGE", 3)
    monkeypatch.setattr(apart, "GROWN_EDGE", 0)

    blocks = score_clefts(
        make_volume(found.astype(np.uint8)), make_volume(truth.astype(np.uint8)), voxel_size=SIZE, threshold=80, halo=80
    )

    assert (blocks.cleft_false_positives, blocks.cleft_false_negatives, blocks.cleft_f1) == (
        whole.cleft_false_positives,
        whole.cleft_false_negatives,
        whole.cleft_f1,
    )
    assert blocks.cleft_beyond == whole.cleft_false_positives + whole.cleft_false_negatives > 0
    assert blocks.cleft < whole.cleft


def test_what_cannot_be_measured_is_refused():
    with pytest.raises(ConfigError, match="needs the voxel size"):
        score_clefts(place(1), place(1))
    with pytest.raises(ConfigError, match="a halo of at least its threshold of 200 nm; got 100"):
        score_clefts(place(1), place(1), voxel_size=SIZE, halo=100)
