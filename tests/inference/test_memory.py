import gc

import numpy as np

from volumen.inference import measure_memory, trim_memory, tune_allocator
from volumen.inference.memory import set_aside


def test_memory_that_is_kept_for_later_can_be_given_back():
    assert tune_allocator()
    before = measure_memory()

    kept = [np.ones(2**20) for _ in range(8)]
    del kept
    trim_memory()

    assert measure_memory() - before < 2**25


def test_what_is_set_aside_begins_as_zeros_and_goes_back_to_the_system_at_once():
    before = measure_memory()

    array = set_aside((64, 1024, 1024), np.uint8)
    assert not array.any()
    array[:] = 1
    assert measure_memory() - before > 2**25
    del array
    gc.collect()

    assert measure_memory() - before < 2**25


def test_nothing_can_be_set_aside():
    assert set_aside((0, 4), np.float32).shape == (0, 4)
