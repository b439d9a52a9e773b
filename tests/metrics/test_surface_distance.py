import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from volumen.errors import ConfigError
from volumen.geometry import VoxelSize
from volumen.metrics import apart, score_hausdorff95, score_surface_distance, sources

MASKS = arrays(bool, (4, 5, 6))


def place_cube(start: int, edge: int = 3) -> np.ndarray:
    mask = np.zeros((9, 9, 20), np.uint8)
    mask[3 : 3 + edge, 3 : 3 + edge, start : start + edge] = 1
    return mask


def test_two_voxels_are_as_far_apart_as_their_centres():
    one, other = place_cube(3, edge=1), place_cube(8, edge=1)

    assert score_hausdorff95(one, other).hausdorff95 == 5
    assert score_surface_distance(one, other).surface_distance == 5
    size = VoxelSize(30.0, 8.0, 8.0)
    assert score_hausdorff95(one, other, unit="nm", voxel_size=size).hausdorff95 == 40


def test_a_shift_counted_by_hand():
    # 26 surface voxels each. Of one, the 9 of the face left behind are 1 from the other cube's surface, and so is the
    # middle of the opposite face, which lies inside the other cube: 10 of 26, and as many the other way round.
    one, other = place_cube(3), place_cube(4)

    assert score_surface_distance(one, other).surface_distance == pytest.approx(20 / 52)
    assert score_hausdorff95(one, other).hausdorff95 == 1


@pytest.mark.filterwarnings("ignore:.*always_return_as_numpy:FutureWarning")  # MONAI warns about its own call
@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (30.0, 8.0, 8.0)])
@pytest.mark.parametrize("share", [0.02, 0.5])
def test_distances_are_those_of_monai(rng, spacing, share):
    import torch
    from monai.metrics import compute_average_surface_distance, compute_hausdorff_distance

    one, other = (
        place_cube(4, 5) | (rng.random((9, 9, 20)) < share),
        place_cube(7, 5) | (rng.random((9, 9, 20)) < share),
    )
    tensors = [torch.from_numpy(mask[None, None].astype(np.float32)) for mask in (one, other)]
    nm = {"unit": "nm", "voxel_size": VoxelSize(*spacing)}

    hausdorff = compute_hausdorff_distance(*tensors, include_background=True, percentile=95, spacing=spacing)
    average = compute_average_surface_distance(*tensors, include_background=True, symmetric=True, spacing=spacing)

    assert score_hausdorff95(one, other, **nm).hausdorff95 == pytest.approx(float(hausdorff), rel=1e-4)
    assert score_surface_distance(one, other, **nm).surface_distance == pytest.approx(float(average), rel=1e-5)


def test_one_empty_volume_is_infinitely_far_and_two_are_alike():
    empty, cube = np.zeros((9, 9, 20), np.uint8), place_cube(3)

    for score in (score_hausdorff95, score_surface_distance):
        assert list(vars(score(empty, empty)).values())[:2] == [0, 0]
        assert list(vars(score(cube, empty)).values())[:2] == [np.inf, 0]
        assert list(vars(score(empty, cube, halo=3)).values())[:2] == [np.inf, 0]


@settings(max_examples=30, deadline=None)
@given(MASKS, MASKS)
def test_prediction_and_truth_may_change_places(one, other):
    for score in (score_hausdorff95, score_surface_distance):
        assert score(one, other) == score(other, one)
        assert score(one, one) == score(one, one, halo=1)


@settings(max_examples=12, deadline=None)
@given(MASKS, MASKS, arrays(bool, (4, 5, 6)), st.sampled_from([8, 20]))
def test_blocks_give_what_the_whole_gives_when_the_halo_reaches(one, other, ignored, halo):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(apart, "SMALLEST_EDGE", 2)
        patch.setattr(apart, "GROWN_EDGE", 0)
        blocks = [score(one, other, ignore=ignored, halo=halo) for score in (score_hausdorff95, score_surface_distance)]

    assert blocks[0] == score_hausdorff95(one, other, ignore=ignored)
    whole = score_surface_distance(one, other, ignore=ignored)
    assert blocks[1].surface_distance == pytest.approx(whole.surface_distance)
    assert blocks[1].surface_distance_beyond == 0


def test_farther_than_the_halo_is_told_and_counts_as_just_that_far():
    score = score_hausdorff95(place_cube(3, edge=1), place_cube(12, edge=1), halo=4)

    assert (score.hausdorff95, score.hausdorff95_beyond) == (4, 2)
    average = score_surface_distance(place_cube(3, edge=1), place_cube(12, edge=1), halo=4)
    assert (average.surface_distance, average.surface_distance_beyond) == (4, 2)


def test_classes_are_scored_one_by_one():
    one, other = place_cube(2, edge=1) + 2 * place_cube(10, edge=1), place_cube(4, edge=1) + 2 * place_cube(16, edge=1)

    score = score_hausdorff95(one, other, classes=[1, 2, 3])

    assert score.classes == {1: 2, 2: 6, 3: 0}
    assert score.hausdorff95 == pytest.approx(8 / 3)
    with pytest.raises(ConfigError, match="one or more"):
        score_surface_distance(one, other, classes=[])


@pytest.mark.parametrize("score", [score_hausdorff95, score_surface_distance])
def test_nanometres_without_a_voxel_size_are_refused(score):
    with pytest.raises(ConfigError, match="needs the voxel size"):
        score(place_cube(3), place_cube(3), unit="nm")


def test_labels_are_never_read_whole(monkeypatch, make_volume):
    one, other = make_volume(place_cube(3)), make_volume(place_cube(5))
    monkeypatch.setattr(sources, "WHOLE_VOXELS", 100)
    monkeypatch.setattr(sources, "BLOCK_VOXELS", 200)

    score = score_surface_distance(one, other)

    assert max(box.size for box in one.boxes) <= 200
    assert sum(box.size for box in one.boxes) == one.array.size
    assert score == score_surface_distance(one.array, other.array)


def test_volumes_are_read_by_boxes(make_volume):
    one, other = place_cube(3), place_cube(5)

    assert score_hausdorff95(make_volume(one), make_volume(other), halo=5) == score_hausdorff95(one, other)
