import numpy as np
import pytest

from volumen.errors import DataError
from volumen.geometry import VoxelSize
from volumen.targets.label_patch import list_objects, measure_edges, read_patch


def test_ids_become_1_to_n_and_ignored_voxels_background_that_is_not_known():
    labels = np.array([[[0, 2**63 - 1, 2**63 - 2, -100, 2**63 - 1]]])
    patch = read_patch(labels, ignore=-100)
    assert patch.labels.tolist() == [[[0, 1, 2, 0, 1]]]
    assert patch.known.tolist() == [[[True, True, True, False, True]]]
    assert patch.labels.dtype == np.int32


def test_labels_that_are_not_asked_for_are_background():
    patch = read_patch(np.array([[[5, 3, 1, 3]]]), ignore=-100, foreground=[3, 1])
    assert (patch.labels > 0).tolist() == [[[False, True, True, True]]]
    assert patch.known.all()


def test_objects_come_with_their_boxes():
    labels = np.zeros((4, 5, 6), np.int32)
    labels[1:3, 2, 4:6], labels[0, 0, 0] = 1, 3
    assert {number: str(box) for number, box in list_objects(labels)} == {1: "1:3,2:3,4:6", 3: "0:1,0:1,0:1"}


def test_lengths_are_counted_in_nm_or_in_edges_of_the_finest_axis():
    assert measure_edges(VoxelSize(30, 8, 8), "nm") == (30, 8, 8)
    assert measure_edges(VoxelSize(30, 8, 8), "voxel") == (3.75, 1, 1)
    assert measure_edges(None, "voxel") == (1, 1, 1)
    with pytest.raises(DataError, match="need cases with a voxel size"):
        measure_edges(None, "nm")
