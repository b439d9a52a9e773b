import numpy as np
import torch

from volumen.geometry import VoxelSize
from volumen.targets import CentreOffsetsTarget, FlowTarget


def encode(target, labels, voxel_size=None):
    encoded = target.encode(torch.as_tensor(labels)[None], voxel_size=voxel_size)
    return encoded.values[0].numpy(), encoded.weight[0, 0].numpy().astype(bool)


def test_flow_runs_to_the_middle_and_touching_objects_flow_apart():
    row = torch.tensor([0, 0, 1, 1, 1, 2, 2, 2, 0]).view(1, 1, 9)
    values, weight = encode(FlowTarget(), row)
    assert values[2, 0, 0].tolist() == [0, 0, 1, 0, -1, 1, 0, -1, 0]
    assert not values[:2].any()
    assert weight.all()


def test_a_voxel_in_the_corner_flows_along_the_diagonal():
    labels = torch.zeros(9, 9, 9, dtype=torch.int64)
    labels[2:7, 2:7, 2:7] = 1
    values, _ = encode(FlowTarget(), labels)
    np.testing.assert_allclose(values[:, 2, 2, 2], np.full(3, 3**-0.5), rtol=1e-5)
    np.testing.assert_allclose(values[:, 6, 4, 4], (-1, 0, 0), atol=1e-6)


def test_flow_beside_what_nobody_looked_at_is_not_known():
    row = torch.tensor([0, 1, 1, 1, 1, -100, 0]).view(1, 1, 7)
    _, weight = encode(FlowTarget(), row)
    assert weight[0, 0].tolist() == [True, True, False, False, False, False, True]


def test_centre_offsets_lead_to_the_centre_of_gravity():
    labels = torch.zeros(3, 4, 6, dtype=torch.int64)
    labels[1, 1:4, 1:5] = 7
    values, weight = encode(CentreOffsetsTarget(), labels)
    places = np.indices(labels.shape)
    np.testing.assert_allclose((places + values)[:, weight].T, np.tile((1, 2, 2.5), (12, 1)), rtol=1e-6)
    assert weight.sum() == 12


def test_centre_offsets_come_in_nm_and_scaled():
    labels = torch.zeros(4, 1, 3, dtype=torch.int64)
    labels[:, 0, 1] = 1
    values, _ = encode(CentreOffsetsTarget(unit="nm", scale=15.0), labels, VoxelSize(30, 8, 8))
    np.testing.assert_allclose(values[0, :, 0, 1], (3, 1, -1, -3))


def test_in_the_plane_every_section_has_its_own_centre():
    labels = torch.zeros(2, 1, 6, dtype=torch.int64)
    labels[0, 0, :3] = labels[1, 0, 3:] = 1
    values, _ = encode(CentreOffsetsTarget(dimensions=2), labels)
    assert values.shape[0] == 2
    assert values[1, 0, 0, :3].tolist() == values[1, 1, 0, 3:].tolist() == [1, 0, -1]
