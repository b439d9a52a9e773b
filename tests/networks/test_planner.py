from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from volumen.errors import ShapeError
from volumen.geometry import VoxelSize
from volumen.networks import Widths, plan_network, round_up

FIXTURES = Path(__file__).parents[1] / "data" / "nnunet"

sides = st.tuples(*[st.integers(12, 320)] * 3)
spacings = st.tuples(*[st.sampled_from([1.0, 2.0, 4.0, 8.0, 9.9, 30.0])] * 3)


def list_strides(plan):
    return [stage.stride for stage in plan.stages]


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
    lines = str(plan_network((16, 32, 32), widths=Widths(blocks=(2,), decoder_blocks=1))).splitlines()
    assert lines[0].split() == ["stage", "stride", "kernel", "features", "blocks", "map", "(z", "y", "x)"]
    assert lines[2].split() == ["1", "2×2×2", "3×3×3", "64", "2+1", "8×16×16"]
    assert lines[-1] == "patch 16×32×32, divisor 4×8×8"


def test_a_patch_too_small_to_pool_is_refused():
    with pytest.raises(ShapeError, match=r"too small to pool; two sides need 8 voxels or one side 12"):
        plan_network((7, 7, 7))


def read_digits(text):
    return [tuple(map(int, edges)) for edges in text.split(",")]


def test_plans_are_those_of_nnunet_for_two_thousand_shapes_and_spacings():
    # written by nnU-Net's own get_pool_and_conv_props: tests/data/nnunet/make_fixtures.py
    rows = (FIXTURES / "poolings.txt").read_text().splitlines()
    assert len(rows) == 2000
    for row in rows:
        shape, spacing, strides, kernels, patch = row.split()
        plan = plan_network(
            tuple(map(int, shape.split(","))),
            voxel_size=VoxelSize.parse([float(edge) for edge in spacing.split(",")]),
            max_poolings=1000,
        )
        assert list_strides(plan) == read_digits(strides), row
        assert [stage.kernel for stage in plan.stages] == read_digits(kernels), row
        assert plan.patch_size == tuple(map(int, patch.split(","))), row


@given(sides, spacings)
def test_a_plan_for_the_patch_of_a_plan_is_the_same_plan(shape, spacing):
    plan = plan_network(shape, voxel_size=VoxelSize(*spacing))
    assert plan_network(plan.patch_size, voxel_size=VoxelSize(*spacing)) == plan


@given(sides)
def test_no_map_is_smaller_than_four_voxels_and_every_patch_divides(shape):
    plan = plan_network(shape)
    assert round_up(plan.patch_size, plan.divisor) == plan.patch_size
    assert min(edge // step for edge, step in zip(plan.patch_size, plan.divisor, strict=True)) >= 4
