import itertools
import math
import pickle

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from volumen.errors import ShapeError
from volumen.geometry import (
    Box,
    TileGrid,
    VoxelSize,
    blend_window,
    count_overlap,
    pair_slices,
    tile_starts,
    to_shape,
)

small = st.integers(-20, 20)


def draw_triple(values):
    return st.tuples(values, values, values)


@st.composite
def boxes(draw):
    ends = draw(draw_triple(st.tuples(small, small)))
    return Box(tuple(map(min, ends)), tuple(map(max, ends)))


@st.composite
def axes(draw):
    """Extent, tile and overlap of one axis."""
    tile = draw(st.integers(1, 40))
    return draw(st.integers(1, 200)), tile, draw(st.integers(0, tile - 1))


def list_voxels(box):
    return set(itertools.product(*(range(low, high) for low, high in zip(box.start, box.stop, strict=True))))


# Boxes


@given(box=boxes())
def test_a_boxs_size_is_the_product_of_its_shape(box):
    assert box.size == math.prod(box.shape)
    assert all(extent >= 0 for extent in box.shape)


@given(box=boxes())
def test_a_box_is_where_it_is_said_to_be(box):
    assert Box.at(box.start, box.shape) == box
    assert Box.parse(str(box)) == box
    assert pickle.loads(pickle.dumps(box)) == box
    assert len({box, Box(box.start, box.stop)}) == 1


@given(box=boxes(), offset=draw_triple(small))
def test_shifting_there_and_back_changes_nothing(box, offset):
    assert box.shift(offset).relative_to(offset) == box
    assert box.shift(offset).shape == box.shape


@given(box=boxes())
def test_relative_to_its_own_start_a_box_begins_at_the_origin(box):
    assert box.relative_to(box.start) == Box.whole(box.shape)


@given(box=boxes(), halo=draw_triple(st.integers(0, 5)))
def test_growing_adds_the_halo_on_both_sides(box, halo):
    grown = box.grow(halo)
    assert grown.contains(box)
    assert grown.shape == tuple(extent + 2 * step for extent, step in zip(box.shape, halo, strict=True))
    assert box.grow((0, 0, 0)) == box


@given(one=boxes(), other=boxes())
def test_clipping_keeps_the_voxels_of_both(one, other):
    shared = one.clip(other)
    assert shared.size == other.clip(one).size
    if shared.size:
        assert shared == other.clip(one)
    assert shared.clip(other) == shared or not shared.size


@given(one=boxes(), other=boxes())
def test_the_size_of_a_clip_counts_common_voxels(one, other):
    assume(one.size < 2000 and other.size < 2000)
    assert list_voxels(one.clip(other)) == list_voxels(one) & list_voxels(other)


@given(one=boxes(), other=boxes())
def test_a_box_with_voxels_is_contained_when_all_of_them_are(one, other):
    assume(0 < one.size < 2000 and 0 < other.size < 2000)
    assert one.contains(other) == (list_voxels(other) <= list_voxels(one))


@given(shape=draw_triple(st.integers(0, 5)))
def test_the_whole_indexes_everything(shape):
    array = np.arange(math.prod(shape)).reshape(shape)
    np.testing.assert_array_equal(array[Box.whole(shape).slices], array)


def test_slices_take_what_lies_in_the_box():
    array = np.arange(4 * 5 * 6).reshape(4, 5, 6)
    assert array[Box((1, 2, 3), (2, 3, 4)).slices] == array[1, 2, 3]


def test_a_box_needs_its_start_before_its_stop():
    with pytest.raises(ShapeError, match="start ≤ stop"):
        Box((0, 0, 5), (1, 1, 4))


@pytest.mark.parametrize("text", ["", "0:1", "0:1,0:1", "0:1,0:1,0:1,0:1", "a:b,0:1,0:1", "0:1,0:1,0", "0:1:2,0:1,0:1"])
def test_a_box_that_is_not_written_as_one_is_refused(text):
    with pytest.raises(ShapeError, match="z0:z1,y0:y1,x0:x1"):
        Box.parse(text)


def test_a_shape_has_three_plain_ints():
    assert to_shape([1, 2, 3]) == (1, 2, 3)
    assert all(type(extent) is int for extent in to_shape([True, 2, 3]))
    with pytest.raises(ShapeError, match="three numbers"):
        to_shape((1, 2))


# Voxel sizes


def test_a_voxel_size_runs_z_y_x():
    assert tuple(VoxelSize.parse([30, 8, 4])) == (30.0, 8.0, 4.0)
    assert VoxelSize(30.0, 8.0, 4.0).z == 30


@pytest.mark.parametrize("edge", [0.0, -1.0, math.nan, math.inf])
def test_a_voxel_has_positive_finite_edges(edge):
    with pytest.raises(ShapeError, match="three positive lengths"):
        VoxelSize(1.0, edge, 1.0)


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 2.0, 3.0, 4.0]])
def test_a_voxel_size_takes_three_numbers(values):
    with pytest.raises(ShapeError, match="three lengths"):
        VoxelSize.parse(values)


# Tiles


@given(axis=axes())
def test_tiles_start_at_0_and_end_flush(axis):
    extent, tile, overlap = axis
    starts = tile_starts(extent, tile, overlap=overlap)
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    assert starts[-1] == max(extent - tile, 0)


@given(axis=axes())
def test_neighbours_share_at_least_the_overlap(axis):
    extent, tile, overlap = axis
    starts = tile_starts(extent, tile, overlap=overlap)
    assert all(first + tile - second >= overlap for first, second in itertools.pairwise(starts))


@given(axis=axes())
def test_tiles_lie_evenly(axis):
    extent, tile, overlap = axis
    gaps = [second - first for first, second in itertools.pairwise(tile_starts(extent, tile, overlap=overlap))]
    assert not gaps or max(gaps) - min(gaps) <= 2


@given(axis=axes())
def test_no_fewer_tiles_would_do(axis):
    extent, tile, overlap = axis
    fewest = 1 + math.ceil(max(extent - tile, 0) / (tile - overlap))
    assert len(tile_starts(extent, tile, overlap=overlap)) == fewest


@pytest.mark.parametrize("overlap", [-1, 8, 9])
def test_an_overlap_that_fills_its_tile_is_refused(overlap):
    with pytest.raises(ShapeError, match="below the tile's 8; got"):
        tile_starts(20, 8, overlap=overlap)


def test_512_with_tiles_of_128_and_an_overlap_of_32_has_125_tiles():
    grid = TileGrid.plan((512, 512, 512), (128, 128, 128), 32)
    assert len(grid) == len(list(grid.boxes())) == 125
    assert grid.starts == ((0, 96, 192, 288, 384),) * 3


@given(each=draw_triple(axes()))
def test_a_grid_covers_every_voxel_and_never_more_than_a_short_axis_needs(each):
    shape, tile, overlap = (tuple(values) for values in zip(*each, strict=True))
    grid = TileGrid.plan(shape, tile, overlap)
    for starts, extent, edge in zip(grid.starts, shape, tile, strict=True):
        covered = np.zeros(max(extent, edge), bool)
        for start in starts:
            covered[start : start + edge] = True
        assert covered.all()
    first = next(grid.boxes())
    assert first == Box.whole(tile)


def test_tiles_run_with_z_outermost():
    grid = TileGrid.plan((4, 2, 4), (2, 2, 2), 0)
    assert [box.start for box in grid.boxes()] == [(0, 0, 0), (0, 0, 2), (2, 0, 0), (2, 0, 2)]


def test_a_tile_longer_than_the_volume_reaches_past_its_end():
    (box,) = TileGrid.plan((3, 3, 3), (8, 8, 8), 2).boxes()
    assert box == Box.whole((8, 8, 8))


@pytest.mark.parametrize(
    ("overlap", "voxels"),
    [
        (0.25, (32, 16, 8)),
        (0, (0, 0, 0)),
        (5, (5, 5, 5)),
        (8.0, (8, 8, 8)),
        ((1, 2, 3), (1, 2, 3)),
        ([4, 5, 6], (4, 5, 6)),
    ],
)
def test_overlap_is_a_share_or_voxels(overlap, voxels):
    assert count_overlap(overlap, (128, 64, 32)) == voxels


@pytest.mark.parametrize("overlap", [-0.5, -1, 1.5, 32.5])
def test_an_overlap_that_is_neither_is_refused(overlap):
    with pytest.raises(ShapeError, match="a share below 1 or whole voxels"):
        count_overlap(overlap, (128, 64, 32))


def test_an_overlap_of_two_numbers_is_refused():
    with pytest.raises(ShapeError, match="three numbers"):
        count_overlap((1, 2), (64, 64, 64))


# Windows


@given(tile=st.integers(1, 300))
def test_a_window_is_positive_symmetric_and_highest_in_the_middle(tile):
    window = blend_window(tile)
    assert window.shape == (tile,)
    assert window.dtype == np.float32
    assert window.min() >= np.float32(1e-3)
    assert window.max() <= 1
    np.testing.assert_array_equal(window, window[::-1])
    assert window.argmax() in {(tile - 1) // 2, tile // 2}
    assert (np.diff(window[: (tile + 1) // 2]) >= 0).all()


@pytest.mark.parametrize("step", [(1, 0, 0), (0, -2, 1), (5, 0, 0), (-9, 3, 0)])
def test_voxels_and_those_a_step_from_them_are_cut_out_in_pairs(step):
    places = np.indices((4, 5, 6))
    starts, stops = (places[(slice(None), *cut)].reshape(3, -1).T for cut in pair_slices((4, 5, 6), step))
    assert np.array_equal(starts + step, stops)
    assert len(starts) == np.prod([max(0, extent - abs(move)) for extent, move in zip((4, 5, 6), step, strict=True)])
