import json
from pathlib import Path

import pytest
import torch

from volumen.config import Component, check_component
from volumen.errors import ConfigError, DataError
from volumen.geometry import VoxelSize
from volumen.heads import HeadSpec
from volumen.networks import BUDGETS, build_network, choose_voxel_size, plan_training

FIXTURES = Path(__file__).parents[1] / "data" / "nnunet"
PLANS = json.loads((FIXTURES / "plans.json").read_text())


@pytest.mark.parametrize("size", list(BUDGETS))
@pytest.mark.parametrize("flat", [False, True])
def test_data_sets_are_planned_as_nnunet_plans_them(size, flat):
    # written by nnU-Net's own planners: tests/data/nnunet/make_fixtures.py
    rows = [row for row in PLANS if row["size"] == size and row["flat"] is flat]
    assert len(rows) == 24
    for row in rows:
        shapes = [tuple(shape) for shape in row["shapes"]]
        plan = plan_training(shapes, [VoxelSize.parse(edges) for edges in row["spacings"]], size=size, flat=flat)
        first = 1 if flat else 0
        assert tuple(plan.voxel_size) == tuple(row["target"])
        assert list(plan.median_shape) == row["median"]
        assert list(plan.network.patch_size[first:]) == row["patch"]
        assert plan.batch_size == row["batch"]
        assert [list(stage.stride[first:]) for stage in plan.network.stages] == row["strides"]
        assert [list(stage.kernel[first:]) for stage in plan.network.stages] == row["kernels"]
        assert [stage.features for stage in plan.network.stages] == row["features"]


def test_a_recipe_made_from_a_plan_builds_the_planned_network():
    plan = plan_training([(40, 300, 300)], [VoxelSize(30.0, 8.0, 8.0)], size="L")
    recipe = plan.to_recipe()
    name = recipe["network"].pop("name")
    component = Component(name=name, options=recipe["network"] | {"features": 32})
    assert check_component("network", component) == []
    with torch.device("meta"):  # 102 M parameters that take no memory
        network = build_network(
            component,
            heads=[HeadSpec("surface", 2)],
            channels=1,
            patch_size=tuple(recipe["data"]["patch_size"]),
            voxel_size=plan.voxel_size,
        )
    assert network.plan == plan.network


def test_a_larger_gpu_gets_a_larger_patch_and_the_same_voxels_a_gigabyte():
    small, large = (plan_training([(512, 512, 512)], size="M", gigabytes=gigabytes) for gigabytes in (8, 24))
    assert small.network.patch_size < large.network.patch_size
    assert small.maps <= BUDGETS["M"].maps < large.maps <= 3 * BUDGETS["M"].maps


def test_a_coarse_axis_of_few_slices_is_brought_to_the_finer_of_its_cases():
    shapes, edges = [(10, 300, 300)] * 10, [VoxelSize(10.0, 1.5, 1.5)] * 9 + [VoxelSize(5.0, 1.5, 1.5)]
    assert choose_voxel_size(shapes, edges).z == pytest.approx(9.5)
    assert choose_voxel_size([(300, 300, 300)] * 10, edges).z == 10.0


def test_unknown_voxel_sizes_stay_unknown():
    plan = plan_training([(64, 64, 64)])
    assert plan.voxel_size is None
    assert "voxels unknown" in str(plan)


def test_slices_get_a_2d_network():
    plan = plan_training([(1, 600, 500)] * 20)
    assert plan.network.patch_size[0] == 1
    assert {stage.kernel[0] for stage in plan.network.stages} == {1}


def test_a_plan_prints_its_table():
    lines = str(plan_training([(128, 128, 128)], [VoxelSize(8.0, 8.0, 8.0)], size="plain")).splitlines()
    assert lines[-2:] == [
        "patch 128×128×128, divisor 32×32×32",
        "batch 2, plain encoder, voxels 8×8×8 nm, median case 128×128×128",
    ]


def test_a_plan_needs_a_case_and_a_gpu():
    with pytest.raises(DataError, match="at least one case"):
        plan_training([])
    with pytest.raises(ConfigError, match="more than 0 GB"):
        plan_training([(64, 64, 64)], gigabytes=0)
