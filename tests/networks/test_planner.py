import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from volumen.errors import ShapeError
from volumen.geometry import VoxelSize
from volumen.networks import plan_network, round_up

sides = st.tuples(*[st.integers(12, 320)] * 3)
spacings = st.tuples(*[st.sampled_from([1.0, 2.0, 4.0, 8.0, 9.9, 30.0])] * 3)


def list_strides(plan):
    return [stage.stride for stage in plan.stages]


def plan_as_nnunet(spacing, patch_size, *, smallest=4):
    """nnU-Net's `get_pool_and_conv_props`, written out from its description."""
    spacing, size, kernel = list(spacing), list(patch_size), [1, 1, 1]
    strides, kernels, pools = [(1, 1, 1)], [], [0, 0, 0]
    while True:
        axes = [axis for axis in range(3) if size[axis] >= 2 * smallest]
        if not axes:
            break
        finest = min(spacing[axis] for axis in axes)
        axes = [axis for axis in axes if spacing[axis] / finest < 2]
        if len(axes) == 1 and size[axes[0]] < 3 * smallest:
            break
        kernel = [3 if edge / min(spacing) < 2 else width for edge, width in zip(spacing, kernel, strict=True)]
        for axis in axes:
            pools[axis], spacing[axis], size[axis] = pools[axis] + 1, spacing[axis] * 2, math.ceil(size[axis] / 2)
        strides.append(tuple(2 if axis in axes else 1 for axis in range(3)))
        kernels.append(tuple(kernel))
    patch = tuple(math.ceil(edge / 2**count) * 2**count for edge, count in zip(patch_size, pools, strict=True))
    return strides, [*kernels, (3, 3, 3)], patch


def test_a_cube_of_equal_voxels_is_halved_on_every_axis_until_four_voxels_are_left():
    plan = plan_network((128, 128, 128))
    assert list_strides(plan) == [(1, 1, 1)] + [(2, 2, 2)] * 5
    assert [stage.features for stage in plan.stages] == [32, 64, 128, 256, 320, 320]
    assert [stage.blocks for stage in plan.stages] == [1, 3, 4, 6, 6, 6]
    assert plan.divisor == (32, 32, 32)


def test_a_coarse_axis_waits_until_the_others_have_caught_up():
    plan = plan_network((32, 192, 192), voxel_size=VoxelSize(30.0, 8.0, 8.0))
    assert list_strides(plan)[1:3] == [(1, 2, 2), (2, 2, 2)]
    assert [stage.kernel for stage in plan.stages[:2]] == [(1, 3, 3), (3, 3, 3)]


def test_a_slice_is_planned_in_two_dimensions():
    plan = plan_network((1, 192, 192), voxel_size=VoxelSize(1.0, 8.0, 8.0))
    assert {stage.kernel for stage in plan.stages} == {(1, 3, 3)}
    assert plan.divisor == (1, 32, 32)


def test_a_patch_is_rounded_up_so_that_it_divides():
    assert plan_network((100, 100, 100)).patch_size == (112, 112, 112)


def test_poolings_stop_where_the_recipe_says():
    assert len(plan_network((256, 256, 256), max_poolings=3).stages) == 4


def test_a_plan_prints_a_line_a_stage():
    lines = str(plan_network((16, 32, 32), residual=False)).splitlines()
    assert lines[0].split() == ["stage", "stride", "kernel", "features", "blocks", "map", "(z", "y", "x)"]
    assert lines[2].split() == ["1", "2×2×2", "3×3×3", "64", "2", "8×16×16"]
    assert lines[-1] == "patch 16×32×32, divisor 4×8×8, 2 convolutions a step up"


def test_a_patch_too_small_to_pool_is_refused():
    with pytest.raises(ShapeError, match=r"too small to pool; two sides need 8 voxels or one side 12"):
        plan_network((7, 7, 7))


@given(sides, spacings)
def test_plans_are_those_of_nnunet(shape, spacing):
    plan = plan_network(shape, voxel_size=VoxelSize(*spacing), max_poolings=20)
    strides, kernels, patch = plan_as_nnunet(spacing, shape)
    assert list_strides(plan) == strides
    assert [stage.kernel for stage in plan.stages] == kernels
    assert plan.patch_size == patch


@given(sides)
def test_no_map_is_smaller_than_four_voxels_and_every_patch_divides(shape):
    plan = plan_network(shape)
    assert round_up(plan.patch_size, plan.divisor) == plan.patch_size
    assert min(edge // step for edge, step in zip(plan.patch_size, plan.divisor, strict=True)) >= 4
