import pytest
import torch

from volumen.errors import DeviceError
from volumen.inference import resolve_device


def test_the_cpu_is_always_there():
    assert resolve_device("cpu") == torch.device("cpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_auto_falls_to_the_cpu_and_a_gpu_asked_for_is_an_error():
    assert resolve_device("auto") == torch.device("cpu")
    with pytest.raises(DeviceError, match="finds no GPU"):
        resolve_device("cuda:1")


@pytest.mark.parametrize("name", ["gpu", "mps", "cuda:x", ""])
def test_other_names_are_refused(name):
    with pytest.raises(DeviceError, match="auto, cpu"):
        resolve_device(name)
