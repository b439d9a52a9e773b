"""Where a network computes."""

import torch

from volumen.errors import DeviceError


def resolve_device(name: str) -> torch.device:
    """The device behind `auto` (a GPU when there is one), `cpu`, `cuda` or `cuda:1`; an error when it is absent."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise DeviceError(f"no device is called {name!r}; auto, cpu, cuda or cuda:NUMBER is allowed") from error
    if device.type not in {"cpu", "cuda"}:
        raise DeviceError(f"device {name!r} is not supported; auto, cpu, cuda or cuda:NUMBER is allowed")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise DeviceError(f"device {name!r} was asked for, and {_count_gpus()}; choose auto or cpu")
    return device


def _count_gpus() -> str:
    found = torch.cuda.device_count()
    return f"torch finds {found} GPU{'' if found == 1 else 's'}" if found else "torch finds no GPU"
