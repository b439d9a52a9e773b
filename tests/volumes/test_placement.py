import numpy as np
import pytest

from volumen.geometry import VoxelSize
from volumen.volumes.placement import read_array_placement

SIZE = VoxelSize(40.0, 4.0, 4.0)


@pytest.mark.parametrize(
    ("attributes", "voxel_size", "offset"),
    [
        ({"voxel_size_nm": [40, 4, 4], "offset_nm": [1, 2, 3]}, SIZE, (1, 2, 3)),
        ({"offset_nm": [1, 2, 3]}, None, (1, 2, 3)),
        ({"resolution": np.array([40.0, 4.0, 4.0]), "offset": np.array([0, 1, 2])}, SIZE, (0, 1, 2)),
        ({"voxel_size": [40, 4, 4]}, SIZE, None),
        ({"voxel_size": [0.04, 0.004, 0.004], "units": ["um"] * 3}, SIZE, None),
        ({"resolution": [40, 4, 4], "units": ["voxels"] * 3}, None, None),
        ({"resolution": (40, 4, 4)}, SIZE, None),
        ({"element_size_um": np.array([0.04, 0.004, 0.004])}, SIZE, None),
        (
            {
                "transform": {
                    "axes": ["x", "y", "z"], "units": ["nm"] * 3, "scale": [4, 4, 40], "translate": [3, 2, 1]
                }
            },
            SIZE,
            (1, 2, 3),
        ),
        ({"pixelResolution": {"unit": "nm", "dimensions": [4, 4, 40]}}, SIZE, None),
        (
            {"pixelResolution": {"unit": "nm", "dimensions": [2, 2, 40]}, "downsamplingFactors": [2, 2, 1]},
            SIZE,
            None,
        ),
        ({"resolution": [40, 0, 4]}, None, None),
        ({"resolution": [40, float("nan"), 4]}, None, None),
        ({"resolution": [4, 4]}, None, None),
        ({"resolution": "4x4x40"}, None, None),
        ({"resolution": 8}, None, None),
        ({"pixelResolution": [4, 4, 40]}, None, None),
        ({"element_size_um": ["a", "b", "c"]}, None, None),
        ({"transform": {"axes": ["a", "b"], "units": ["nm", "nm"]}}, None, None),
        ({}, None, None),
    ],
)  # fmt: skip
def test_lengths_are_nanometres_z_y_x_or_unknown(attributes, voxel_size, offset):
    found_size, found_offset = read_array_placement(attributes)
    assert found_offset == offset
    if voxel_size is None:
        assert found_size is None
    else:
        assert tuple(found_size) == pytest.approx(tuple(voxel_size))


def test_ours_win_over_others():
    both = {"voxel_size_nm": [40, 4, 4], "resolution": [1, 1, 1]}
    assert read_array_placement(both)[0] == SIZE
