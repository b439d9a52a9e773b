"""How long a network will take here, before anything of the real size is made.

A small patch is timed, grown until a step takes long enough to be told by a clock, and the time scaled by the
operations that torch counts for either size. What is not arithmetic counts as if it were, so the forecast is rough:
docs/networks.md says how right it was.
"""

import copy
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from volumen.geometry import Shape, to_shape
from volumen.networks.network import Network

# A step that takes this long is timed well enough.
ENOUGH_SECONDS = 1.0
# Images of a trial: one alone takes other paths through torch on a CPU than several, several times as slow.
PAIR = 2


@dataclass(frozen=True)
class Seconds:
    """What a network takes on a device.

    Args:
        step: forward and backward of a training batch.
        forward: the forward of one patch.
        timed: the patch that was really timed; times are scaled from it.
    """

    step: float
    forward: float
    timed: Shape


def forecast_seconds(network: Network, shape: Shape, *, batch: int = 1, dtype: torch.dtype | None = None) -> Seconds:
    """What the network takes where it is, for training batches and forwards of images of `shape`.

    Held: what a step of a smaller patch takes, as it is timed.

    Args:
        network: on the device it will run on; its weights stay, their gradients do not.
        shape: of a patch, a multiple of the network's divisor.
        batch: patches of a training batch.
        dtype: of mixed precision; None for float32.
    """
    images = min(batch, PAIR)
    trial, step = _grow_trial(network, shape, lambda size: _prepare_step(network, size, images, dtype))
    network.zero_grad(set_to_none=True)
    tile, forward = _grow_trial(network, shape, lambda size: _prepare_forward(network, size, dtype))
    learned = [_count_operations(network, *size, learn=True) for size in ((shape, batch), (trial, images))]
    plain = [_count_operations(network, *size, learn=False) for size in ((shape, 1), (tile, 1))]
    return Seconds(step * learned[0] / learned[1], forward * plain[0] / plain[1], trial)


def _grow_trial(network: Network, shape: Shape, prepare: Callable[[Shape], Callable[[], None]]) -> tuple[Shape, float]:
    """The smallest patch that takes long enough, `shape` when none does, and its seconds."""
    divisor = network.divisor
    z, y, x = (min(edge, 2 * step) for edge, step in zip(shape, divisor, strict=True))
    trial = (shape[0] if network.projects else z, y, x)
    while True:
        try:
            seconds = _time(prepare(trial), network)
        except torch.OutOfMemoryError:
            smaller = _shrink(trial, divisor)
            return smaller, _time(prepare(smaller), network)
        if seconds >= ENOUGH_SECONDS or trial == shape:
            return trial, seconds
        trial = _grow(trial, shape)


def _grow(trial: Shape, shape: Shape) -> Shape:
    """The trial with twice the voxels along the axis that lacks most."""
    axis = max(range(3), key=lambda axis: shape[axis] / trial[axis])
    return to_shape([min(2 * edge, shape[at]) if at == axis else edge for at, edge in enumerate(trial)])


def _shrink(trial: Shape, divisor: Shape) -> Shape:
    """The trial with about half the voxels along its longest axis."""
    axis = max(range(3), key=lambda axis: trial[axis] / divisor[axis])
    halves = [edge // step // 2 * step for edge, step in zip(trial, divisor, strict=True)]
    return to_shape([max(halves[at], divisor[at]) if at == axis else edge for at, edge in enumerate(trial)])


def _prepare_step(network: Network, shape: Shape, images: int, dtype: torch.dtype | None) -> Callable[[], None]:
    device = next(network.parameters()).device
    image = torch.zeros((images, network.channels, *shape), device=device)

    def step() -> None:
        network.train()
        network.zero_grad(set_to_none=True)
        _run(network, image, dtype, learn=True)

    return step


def _prepare_forward(network: Network, shape: Shape, dtype: torch.dtype | None) -> Callable[[], None]:
    device = next(network.parameters()).device
    image = torch.zeros((1, network.channels, *shape), device=device)

    def forward() -> None:
        network.eval()
        with torch.no_grad():
            _run(network, image, dtype, learn=False)

    return forward


def _run(network: Network, image: torch.Tensor, dtype: torch.dtype | None, *, learn: bool) -> None:
    with _compute(image.device, dtype):
        outputs = network(image)
        total = torch.stack([level.float().mean() for levels in outputs.values() for level in levels]).sum()
    if learn:
        total.backward()  # type: ignore[no-untyped-call]


def _time(action: Callable[[], None], network: Network) -> float:
    """Seconds of an action after one to warm up, the device waited for."""
    device = next(network.parameters()).device
    action()
    _synchronise(device)
    began = perf_counter()
    action()
    _synchronise(device)
    return perf_counter() - began


def _synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _count_operations(network: Network, shape: Shape, batch: int, *, learn: bool) -> int:
    """Multiplications and additions of a step or a forward, counted on tensors without numbers."""
    spare = copy.deepcopy(network).to("meta").train(learn)
    image = torch.zeros((batch, network.channels, *shape), device="meta")
    counter = FlopCounterMode(display=False)
    with counter, torch.set_grad_enabled(learn):
        _run(spare, image, None, learn=learn)
    return max(int(counter.get_total_flops()), 1)


def _compute(device: torch.device, dtype: torch.dtype | None) -> AbstractContextManager[Any]:
    return nullcontext() if dtype is None else torch.autocast(device.type, dtype=dtype)
