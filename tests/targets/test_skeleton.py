import numpy as np
import torch
from scipy.ndimage import distance_transform_edt

from volumen.geometry import VoxelSize
from volumen.morphology import skeletonize_curves
from volumen.targets import MedialSurfaceTarget, SkeletonDistanceTarget, SkeletonTarget

FLAT = VoxelSize(40, 10, 10)


def encode(target, labels, voxel_size=None):
    encoded = target.encode(torch.from_numpy(labels.astype(np.int64))[None], voxel_size=voxel_size)
    return encoded.values[0, 0].numpy(), encoded.weight[0, 0].numpy()


def draw_sheets():
    """Two wavy sheets of five voxels, as a wound scroll has them."""
    z, y, x = np.indices((40, 40, 40))
    height = z + 3 * np.sin(y / 6) + 2 * np.cos(x / 8)
    return ((height % 16) < 5) * (1 + (height // 16).astype(int))


def test_a_sheet_keeps_its_extent_as_a_medial_surface_and_loses_it_as_a_skeleton():
    """The published 3D skeleton collapses a sheet to curves: 17 % of the sheet lie within three voxels of them."""
    labels = draw_sheets()
    surface, _ = encode(MedialSurfaceTarget(tube=0), labels)
    curves, _ = encode(SkeletonTarget(tube=0), labels)
    near = [(distance_transform_edt(~found) <= 3)[labels > 0].mean() for found in (surface, curves)]
    assert near[0] > 0.99
    assert near[1] < 0.5
    assert surface.mean() < 0.5 * (labels > 0).mean()


def test_the_skeleton_of_a_bar_is_its_axis_and_a_tube_goes_round_it():
    bar = np.zeros((9, 9, 24))
    bar[2:7, 2:7, 2:22] = 1
    axis, weight = encode(SkeletonTarget(tube=0), bar)
    assert np.argwhere(axis)[:, :2].tolist() == [[4, 4]] * axis.sum()
    assert weight.all()
    tube, _ = encode(SkeletonTarget(tube=1), bar)
    assert tube[:, :, 11].sum() == 5
    assert not (tube & (bar == 0)).any()


def test_tubes_are_counted_in_lengths():
    bar = np.zeros((9, 9, 24))
    bar[2:7, 2:7, 2:22] = 1
    tube, _ = encode(SkeletonTarget(tube=20, unit="nm"), bar, FLAT)
    assert np.argwhere(tube[:, :, 11])[:, 0].tolist() == [4] * 5


def test_a_tube_stays_in_its_object():
    labels = np.zeros((5, 8, 20))
    labels[2, 2:4, 1:19], labels[2, 4:6, 1:19] = 1, 2
    tube, _ = encode(SkeletonTarget(tube=3), labels)
    assert np.array_equal(tube, labels > 0)


def test_nearness_to_the_skeleton_is_1_on_it_and_right_where_voxels_are_no_cubes():
    """PyTC takes kimimaro's vertices, which are lengths, for voxel indices: wrong wherever voxels are no cubes."""
    bar = np.zeros((7, 21, 30), np.int64)
    bar[1:6, 4:17, 2:28] = 9
    values, weight = encode(SkeletonDistanceTarget(power=1.0), bar, FLAT)
    skeleton = skeletonize_curves(bar) > 0
    inside = distance_transform_edt(bar > 0, sampling=tuple(FLAT))
    away = distance_transform_edt(~skeleton, sampling=tuple(FLAT))
    expected = np.where(bar > 0, inside / np.maximum(inside + away, 1e-6), 0)
    np.testing.assert_allclose(values, expected, atol=1e-5)
    assert (values[skeleton] == 1).all()
    assert weight.all()


def test_every_object_has_its_own_skeleton():
    labels = np.zeros((7, 16, 24), np.int64)
    labels[2:5, 2:5, 2:22], labels[2:5, 5:14, 2:22] = 1, 2
    together, _ = encode(SkeletonDistanceTarget(), labels)
    for number in (1, 2):
        alone, _ = encode(SkeletonDistanceTarget(), labels * (labels == number))
        inside = labels == number
        assert (together[inside] <= alone[inside] + 1e-6).all()
        assert together[inside].max() == 1


def test_what_is_no_object_is_no_skeleton_either():
    labels = np.zeros((1, 3, 2))
    labels[0, [0, 2], 0] = 1
    assert not encode(SkeletonTarget(), labels)[0][labels == 0].any()
