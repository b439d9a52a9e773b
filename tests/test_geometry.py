import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from volumen.errors import ShapeError
from volumen.geometry import Box, TileGrid, VoxelSize, blend_window, count_overlap, sum_windows, tile_starts

EXTENTS = st.integers(1, 60)


@st.composite
def axes(draw):
    tile = draw(EXTENTS)
    return draw(EXTENTS), tile, draw(st.integers(0, tile - 1))


@given(axes())
def test_tiles_cover_an_axis_and_share_at_least_the_overlap(axis):
    extent, tile, overlap = axis
    starts = tile_starts(extent, tile, overlap=overlap)
    assert starts[0] == 0
    assert max(starts[-1] + tile, extent) == max(extent, tile)
    assert all(before + tile - after >= overlap for before, after in itertools.pairwise(starts))


@given(axes())
def test_every_voxel_of_an_axis_has_a_positive_weight(axis):
    extent, tile, overlap = axis
    total = sum_windows(extent, tile, tile_starts(extent, tile, overlap=overlap))
    assert total.shape == (extent,)
    assert (total > 0).all()


def test_512_at_128_with_32_shared_takes_125_tiles():
    grid = TileGrid.plan((512, 512, 512), (128, 128, 128), 32)
    assert len(grid) == len(list(grid.boxes())) == 125
    assert grid.starts[0] == (0, 96, 192, 288, 384)


def test_a_volume_smaller_than_a_tile_takes_one():
    assert list(TileGrid.plan((5, 5, 5), (8, 8, 8), 0.5).boxes()) == [Box((0, 0, 0), (8, 8, 8))]


def test_the_window_is_symmetric_and_never_below_a_thousandth():
    window = blend_window(64)
    np.testing.assert_array_equal(window, window[::-1])
    assert window.min() >= 1e-3
    assert window.argmax() in {31, 32}


@pytest.mark.parametrize(
    ("overlap", "voxels"),
    [(0.25, (16, 8, 4)), (32, (32, 32, 32)), (0, (0, 0, 0)), ((1, 2, 3), (1, 2, 3)), (8.0, (8, 8, 8))],
)
def test_an_overlap_is_a_share_or_voxels(overlap, voxels):
    assert count_overlap(overlap, (64, 32, 16)) == voxels


@pytest.mark.parametrize("overlap", [-1, 1.5, (1, 2)])
def test_an_overlap_of_another_kind_is_refused(overlap):
    with pytest.raises(ShapeError):
        count_overlap(overlap, (64, 64, 64))


def test_an_overlap_that_fills_the_tile_is_refused():
    with pytest.raises(ShapeError, match="below the tile's 8; got 8"):
        tile_starts(20, 8, overlap=8)


@given(
    st.tuples(*[st.integers(-20, 20)] * 3), st.tuples(*[st.integers(0, 20)] * 3), st.tuples(*[st.integers(0, 9)] * 3)
)
def test_boxes_move_grow_and_clip(start, shape, step):
    box = Box.at(start, shape)
    assert box.shift(step).relative_to(step) == box
    assert box.grow(step).contains(box)
    assert box.grow(step).clip(box) == box
    assert Box.parse(str(box)) == box


def test_boxes_that_do_not_meet_share_nothing():
    assert Box((0, 0, 0), (2, 2, 2)).clip(Box((5, 0, 0), (9, 2, 2))).size == 0


@pytest.mark.parametrize("text", ["", "1:2", "1:2,3:4,x:y", "3:1,0:1,0:1"])
def test_text_that_is_no_box_is_refused(text):
    with pytest.raises(ShapeError):
        Box.parse(text)


@pytest.mark.parametrize("lengths", [(0, 1, 1), (-8.0, 8.0, 8.0), (float("nan"), 1, 1)])
def test_a_voxel_has_positive_edges(lengths):
    with pytest.raises(ShapeError, match="three positive lengths"):
        VoxelSize(*lengths)
