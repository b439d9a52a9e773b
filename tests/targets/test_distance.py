import numpy as np
import pytest
import torch

from volumen.errors import ConfigError, DataError
from volumen.geometry import VoxelSize
from volumen.targets import DistanceTarget

FLAT = VoxelSize(30, 8, 8)
ROW = torch.tensor([0, 0, 0, 1, 1, 1, 2, 2, 0, 0]).view(1, 1, 1, 10)


def measure(labels=ROW, voxel_size=None, **options):
    return DistanceTarget(**options).encode(labels, voxel_size=voxel_size).values[0, 0, 0, 0].tolist()


def measure_by_pairs(labels, edges):
    """From each voxel to the nearest of another label, all pairs of voxels tried."""
    places = np.argwhere(np.ones(labels.shape, bool)) * edges
    flat = labels.ravel()
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    apart[flat[:, None] == flat[None]] = np.inf
    return apart.min(axis=1).reshape(labels.shape)


def test_signed_distances_are_negative_inside_and_0_where_labels_meet():
    assert measure() == [2.5, 1.5, 0.5, -0.5, -1.5, -2.5, -1.5, -0.5, 0.5, 1.5]


def test_distances_inside_and_outside():
    assert measure(side="inside") == [0, 0, 0, 1, 2, 3, 2, 1, 0, 0]
    assert measure(side="outside") == [3, 2, 1, 0, 0, 0, 0, 0, 1, 2]


def test_objects_that_touch_are_one_or_each_by_itself():
    assert measure(side="inside", per_object=True) == [0, 0, 0, 1, 2, 1, 1, 1, 0, 0]
    assert measure(side="inside", per_object=True, relative=True) == [0, 0, 0, 0.5, 1, 0.5, 1, 1, 0, 0]


def test_distances_are_clipped_scaled_and_counted_in_units():
    assert measure(clip=1.0) == [1, 1, 0.5, -0.5, -1, -1, -1, -0.5, 0.5, 1]
    assert measure(scale=2.0) == [value / 2 for value in measure()]
    assert measure(side="inside", unit="nm", voxel_size=FLAT) == [8 * value for value in measure(side="inside")]


@pytest.mark.parametrize("unit", ["nm", "voxel"])
def test_distances_agree_with_all_pairs_of_voxels_where_voxels_are_no_cubes(rng, unit):
    labels = np.kron(rng.integers(0, 3, (3, 3, 4)), np.ones((2, 2, 2), int))
    edges = np.array(tuple(FLAT)) / (1 if unit == "nm" else 8)
    target = DistanceTarget(per_object=True, unit=unit)
    encoded = target.encode(torch.from_numpy(labels)[None], voxel_size=FLAT)
    expected = measure_by_pairs(labels, edges) - min(edges) / 2
    np.testing.assert_allclose(encoded.values[0, 0], np.where(labels > 0, -expected, expected), rtol=1e-5)
    assert encoded.weight.all()


def test_sections_are_measured_by_themselves_in_the_plane(rng):
    labels = np.kron(rng.integers(0, 2, (4, 2, 2)), np.ones((1, 3, 3), int))
    labels[:, 0, 0], labels[:, 0, 1] = 0, 1
    together = DistanceTarget(dimensions=2).encode(torch.from_numpy(labels)[None])
    for z, section in enumerate(labels):
        alone = DistanceTarget().encode(torch.from_numpy(section)[None, None])
        assert torch.equal(together.values[:, :, z : z + 1], alone.values)


def test_a_distance_that_an_ignored_voxel_may_shorten_is_not_known():
    labels = torch.tensor([0, 0, 0, 1, 1, 1, 1, 1, -100, 0]).view(1, 1, 1, 10)
    known = DistanceTarget().encode(labels).weight[0, 0, 0, 0].tolist()
    assert known == [True, True, True, True, True, False, False, False, False, False]
    known = DistanceTarget(clip=1.0).encode(labels).weight[0, 0, 0, 0].tolist()
    assert known == [True, True, True, True, True, True, True, False, False, False]


def test_a_patch_without_borders_is_known_only_where_distances_are_clipped():
    empty = torch.zeros(1, 2, 2, 2, dtype=torch.int64)
    assert not DistanceTarget().encode(empty).weight.any()
    clipped = DistanceTarget(clip=4.0).encode(empty)
    assert clipped.weight.all()
    assert clipped.values.unique().tolist() == [4.0]


def test_the_halo_reaches_as_far_as_the_clip():
    assert DistanceTarget(clip=40, unit="nm").find_halo(FLAT) == (2, 6, 6)
    assert DistanceTarget(clip=40, unit="nm", dimensions=2).find_halo(FLAT) == (0, 6, 6)
    assert DistanceTarget().find_halo(FLAT) == (0, 0, 0)
    assert DistanceTarget(halo=3).find_halo(None) == (3, 3, 3)


def test_what_cannot_be_is_refused():
    with pytest.raises(ConfigError, match="only distances inside objects can be relative; got side: signed"):
        DistanceTarget(relative=True)
    with pytest.raises(DataError, match="lengths in nm need cases with a voxel size"):
        measure(unit="nm")


def test_the_spec_says_what_the_numbers_stand_for():
    lengths = DistanceTarget(unit="nm", scale=50.0, clip=200.0).lengths
    assert (lengths.unit, lengths.scale, lengths.side, lengths.clip) == ("nm", 50.0, "signed", 200.0)
    assert DistanceTarget(side="inside", relative=True).lengths.scale is None
    assert DistanceTarget(side="inside", relative=True).activations == ("none", "sigmoid")
    assert DistanceTarget().activations == ("none",)
