import itertools

import numpy as np
import pytest
import torch

from volumen.errors import DataError
from volumen.geometry import VoxelSize
from volumen.targets import BoundaryTarget

ROW = torch.tensor([0, 0, 1, 1, 1, 1, 2, 2, 2, 0]).view(1, 1, 1, 10)


def mark(labels=ROW, voxel_size=None, **options):
    return BoundaryTarget(**options).encode(labels, voxel_size=voxel_size).values[0, 0, 0, 0].int().tolist()


def test_a_boundary_is_where_another_label_is_near():
    assert mark() == [0, 0, 1, 0, 0, 1, 1, 0, 1, 0]
    assert mark(side="outside") == [0, 1, 0, 0, 0, 0, 0, 0, 0, 1]
    assert mark(side="both") == [0, 1, 1, 0, 0, 1, 1, 0, 1, 1]
    assert mark(touching=True) == [0, 0, 0, 0, 0, 1, 1, 0, 0, 0]
    assert mark(thickness=2) == [0, 0, 1, 1, 1, 1, 1, 1, 1, 0]


def test_a_thickness_in_nm_reaches_fewer_voxels_where_they_are_large():
    column = ROW.view(1, 10, 1, 1)
    flat = VoxelSize(30, 8, 8)
    assert BoundaryTarget(thickness=16, unit="nm").find_halo(flat) == (0, 2, 2)
    assert mark(voxel_size=flat, thickness=16, unit="nm") == mark(thickness=2)
    assert not BoundaryTarget(thickness=16, unit="nm").encode(column, voxel_size=flat).values.any()


def test_a_boundary_in_the_plane_does_not_see_the_next_section():
    labels = torch.zeros(1, 2, 3, 3, dtype=torch.int64)
    labels[0, 1] = 1
    assert BoundaryTarget().encode(labels).values.sum() == 9
    assert not BoundaryTarget(dimensions=2).encode(labels).values.any()


@pytest.mark.parametrize("thickness", [1, 1.5, 2, 2.3])
def test_boundaries_agree_with_a_loop_over_voxels(rng, thickness):
    labels = np.kron(rng.integers(0, 3, (3, 3, 3)), np.ones((3, 3, 3), int))
    labels[4:6, 4:6, 4:6] = -100
    encoded = BoundaryTarget(thickness=thickness, side="both").encode(torch.from_numpy(labels)[None])
    reach = range(-2, 3)
    for voxel in np.ndindex(labels.shape):
        around = [
            tuple(np.add(voxel, step))
            for step in itertools.product(reach, reach, reach)
            if 0 < np.linalg.norm(step) <= thickness
        ]
        seen = {labels[other] for other in around if min(other) >= 0 and max(other) < 9}
        boundary = labels[voxel] != -100 and any(label not in {labels[voxel], -100} for label in seen)
        certain = labels[voxel] != -100 and (boundary or -100 not in seen)
        assert encoded.weight[(0, 0, *voxel)] == certain
        assert encoded.values[(0, 0, *voxel)] == boundary


def test_a_boundary_thinner_than_a_voxel_is_refused():
    with pytest.raises(DataError, match="5 nm thick reaches no other voxel; make it thicker"):
        BoundaryTarget(thickness=5, unit="nm").find_halo(VoxelSize(30, 8, 8))
