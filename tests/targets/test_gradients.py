"""Normals, structure tensors, directions and the nearest object, on shapes whose answers are known."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from volumen.geometry import VoxelSize
from volumen.targets import DirectionTarget, NearestTarget, NormalsTarget, StructureTensorTarget
from volumen.targets.gradients import build_gaussian, build_slope, filter_axis, measure_gradient, smooth_field
from volumen.targets.structure_tensor import find_least_directions

PAIRS = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]


def encode(target, labels, voxel_size=None):
    encoded = target.encode(torch.from_numpy(labels.astype(np.int64))[None], voxel_size=voxel_size)
    return encoded.values[0].float().numpy(), encoded.weight[0].bool().numpy()


def draw_ball(edge=24, radius=8.0):
    places = np.indices((edge,) * 3) - (edge - 1) / 2
    return np.linalg.norm(places, axis=0) < radius, places


def draw_tilted_slab(voxel_size, normal, edge=24):
    """A slab as seen by voxels that are no cubes."""
    edges = np.array(tuple(voxel_size))[:, None, None, None]
    places = (np.indices((edge,) * 3) - (edge - 1) / 2) * edges
    return np.abs(np.tensordot(normal, places, 1)) < 40


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_filters_agree_with_scipy(rng, axis):
    field = rng.random((7, 8, 9)).astype(np.float32)
    taps = rng.random(5).astype(np.float32)
    padded = np.pad(field, [(2, 2) if other == axis else (0, 0) for other in range(3)], mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 5, axis)
    np.testing.assert_allclose(filter_axis(field, taps, axis), windows @ taps, rtol=1e-5)
    smooth = gaussian_filter(field, 1.5, mode="nearest", truncate=3.0)
    np.testing.assert_allclose(smooth_field(field, (1, 1, 1), 1.5), smooth, atol=1e-4)


@pytest.mark.parametrize("sigma", [0.0, 0.2, 1.0, 3.3])
def test_a_ramp_has_its_slope_whatever_the_filter(sigma):
    assert build_gaussian(sigma).sum() == pytest.approx(1)
    ramp = np.broadcast_to(3.0 * np.arange(24, dtype=np.float32)[:, None, None], (24, 5, 5)).copy()
    slope = measure_gradient(ramp, np.ones_like(ramp, bool), edges=(2.0, 1.0, 1.0), sigma=sigma, dimensions=3)
    middle = slope[:, 10:14]
    np.testing.assert_allclose(middle[0], 1.5, rtol=1e-5)
    np.testing.assert_allclose(middle[1:], 0, atol=1e-5)
    assert len(build_slope(0.0)) == 3


def test_slopes_are_those_of_known_voxels_only():
    ramp = np.broadcast_to(np.arange(20, dtype=np.float32)[:, None, None], (20, 6, 6)).copy()
    known = np.ones_like(ramp, bool)
    known[12:, :3] = False
    ramp[~known] = 1e6
    slope = measure_gradient(ramp, known, edges=(1, 1, 1), sigma=1.0, dimensions=3)
    assert np.abs(slope[0][known][:, None] - 1).max() < 0.7
    assert np.abs(slope[:, 5:9] - np.array([1, 0, 0])[:, None, None, None]).max() < 1e-3


def test_normals_of_a_ball_point_away_from_its_centre():
    ball, places = draw_ball()
    values, weight = encode(NormalsTarget(sigma=1.5, band=3.0), ball)
    out = places / np.linalg.norm(places, axis=0)
    cosines = (values * out).sum(0)[weight[0]]
    assert np.quantile(cosines, 0.05) > 0.98
    np.testing.assert_allclose(np.linalg.norm(values, axis=0)[weight[0]], 1, rtol=1e-5)


@pytest.mark.parametrize("normal", [(1, 0, 0), (0.6, 0.8, 0), (0.5, -0.5, 0.7071)])
def test_normals_are_directions_of_space_where_voxels_are_no_cubes(normal):
    flat = VoxelSize(30, 8, 8)
    values, weight = encode(NormalsTarget(sigma=2.0), draw_tilted_slab(flat, normal), flat)
    weight[:, :4], weight[:, -4:], weight[:, :, :6], weight[:, :, -6:] = (False,) * 4
    cosines = np.abs(np.tensordot(normal, values, 1))[weight[0]]
    assert np.median(cosines) > 0.985


def test_in_the_middle_of_a_sheet_no_way_is_out():
    sheet = np.zeros((15, 12, 12))
    sheet[5:10] = 1
    values, weight = encode(NormalsTarget(), sheet)
    assert not weight[0, 7].any()
    assert not values[:, 7].any()
    assert weight[0, [4, 5, 9, 10]].all()
    np.testing.assert_allclose(values[:, 4, 6, 6], (-1, 0, 0), atol=1e-5)
    np.testing.assert_allclose(values[:, 10, 6, 6], (1, 0, 0), atol=1e-5)


def test_the_tensor_of_a_flat_sheet_is_that_of_its_normal():
    sheet = np.zeros((20, 16, 16))
    sheet[8:13] = 1
    values, _ = encode(StructureTensorTarget(), sheet)
    assert values.shape[0] == 6
    assert values[0, 4, 8, 8] == pytest.approx(1, abs=0.03)
    assert np.abs(values[1:, 4, 8, 8]).max() < 1e-4


def test_the_tensor_of_a_mask_agrees_with_scipys_filters(rng):
    mask = gaussian_filter(rng.random((20, 20, 20)), 2) > 0.5
    values, _ = encode(StructureTensorTarget(source="mask", slope_sigma=1.0, tensor_sigma=1.5), mask)
    options = {"mode": "nearest", "truncate": 3.0}
    slopes = [
        gaussian_filter(mask.astype(float), 1.0, order=[int(axis == other) for other in range(3)], **options)
        for axis in range(3)
    ]
    expected = [gaussian_filter(slopes[i] * slopes[j], 1.5, **options) for i, j in PAIRS]
    np.testing.assert_allclose(values, expected, atol=0.02)


def test_least_directions_are_eigenvectors(rng):
    factors = rng.normal(size=(500, 3, 3))
    tensors = factors @ factors.transpose(0, 2, 1)
    packed = np.stack([tensors[:, i, j] for i, j in PAIRS]).reshape(6, 5, 10, 10).astype(np.float32)
    vectors, contrast = find_least_directions(packed)
    roots, axes = np.linalg.eigh(tensors)
    assert np.abs((vectors.reshape(3, -1).T * axes[:, :, 0]).sum(1)).min() > 0.999
    np.testing.assert_allclose(contrast.ravel(), (roots[:, 1] - roots[:, 0]) / roots.sum(1), atol=1e-4)


def test_least_directions_of_the_plane_are_eigenvectors(rng):
    factors = rng.normal(size=(200, 2, 2))
    tensors = factors @ factors.transpose(0, 2, 1)
    tensors[0], tensors[1] = np.diag([3, 1]), np.diag([1, 3])
    packed = np.stack([tensors[:, 0, 0], tensors[:, 0, 1], tensors[:, 1, 1]]).reshape(3, 2, 10, 10).astype(np.float32)
    vectors, _ = find_least_directions(packed)
    _, axes = np.linalg.eigh(tensors)
    assert np.abs((vectors.reshape(2, -1).T * axes[:, :, 0]).sum(1)).min() > 0.999


def test_a_fibre_runs_along_its_axis_and_of_both_signs_one_is_taken():
    z, y, x = np.indices((24, 24, 24)) - 11.5
    along = np.array([0.6, 0.0, 0.8])
    fibre = np.hypot(z * along[2] - x * along[0], y) < 3
    values, weight = encode(DirectionTarget(), fibre)
    inner = np.zeros_like(weight[0])
    inner[6:-6, 6:-6, 6:-6] = True
    inner &= weight[0] & fibre
    assert np.median((values * along[:, None, None, None]).sum(0)[inner]) > 0.99
    assert (values[2][inner] >= 0).all()


def test_a_flat_sheet_runs_every_way_and_nothing_is_said():
    sheet = np.zeros((20, 16, 16))
    sheet[8:13] = 1
    _, weight = encode(DirectionTarget(), sheet)
    assert not weight[0, :, 5:11, 5:11].any()
    values, weight = encode(DirectionTarget(dimensions=2), np.moveaxis(sheet, 0, 1))
    assert values.shape[0] == 2
    inside = values[:, :, 6:10, 4:12][:, weight[0, :, 6:10, 4:12]]
    np.testing.assert_allclose(np.abs(inside[1]), 1, atol=1e-3)


def test_the_nearest_object_lies_that_way_and_so_far():
    labels = np.zeros((9, 9, 20))
    labels[3:6, 3:6, 3:5] = 1
    labels[3:6, 3:6, 17] = 2
    values, weight = encode(NearestTarget(sigma=0.5), labels)
    assert values[3, 4, 4, 8] == 4
    np.testing.assert_allclose(values[:3, 4, 4, 8], (0, 0, -1), atol=0.02)
    np.testing.assert_allclose(values[:3, 4, 4, 13], (0, 0, 1), atol=0.02)
    assert not values[:, 4, 4, 4].any()
    assert weight[:, 4, 4, 4].tolist() == [False, False, False, True]


def test_beyond_the_clip_only_the_distance_is_known():
    labels = np.zeros((3, 3, 20))
    labels[..., 0] = 1
    values, weight = encode(NearestTarget(clip=5.0, scale=5.0), labels)
    assert values[3, 1, 1].max() == 1
    assert weight[:, 1, 1, 15].tolist() == [False, False, False, True]
