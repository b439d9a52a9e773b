import numpy as np

from volumen.geometry import VoxelSize
from volumen.viewing.palette import AGREEMENT, PREDICTION, TRUTH, UNSEEN
from volumen.viewing.pictures import (
    Contrast,
    enlarge,
    find_edges,
    find_size,
    measure_contrast,
    paint_comparison,
    paint_cut,
    paint_cuts,
    paint_grey,
    paint_ignored,
    paint_instances,
)
from volumen.viewing.slices import Scene, cut_scene, cut_three_ways

BLACK = np.zeros((1, 4, 3), np.uint8)


def test_contrast_leaves_out_extremes_and_what_is_not_a_number():
    image = np.concatenate([np.linspace(0, 100, 1000), [1e9, np.nan]])
    contrast = measure_contrast(image)
    assert -1 < contrast.low < 1
    assert 99 < contrast.high < 101


def test_a_constant_slice_is_mid_grey_and_nan_is_black():
    assert (paint_grey(np.full((2, 2), 7.0), Contrast(7.0, 7.0)) == 128).all()
    assert paint_grey(np.array([[np.nan, 1.0]]), Contrast(0.0, 1.0))[0, :, 0].tolist() == [0, 255]
    assert measure_contrast(np.full((2, 2), np.nan)) == Contrast(0.0, 0.0)


def test_right_missed_false_and_unseen_have_a_colour_each():
    truth, prediction = np.array([[1, 1, 0, 2]]), np.array([[1, 0, 1, 1]])
    painted = paint_comparison(BLACK, prediction, truth=truth, ignored=truth == 2, outlined=True)
    assert [tuple(colour) for colour in painted[0]] == [AGREEMENT, TRUTH, PREDICTION, UNSEEN]


def test_a_translucent_colour_lets_the_grey_through():
    grey = np.full((1, 4, 3), 100, np.uint8)
    painted = paint_comparison(grey, np.array([[0, 0, 1, 1]]), truth=None, ignored=None)
    assert painted[0, 0].tolist() == [100, 100, 100]
    assert painted[0, 3].tolist() == [
        (100 + part) // 2 if (100 + part) % 2 == 0 else round((100 + part) / 2) for part in PREDICTION
    ]


def test_where_nobody_looked_it_is_dim():
    white = np.full((8, 8, 3), 255, np.uint8)
    ignored = np.zeros((8, 8), bool)
    ignored[:4] = True
    painted = paint_ignored(white, ignored)
    assert (painted[4:] == 255).all()
    assert painted[:4].max() < 130


def test_ids_are_told_apart_and_background_stays():
    painted = paint_instances(BLACK, np.array([[0, 1, 2, 1]]))
    assert painted[0, 0].tolist() == [0, 0, 0]
    assert (painted[0, 1] == painted[0, 3]).all()
    assert (painted[0, 1] != painted[0, 2]).any()


def test_edges_lie_inside_what_they_bound():
    mask = np.zeros((5, 5), bool)
    mask[1:4, 1:4] = True
    edges = find_edges(mask)
    assert edges.sum() == 8
    assert not edges[2, 2]


def test_small_slices_grow_by_whole_factors_and_ids_stay_ids():
    labels = np.array([[1, 2], [3, 4]])
    assert enlarge(labels, (4, 4)).tolist() == [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]
    cut = cut_scene(Scene(np.zeros((1, 100, 90))), 0, (0, 0, 0))
    assert find_size(cut, 384) == (300, 270)


def test_a_long_slice_is_not_shrunk_for_thin_sheets_would_break():
    cut = cut_scene(Scene(np.zeros((1, 500, 480))), 0, (0, 0, 0))
    assert find_size(cut, 384) == (500, 480)


def test_flat_voxels_are_drawn_flat():
    cut = cut_scene(Scene(np.zeros((10, 40, 40)), voxel_size=VoxelSize(30.0, 10.0, 10.0)), 1, (0, 0, 0))
    assert find_size(cut, 120) == (90, 120)


def test_three_rows_of_three_panels_share_one_contrast(sheet):
    rows = paint_cuts(sheet, cut_three_ways(sheet, (5, 10, 12)))
    assert [[panel.name for panel in row] for row in rows] == [["image", "truth", "prediction"]] * 3
    assert rows[0][0].pixels.dtype == np.uint8


def test_an_image_alone_is_one_panel_and_probabilities_need_no_truth(sheet):
    alone, guess = Scene(sheet.image), Scene(sheet.image, prediction=np.full(sheet.shape, 0.7, np.float32))
    painted = [
        paint_cut(scene, cut_scene(scene, 0, (0, 0, 0)), contrast=Contrast(0.0, 200.0)) for scene in (alone, guess)
    ]
    assert [len(panels) for panels in painted] == [1, 2]


def test_instances_and_probabilities_may_stand_side_by_side(sheet):
    scene = Scene(sheet.image, sheet.truth, sheet.prediction.astype(np.float32), ignore=2, instances=True)
    assert len(paint_cut(scene, cut_scene(scene, 2, (0, 0, 5)), contrast=Contrast(0.0, 200.0))) == 3
