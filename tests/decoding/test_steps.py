import numpy as np

from volumen.decoding import (
    Closing,
    FillHoles,
    KeepLarge,
    MedialSurface,
    Opening,
    SeparateInstances,
    Skeleton,
    StripBorder,
)


def test_the_border_is_cleared_at_every_face_of_a_volume_and_of_a_plane():
    assert StripBorder(3)(np.ones((10, 9, 8), bool)).sum() == 4 * 3 * 2
    assert StripBorder(2)(np.full((1, 9, 8), 7, np.uint16)).sum() == 7 * 5 * 4
    assert not StripBorder(3)(np.ones((6, 9, 9), bool)).any()
    assert StripBorder(0)(np.ones((2, 2, 2), bool)).all()


def test_sizes_at_the_boundary():
    bar = np.zeros((3, 3, 102), bool)
    bar[1, 1, 1:101] = True

    assert KeepLarge(100)(bar).sum() == 100
    assert not KeepLarge(101)(bar).any()


def test_closing_of_radius_0_changes_nothing_and_opening_of_radius_1_takes_thin_sheets(winding):
    np.testing.assert_array_equal(Closing(0)(winding), winding)
    assert Opening(1)(winding).sum() < winding.sum()
    assert not Opening(1)(np.broadcast_to(np.arange(8)[:, None, None] // 2 == 2, (8, 9, 9))).any()


def test_filling_holes_leaves_the_inside_of_a_winding_empty(winding):
    np.testing.assert_array_equal(FillHoles(10**6)(winding), winding)


def test_instances_are_numbered_from_one():
    mask = np.zeros((6, 6, 14), bool)
    mask[1:5, 1:5, 1:5] = mask[1:5, 1:5, 8:12] = True

    assert sorted(np.unique(SeparateInstances()(mask))) == [0, 1, 2]


def test_a_bar_is_thinned_to_a_curve_and_a_sheet_to_its_middle():
    bar, sheet = np.zeros((9, 9, 20), np.uint8), np.zeros((9, 20, 20), np.uint8)
    bar[3:6, 3:6, 2:18], sheet[3:6, 2:18, 2:18] = 7, 5

    curve, middle = Skeleton()(bar), MedialSurface()(sheet)

    assert set(np.unique(curve)) == {0, 7}
    assert np.argwhere(curve)[:, :2].tolist() == [[4, 4]] * np.count_nonzero(curve)
    assert (middle[4, 4:16, 4:16] == 5).all()
    assert not middle[[0, 1, 2, 6, 7, 8]].any()
