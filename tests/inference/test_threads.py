import pytest
import torch

from volumen.inference import set_threads


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield before
    torch.set_num_threads(before)


def test_threads_are_as_asked_else_as_they_were(threads):
    assert set_threads(None) == threads
    assert set_threads(2) == 2
    assert set_threads(None) == 2
