import numpy as np
import pytest

from volumen.errors import DataError
from volumen.geometry import VoxelSize
from volumen.metrics import Skeletons, trace_skeletons

SIZE = VoxelSize(30.0, 8.0, 8.0)


def make(points=((0, 0, 0), (0, 0, 5)), edges=((0, 1),), objects=(1, 1)) -> Skeletons:
    return Skeletons(
        np.array(points, float).reshape(-1, 3), np.array(edges, np.int64).reshape(-1, 2), np.array(objects, np.uint64)
    )


def test_edges_have_their_lengths():
    assert make([(0, 0, 0), (0, 3, 4), (12, 3, 4)], [(0, 1), (1, 2)], [2, 2, 2]).lengths.tolist() == [5, 12]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"edges": [(0, 2)]}, "join places from 0 to 1; got 2"),
        ({"edges": [(-1, 0)]}, "join places from 0 to 1"),
        ({"objects": [1, 2]}, "joins points of two objects"),
    ],
)
def test_skeletons_that_contradict_themselves_are_refused(wrong, message):
    with pytest.raises(DataError, match=message):
        make(**wrong)


def test_traced_skeletons_are_in_nanometres_and_leave_out_what_is_ignored():
    truth = np.zeros((3, 3, 12), np.int16)
    truth[1, 1, :6], truth[1, 1, 6:] = 4, 2

    lines = trace_skeletons(truth, voxel_size=SIZE, ignore=2)

    assert set(lines.objects.tolist()) == {4}
    assert lines.lengths.sum() == pytest.approx(5 * 8)
    assert lines.points[:, 2].max() == 5.5 * 8


def test_branches_shorter_than_300_nm_are_left_out_unless_asked_for():
    truth = np.zeros((9, 40, 80), np.uint8)
    truth[3:6, 4:8, 4:76] = 1
    truth[3:6, 8:30, 40:44] = 1  # 176 nm

    ends = [
        int((np.bincount(trace_skeletons(truth, voxel_size=SIZE, **options).edges.ravel()) == 1).sum())
        for options in ({}, {"constant": 50.0})
    ]

    assert ends == [2, 3]
