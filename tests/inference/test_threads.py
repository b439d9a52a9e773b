import numpy as np
import pytest
import torch

from volumen.inference import measure_memory, set_threads, trim_memory, tune_allocator


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield before
    torch.set_num_threads(before)


def test_threads_are_as_asked_else_as_they_were(threads):
    assert set_threads(None) == threads
    assert set_threads(2) == 2
    assert set_threads(None) == 2


def test_memory_that_is_kept_for_later_can_be_given_back():
    assert tune_allocator()
    before = measure_memory()

    kept = [np.ones(2**20) for _ in range(8)]
    del kept
    trim_memory()

    assert measure_memory() - before < 2**25
