from functools import partial

import pytest

from volumen.errors import MemoryBudgetError, ShapeError
from volumen.geometry import Box, TileGrid
from volumen.inference.regions import Buffers, check_region, choose_chunks, choose_region, estimate_load
from volumen.inference.tiles import count_tiles

BUFFERS = Buffers(tile=(64, 64, 64), batch=1, channels=1, itemsize=1, sums=1, stored=4)
LARGE = Box((0, 0, 0), (4096, 4096, 4096))


def choose(roi, buffers, available, *, workers=1, overlap=16):
    grid = TileGrid.plan(roi.stop, (64, 64, 64), overlap)
    return choose_region(roi, buffers, available, load=partial(estimate_load, grid, roi, workers=workers))


def test_a_region_grows_with_the_memory_there_is():
    small, large = (choose(LARGE, BUFFERS, megabytes << 20) for megabytes in (128, 1024))

    assert small < large
    assert BUFFERS.measure(large) <= 1 << 30
    assert not any(edge % 64 for edge in small + large)


def test_a_region_is_no_larger_than_what_is_predicted():
    assert choose(Box((0, 0, 0), (100, 100, 300)), BUFFERS, 1 << 30) == (128, 320)


def test_memory_for_less_than_one_chunk_is_an_error_only_when_it_was_asked_for():
    with pytest.raises(MemoryBudgetError, match="MB too small"):
        choose(LARGE, BUFFERS, 1 << 20)
    huge = Buffers(tile=(512, 512, 512), batch=4, channels=4, itemsize=4, sums=40, stored=40)

    assert choose(LARGE, huge, None) == (64, 64)


def test_memory_of_a_region_does_not_depend_on_how_deep_the_volume_is():
    shallow, deep = (Box((0, 0, 0), (depth, 2048, 2048)) for depth in (64, 65536))

    assert choose(shallow, BUFFERS, 1 << 29) == choose(deep, BUFFERS, 1 << 29)


def test_a_region_by_hand_is_made_of_whole_chunks():
    assert check_region((256, 48)) == (256, 48)
    assert choose_chunks(Box((0, 0, 0), (30, 300, 300)), (256, 48)) == (30, 64, 48)
    with pytest.raises(ShapeError, match="multiples"):
        check_region((100, 64))


def test_several_workers_get_regions_that_keep_all_of_them_busy():
    roi = Box((0, 0, 0), (64, 512, 512))

    assert choose(roi, BUFFERS, None) == (512, 512)
    assert choose(roi, BUFFERS, None, workers=4) == (256, 256)


def test_regions_that_only_add_tiles_are_not_made_for_a_small_volume():
    roi = Box((0, 0, 0), (64, 80, 80))

    assert choose(roi, BUFFERS, None, workers=4) == (128, 128)


def test_a_region_that_just_does_not_fit_leaves_no_narrow_rest():
    roi = Box((0, 0, 0), (64, 512, 512))
    room = BUFFERS.measure((512, 512)) - 1

    region = choose(roi, BUFFERS, room)

    grid = TileGrid.plan(roi.shape, (64, 64, 64), 16)
    load = partial(estimate_load, grid, roi, workers=1)
    assert BUFFERS.measure(region) <= room
    assert load(region) == min(load((edge, width)) for edge in range(64, 512, 64) for width in (edge, 512))


def test_the_load_of_one_worker_is_every_tile_of_every_region():
    roi = Box((0, 30, 50), (64, 222, 306))
    grid = TileGrid.plan((64, 300, 400), (64, 64, 64), 16)
    regions = [
        Box((0, y, x), (64, min(y + 64, 222), min(x + 64, 306))) for y in (30, 94, 158) for x in range(50, 306, 64)
    ]
    tiles = [count_tiles(grid, region) for region in regions]

    assert estimate_load(grid, roi, (64, 64), workers=1) == sum(tiles)
    assert estimate_load(grid, roi, (64, 64), workers=5) == max(tiles) * 3
