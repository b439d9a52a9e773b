import numpy as np

from volumen.geometry import VoxelSize
from volumen.volumes import Layout
from volumen.volumes.pyramid import plan_levels
from volumen.volumes.pyramid_metadata import describe_pyramid


def plan(voxel_size=None, channels=None):
    return plan_levels(Layout((8, 8, 8), np.dtype(np.uint8), (4, 4, 4), channels, voxel_size), 3)


def test_without_a_voxel_size_scales_count_voxels_and_have_no_unit():
    told = describe_pyramid(plan(), "x", "mean", 3)["ome"]["multiscales"][0]
    assert told["axes"] == [{"name": axis, "type": "space"} for axis in "zyx"]
    assert [level["coordinateTransformations"] for level in told["datasets"]] == [
        [{"type": "scale", "scale": [1, 1, 1]}],
        [{"type": "scale", "scale": [2, 2, 2]}, {"type": "translation", "translation": [0.5, 0.5, 0.5]}],
        [{"type": "scale", "scale": [4, 4, 4]}, {"type": "translation", "translation": [1.5, 1.5, 1.5]}],
    ]


def test_channels_come_first_and_are_never_scaled():
    told = describe_pyramid(plan(VoxelSize(4, 4, 4), channels=2), "x", "mode", 2)["multiscales"][0]
    assert told["axes"][0] == {"name": "c", "type": "channel"}
    assert told["datasets"][1] == {
        "path": "1",
        "coordinateTransformations": [
            {"type": "scale", "scale": [1, 8, 8, 8]},
            {"type": "translation", "translation": [0, 2, 2, 2]},
        ],
    }
    assert (told["version"], told["type"]) == ("0.4", "mode")
