import pytest

from volumen.errors import MemoryBudgetError, ShapeError
from volumen.geometry import Box
from volumen.inference.regions import Buffers, check_region, choose_chunks, choose_region

BUFFERS = Buffers(tile=(64, 64, 64), batch=1, channels=1, itemsize=1, sums=1, stored=4)
LARGE = Box((0, 0, 0), (4096, 4096, 4096))


def test_a_region_grows_with_the_memory_there_is():
    small, large = (choose_region(LARGE, BUFFERS, megabytes << 20) for megabytes in (128, 1024))

    assert small < large
    assert BUFFERS.measure(large) <= 1 << 30
    assert not any(edge % 64 for edge in small + large)


def test_a_region_is_no_larger_than_what_is_predicted():
    assert choose_region(Box((0, 0, 0), (100, 100, 300)), BUFFERS, 1 << 30) == (128, 320)


def test_memory_for_less_than_one_chunk_is_an_error_only_when_it_was_asked_for():
    with pytest.raises(MemoryBudgetError, match="MB too small"):
        choose_region(LARGE, BUFFERS, 1 << 20)
    huge = Buffers(tile=(512, 512, 512), batch=4, channels=4, itemsize=4, sums=40, stored=40)

    assert choose_region(LARGE, huge, None) == (64, 64)


def test_memory_of_a_region_does_not_depend_on_how_deep_the_volume_is():
    shallow, deep = (Box((0, 0, 0), (depth, 2048, 2048)) for depth in (64, 65536))

    assert choose_region(shallow, BUFFERS, 1 << 29) == choose_region(deep, BUFFERS, 1 << 29)


def test_a_region_by_hand_is_made_of_whole_chunks():
    assert check_region((256, 48)) == (256, 48)
    assert choose_chunks(Box((0, 0, 0), (30, 300, 300)), (256, 48)) == (30, 64, 48)
    with pytest.raises(ShapeError, match="multiples"):
        check_region((100, 64))
