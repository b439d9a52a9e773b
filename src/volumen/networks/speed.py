"""Ways to run the same network faster: the order of its numbers in memory, and compiled code."""

import shutil
from importlib.util import find_spec

import torch
from torch import Tensor, nn

from volumen.errors import ConfigError

CHANNELS_LAST = {4: torch.channels_last, 5: torch.channels_last_3d}
COMPILERS = ("g++", "clang++", "c++")


def arrange_weights(network: nn.Module, *, channels_last: bool) -> None:
    """Puts the weights of convolutions in an order in memory; their values stay."""
    for parameter in network.parameters():
        if parameter.ndim in CHANNELS_LAST:
            layout = CHANNELS_LAST[parameter.ndim] if channels_last else torch.contiguous_format
            parameter.data = parameter.data.contiguous(memory_format=layout)


def put_channels_last(network: nn.Module) -> None:
    """Lets the network work on channels that lie beside each other; images are rearranged as they come in."""
    arrange_weights(network, channels_last=True)
    network.register_forward_pre_hook(_arrange_image)


def compile_network(network: nn.Module) -> None:
    """Lets torch compile the network when it first runs, which takes a minute; its weights keep their names."""
    on_gpu = torch.cuda.is_available()
    missing = find_spec("triton") is None if on_gpu else not any(shutil.which(name) for name in COMPILERS)
    if missing:
        needed = "the package triton" if on_gpu else f"a C++ compiler ({', '.join(COMPILERS)})"
        raise ConfigError(f"compiled networks need {needed}; install it, or set training.compile=false")
    network.compile(dynamic=False)  # patches have one shape


def _arrange_image(_network: nn.Module, images: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return tuple(image.contiguous(memory_format=CHANNELS_LAST[image.ndim]) for image in images)
