"""Vectors and tensors of rotated labels are those of the labels, rotated: to the accuracy of the voxel grid."""

import numpy as np
import pytest
import torch
from scipy.ndimage import affine_transform

from volumen.targets import (
    CentreOffsetsTarget,
    DirectionTarget,
    DistanceTarget,
    FlowTarget,
    NearestTarget,
    NormalsTarget,
    ShapeDescriptorsTarget,
    StructureTensorTarget,
)

EDGE = 40
# A free turn about each axis, 25, 35 and 50 degrees.
ANGLES = {0: 25, 1: 35, 2: 50}


def rotate_about(axis, degrees):
    angle = np.deg2rad(degrees)
    first, second = (other for other in range(3) if other != axis)
    matrix = np.eye(3)
    matrix[first, first] = matrix[second, second] = np.cos(angle)
    matrix[first, second], matrix[second, first] = -np.sin(angle), np.sin(angle)
    return matrix


def resample(array, matrix):
    """Each voxel from the one that was there before the rotation about the middle."""
    middle = np.full(3, (EDGE - 1) / 2)
    return affine_transform(array, matrix.T, middle - matrix.T @ middle, order=0, mode="nearest")


def draw_shell():
    """An ellipsoidal shell three to five voxels thick, and a bar beside it."""
    z, y, x = np.indices((EDGE, EDGE, EDGE)) - (EDGE - 1) / 2
    radius = np.sqrt((z / 1.3) ** 2 + y**2 + (x / 0.8) ** 2)
    labels = np.zeros((EDGE, EDGE, EDGE), np.int64)
    labels[(radius >= 7) & (radius < 11)] = 1
    labels[np.hypot(z, y) < 2.6] = 2
    return labels


def compare(target, axis):
    """Values after the rotation: encoded anew, moved and turned, only moved; in the middle, where both count."""
    matrix, labels = rotate_about(axis, ANGLES[axis]), draw_shell()
    before = target.encode(torch.from_numpy(labels)[None])
    after = target.encode(torch.from_numpy(resample(labels, matrix))[None])
    moved, weight = (np.stack([resample(c, matrix) for c in part[0].float().numpy()]) for part in before[:2])
    turned = target.rotate(torch.from_numpy(moved)[None], torch.from_numpy(matrix).float())[0].numpy()
    both = weight.astype(bool).all(0) & after.weight[0].numpy().astype(bool).all(0)
    both[:8], both[-8:], both[:, :8], both[:, -8:], both[..., :8], both[..., -8:] = (False,) * 6
    assert both.sum() > 500
    return after.values[0].float().numpy()[:, both], turned[:, both], moved[:, both]


def measure_angles(one, other, *, signed=True):
    lengths = np.linalg.norm(one, axis=0) * np.linalg.norm(other, axis=0)
    cosines = (one * other).sum(0)[lengths > 0.3] / lengths[lengths > 0.3]
    return np.rad2deg(np.arccos(np.clip(cosines if signed else np.abs(cosines), -1, 1)))


@pytest.mark.parametrize("axis", ANGLES)
@pytest.mark.parametrize(
    ("target", "most"),
    [
        (NormalsTarget(sigma=1.5, band=4.0), 5),
        (DirectionTarget(), 5),
        (FlowTarget(), 20),
        (NearestTarget(clip=6.0), 6),
        (CentreOffsetsTarget(), 3),
    ],
    ids=["normals", "direction", "flow", "nearest", "centre_offsets"],
)
def test_vectors_turn_with_the_labels(target, most, axis):
    """Half of all vectors agree to so many degrees; those that only moved are off by about the angle of the turn."""
    after, turned, moved = (values[:3] for values in compare(target, axis))
    signed = not isinstance(target, DirectionTarget)
    assert np.median(measure_angles(after, turned, signed=signed)) < most
    assert np.median(measure_angles(after, moved, signed=signed)) > most


@pytest.mark.parametrize("axis", ANGLES)
@pytest.mark.parametrize(
    ("target", "most"),
    [(StructureTensorTarget(), 0.03), (ShapeDescriptorsTarget(sigma=3.0), 0.02)],
    ids=["structure_tensor", "shape_descriptors"],
)
def test_tensors_turn_with_the_labels(target, most, axis):
    after, turned, moved = compare(target, axis)
    described = (after[-1] > 0) & (turned[-1] > 0)
    assert np.abs(after - turned)[:, described].mean() < most
    assert np.abs(after - moved)[:, described].mean() > 2 * most


@pytest.mark.parametrize("axis", ANGLES)
def test_distances_are_the_same_from_everywhere(axis):
    after, turned, moved = compare(DistanceTarget(clip=8.0), axis)
    assert np.array_equal(turned, moved)
    assert np.median(np.abs(after - turned)) < 0.3
