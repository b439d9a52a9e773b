import numpy as np
import pytest

from volumen.errors import DataError, ShapeError
from volumen.geometry import Box
from volumen.metrics import sources
from volumen.metrics.sources import plan_boxes, read_labels, read_masks, walk_blocks


@pytest.mark.parametrize("limit", [1, 7, 100, 10**6])
@pytest.mark.parametrize("chunks", [(1, 1, 1), (4, 4, 4), (1, 9, 20), (100, 100, 100)])
def test_boxes_cover_every_voxel_once_within_the_limit(monkeypatch, make_volume, limit, chunks):
    monkeypatch.setattr(sources, "BLOCK_VOXELS", limit)
    volume = make_volume(np.zeros((5, 9, 20), np.uint8), chunks)
    covered = np.zeros(volume.shape, int)

    boxes = plan_boxes(volume.shape, volume, volume.array)

    for box in boxes:
        covered[box.slices] += 1
    assert (covered == 1).all()
    assert all(box.size <= max(limit, 20) for box in boxes)


def test_boxes_hold_whole_chunks_where_they_fit(monkeypatch, make_volume):
    monkeypatch.setattr(sources, "BLOCK_VOXELS", 4 * 8 * 20)
    volume = make_volume(np.zeros((8, 16, 20), np.uint8), (4, 4, 4))

    assert {box.shape for box in plan_boxes(volume.shape, volume)} == {(4, 8, 20)}


def test_each_volume_is_read_once_and_never_whole(monkeypatch, make_volume, prediction, truth):
    monkeypatch.setattr(sources, "BLOCK_VOXELS", 150)
    one, other = make_volume(prediction), make_volume(truth)

    blocks = list(walk_blocks(one, other, 2))

    assert one.boxes == other.boxes == [box for box, *_ in blocks]
    assert len(blocks) > 3
    assert sum(box.size for box in one.boxes) == truth.size


def test_an_axis_of_no_voxels_gives_no_boxes():
    assert plan_boxes((0, 3, 4), np.zeros((0, 3, 4))) == []


def test_shapes_that_differ_are_told_by_name():
    one, other = np.zeros((2, 3, 4), int), np.zeros((2, 3, 5), int)

    with pytest.raises(ShapeError, match=r"prediction \(2, 3, 4\), truth \(2, 3, 5\)"):
        list(walk_blocks(one, other, None))
    with pytest.raises(ShapeError, match=r"ignore mask \(2, 3, 5\)"):
        list(walk_blocks(one, one, other))


def test_four_axes_are_refused():
    array = np.zeros((1, 2, 3, 4), int)

    with pytest.raises(ShapeError, match="z y x"):
        list(walk_blocks(array, array, None))


def test_whole_numbers_in_floats_are_labels():
    labels = read_labels(np.array([[[0.0, 255.0]]], np.float32), Box.whole((1, 1, 2)), name="prediction")

    assert labels.tolist() == [[[0, 255]]]
    assert labels.dtype == np.int64


@pytest.mark.parametrize("value", [0.5, np.nan, np.inf, -np.inf, 1e30])
def test_fractions_and_what_is_no_number_are_refused(value):
    array = np.array([[[0.0, value]]])

    with pytest.raises(DataError, match="the prediction holds"):
        read_labels(array, Box.whole(array.shape), name="prediction")


def test_masks_are_cleared_where_ignored():
    prediction, truth = np.array([[[1, 5, 0, 2]]]), np.array([[[0, 2, 2, 7]]], np.uint8)

    predicted, true, ignored = read_masks(prediction, truth, 2)

    assert predicted.tolist() == [[[True, False, False, True]]]
    assert true.tolist() == [[[False, False, False, True]]]
    assert ignored.tolist() == [[[False, True, True, False]]]
