import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from volumen.blocks import run_ahead


@given(items=st.lists(st.integers() | st.none()), count=st.integers(1, 5))
def test_items_come_in_their_order(items, count):
    assert list(run_ahead(iter(items), count)) == items


def test_an_error_comes_where_its_item_would_have():
    def make():
        yield 1
        raise ValueError("broken")

    items = run_ahead(make(), 3)
    assert next(items) == 1
    with pytest.raises(ValueError, match="broken"):
        next(items)


def test_no_more_are_made_than_were_allowed_and_nothing_is_left_running():
    made = []
    items = run_ahead((made.append(number) or number for number in range(100)), 3)
    assert next(items) == 0
    for _ in range(100):
        time.sleep(0.001)
    assert len(made) <= 4
    before = threading.active_count()
    items.close()
    assert threading.active_count() == before - 1
