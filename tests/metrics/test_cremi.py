import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from volumen.errors import ConfigError
from volumen.geometry import Box, VoxelSize
from volumen.metrics import BorderMask, score_cremi, score_voi, sources

LABELS = arrays(np.int64, (2, 6, 7), elements=st.integers(0, 3))
NO_NEURON, NOT_SEEN = 2**64 - 1, 2**64 - 2


def mark_slowly(truth, distance, pixel) -> np.ndarray:
    """Pixel by pixel: is another pixel of the section that has a neighbour of another label within the distance?"""
    mask = np.zeros(truth.shape, bool)
    for section, marked in zip(truth, mask, strict=True):
        places = list(np.ndindex(section.shape))
        border = [
            np.array(one)
            for one in places
            if any(abs(one[0] - b[0]) + abs(one[1] - b[1]) == 1 and section[one] != section[b] for b in places)
        ]
        for one in places:
            apart = [np.linalg.norm((np.array(one) - other) * pixel) for other in border]
            marked[one] = min(apart, default=np.inf) <= distance * (1 + 1e-9)
    return mask


def rand_slowly(prediction, truth, scored) -> float:
    """CREMI's formula on a dense table, predicted 0 apart."""
    pairs = np.zeros((4, 4))
    np.add.at(pairs, (truth[scored], prediction[scored]), 1)
    loose = pairs[:, 0].sum() / truth.size
    both, predicted, true = (pairs[:, 1:] ** 2).sum(), (pairs[:, 1:].sum(0) ** 2).sum(), (pairs.sum(1) ** 2).sum()
    precision, recall = (both + loose) / (predicted + loose), (both + loose) / true
    return 1 - 2 * precision * recall / (precision + recall)


def test_a_merge_counted_by_hand():
    truth, merged = np.array([[[1, 1, 2, 2]]]), np.array([[[5, 5, 5, 5]]])

    score = score_cremi(merged, truth)

    assert (score.cremi_voi_split, score.cremi_voi_merge) == (0, 1)
    assert score.cremi_rand == pytest.approx(1 - 16 / 24)  # 8 pairs in both, 16 in the prediction, 8 in the truth
    assert score.cremi == pytest.approx(np.sqrt(1 / 3))


def test_pixels_near_borders_of_a_section_do_not_count():
    truth = np.array([[[1, 1, 1, 1, 2, 2, 2, 2]]])
    shifted = np.array([[[1, 1, 1, 2, 2, 2, 2, 2]]])
    size = VoxelSize(40.0, 4.0, 4.0)

    assert score_cremi(shifted, truth).cremi > 0
    assert score_cremi(shifted, truth, border=0, unit="voxels").cremi == 0  # the border pixels themselves
    assert BorderMask(truth, 4.0, (4.0, 4.0)).read().tolist() == [
        [[False, False, True, True, True, True, False, False]]
    ]
    assert score_cremi(shifted, truth, border=4.0, voxel_size=size).cremi == 0


def test_the_next_section_and_the_faces_are_no_borders():
    truth = np.stack([np.full((3, 4), 1), np.full((3, 4), 2)])

    assert not BorderMask(truth, 100.0).read().any()


def test_background_of_cremi_files_is_not_scored():
    truth = np.array([[[7, 7, NO_NEURON, NOT_SEEN, 0]]], np.uint64)
    found = np.array([[[3, 3, 4, 5, 6]]])

    assert score_cremi(found, truth).cremi == 0
    assert BorderMask(truth, None).read().tolist() == [[[False, False, True, True, True]]]
    assert score_cremi(np.array([[[3, 3, 3, 3, 3]]]), truth, background=[]).cremi > 0


@settings(max_examples=30, deadline=None)
@given(LABELS, st.sampled_from([0.0, 1.0, 1.5, 2.0, 5.0]), st.sampled_from([(1.0, 1.0), (2.0, 1.0)]))
def test_borders_are_those_found_pixel_by_pixel(truth, distance, pixel):
    mask = BorderMask(truth, distance, pixel, background=[])

    np.testing.assert_array_equal(mask.read(), mark_slowly(truth, distance, pixel))


@settings(max_examples=30, deadline=None)
@given(LABELS, st.sampled_from([0.0, 1.0, 2.5]), st.integers(0, 1), st.integers(0, 5), st.integers(0, 6))
def test_a_box_reads_as_it_does_in_the_whole(truth, distance, z, y, x):
    mask = BorderMask(truth, distance, ignore=truth == 2)
    box = Box((z, y, x), (2, min(6, y + 2), min(7, x + 3)))

    np.testing.assert_array_equal(mask.read(box), mask.read()[box.slices])


@settings(max_examples=30, deadline=None)
@given(LABELS, LABELS)
def test_scores_are_those_of_the_formulas(prediction, truth):
    scored = (truth != 0) & ~mark_slowly(truth, 0, (1, 1))
    score = score_cremi(prediction, truth, border=0, unit="voxels")

    voi = score_voi(prediction, truth, ignore=~scored, components=False)
    assert (score.cremi_voi_split, score.cremi_voi_merge) == (voi.voi_split, voi.voi_merge)
    if scored.any():
        assert score.cremi_rand == pytest.approx(rand_slowly(prediction, truth, scored), abs=1e-12)
        assert score.cremi == pytest.approx(np.sqrt(voi.voi * score.cremi_rand))


@pytest.mark.parametrize("limit", [1, 9, 30])
def test_blocks_with_their_halo_give_the_score_of_the_whole(monkeypatch, make_volume, prediction, truth, limit):
    options = {"border": 1, "unit": "voxels", "ignore": 3}
    whole = score_cremi(prediction, np.repeat(truth, 2, 1)[:, :7], **options)
    monkeypatch.setattr(sources, "BLOCK_VOXELS", limit)

    blocks = score_cremi(make_volume(prediction), make_volume(np.repeat(truth, 2, 1)[:, :7]), **options)

    assert blocks == whole
    assert whole.cremi > 0


def test_a_border_in_nanometres_needs_the_voxel_size(truth):
    with pytest.raises(ConfigError, match="needs the voxel size"):
        score_cremi(truth, truth, border=25.0)
