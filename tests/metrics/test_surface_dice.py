import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays

from volumen.errors import ConfigError
from volumen.geometry import VoxelSize
from volumen.metrics import score_surface_dice, surface_dice
from volumen.metrics.surface_dice import compare_surfaces
from volumen.metrics.surfels import encode_corners, measure_surfels

MASKS = arrays(bool, (3, 4, 5))


def place_box(start: int, edge: int = 4) -> np.ndarray:
    mask = np.zeros((12, 12, 24), bool)
    mask[4 : 4 + edge, 4 : 4 + edge, start : start + edge] = True
    return mask


@pytest.mark.parametrize("spacing", [(1, 1, 1), (3, 2, 1), (40, 4, 4)])
def test_areas_of_all_256_cells_are_those_of_the_published_table(spacing):
    from monai.metrics.utils import create_table_neighbour_code_to_surface_area

    published, _ = create_table_neighbour_code_to_surface_area(spacing)

    np.testing.assert_allclose(measure_surfels(spacing), np.asarray(published), rtol=1e-5)


def test_the_surface_of_a_box_is_that_of_a_box_with_cut_edges():
    codes = encode_corners(np.ones((5, 6, 7), bool))

    area = measure_surfels((1, 1, 1))[codes].sum()

    faces = 2 * (4 * 5 + 5 * 6 + 4 * 6)  # points in the middle of a face
    edges = 4 * (4 + 5 + 6) * np.sqrt(0.5)  # each the slanted cut of its cell
    corners = 8 * np.sqrt(3) / 8
    assert area == pytest.approx(faces + edges + corners)


@pytest.mark.filterwarnings("ignore:.*always_return_as_numpy:FutureWarning")  # MONAI warns about its own call
@pytest.mark.parametrize("tolerance", [0, 1, 1.5, 2])
@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (30.0, 8.0, 8.0)])
def test_scores_are_those_of_monai(rng, tolerance, spacing):
    import torch
    from monai.metrics.surface_dice import compute_surface_dice

    one, other = place_box(5) | (rng.random((12, 12, 24)) < 0.01), place_box(7) | (rng.random((12, 12, 24)) < 0.01)
    tensors = [torch.from_numpy(mask[None, None].astype(np.float32)) for mask in (one, other)]
    limit = tolerance * spacing[2]

    expected = compute_surface_dice(
        *tensors, class_thresholds=[limit], include_background=True, spacing=spacing, use_subvoxels=True
    )
    score = score_surface_dice(one, other, tolerance=limit, unit="nm", voxel_size=VoxelSize(*spacing))

    assert score.surface_dice == pytest.approx(float(expected), rel=1e-5)
    if spacing == (1, 1, 1):
        assert score_surface_dice(one, other, tolerance=tolerance) == score


def test_a_shift_within_the_tolerance_costs_nothing_and_beyond_it_does():
    assert score_surface_dice(place_box(8), place_box(10)).surface_dice == 1
    assert score_surface_dice(place_box(8), place_box(11)).surface_dice < 1
    assert score_surface_dice(place_box(3), place_box(16)).surface_dice == 0


def test_empty_against_empty_is_right_and_against_anything_wrong():
    empty = np.zeros((12, 12, 24), bool)

    assert score_surface_dice(empty, empty).surface_dice == 1
    assert score_surface_dice(empty, place_box(3)).surface_dice == 0
    assert score_surface_dice(place_box(3), empty).surface_dice == 0


@settings(max_examples=30, deadline=None)
@given(MASKS, MASKS, MASKS, MASKS)
def test_one_for_itself_symmetric_and_deaf_to_what_is_ignored(one, other, changed, ignored):
    score = score_surface_dice(one, other, tolerance=1)

    assert score_surface_dice(one, one, tolerance=0).surface_dice == 1
    assert score_surface_dice(other, one, tolerance=1).surface_dice == pytest.approx(score.surface_dice)
    mixed = np.where(ignored, changed, one)
    assert score_surface_dice(mixed, other, ignore=ignored) == score_surface_dice(one, other, ignore=ignored)


@pytest.mark.parametrize("tolerance", [0, 0.9, 1, 1.5, 2, 3.1])
@pytest.mark.parametrize("spacing", [(1, 1, 1), (3, 2, 1.5), (0.3, 0.1, 0.1)])
def test_looking_at_each_point_and_measuring_distances_give_the_same(rng, monkeypatch, tolerance, spacing):
    one, other = (rng.random((9, 10, 11)) < 0.1 for _ in range(2))

    by_points = compare_surfaces(one, other, tolerance=tolerance, spacing=spacing)
    monkeypatch.setattr(surface_dice, "MOST_STEPS", 0)
    by_distance = compare_surfaces(one, other, tolerance=tolerance, spacing=spacing)

    assert by_points == by_distance


def test_nanometres_without_a_voxel_size_are_refused():
    with pytest.raises(ConfigError, match="needs the voxel size"):
        score_surface_dice(place_box(3), place_box(3), unit="nm")


def test_volumes_are_read_by_boxes(make_volume):
    one, other = place_box(8), place_box(11)

    assert score_surface_dice(make_volume(one), make_volume(other)) == score_surface_dice(one, other)
