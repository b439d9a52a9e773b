"""What a network needs of memory: predicted without any, and measured on a real step.

A forecast runs the network on the meta device of torch, where tensors have shapes and no numbers, and adds up what is
alive at once. It knows nothing of what libraries take to work in, such as the workspaces of cuDNN.
"""

import copy
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from volumen.geometry import Shape
from volumen.networks.network import Network

# Adam and AdamW keep two numbers a weight.
MOMENTS = 2
GIBIBYTE = 2**30


@dataclass(frozen=True)
class Memory:
    """Bytes that a network takes in float32.

    Args:
        weights: parameters and buffers.
        optimizer: what Adam keeps of them.
        activations: what the forward of a training batch leaves for the gradient.
        step: the most that activations and gradients take at once.
        forward: the most that the forward of a prediction takes at once.
    """

    weights: int
    optimizer: int
    activations: int
    step: int
    forward: int

    @property
    def training(self) -> int:
        """At the peak of a training step."""
        return self.weights + self.optimizer + self.step

    @property
    def prediction(self) -> int:
        """At the peak of a forward."""
        return self.weights + self.forward

    def __str__(self) -> str:
        rows = {
            "weights": self.weights,
            "optimiser": self.optimizer,
            "activations": self.activations,
            "training in all": self.training,
            "prediction in all": self.prediction,
        }
        return "\n".join(f"{name:<18}{size / GIBIBYTE:>8.2f} GiB" for name, size in rows.items())


def forecast_memory(network: Network, shape: Shape, *, batch: int = 1) -> Memory:
    """What the network would need for batches of images of `shape`; nothing of that size is made.

    Held: a copy of the network without numbers.
    """
    return _observe(copy.deepcopy(network).to("meta"), shape, batch, torch.device("meta"))


def observe_memory(network: Network, shape: Shape, *, batch: int = 1) -> Memory:
    """What the network does need, where it is, for a training step and a forward with random images.

    On a GPU torch's allocator is asked, so workspaces count; on the CPU tensors are added up as they come and go.
    """
    device = next(network.parameters()).device
    return _observe(copy.deepcopy(network), shape, batch, device)


def _observe(network: Network, shape: Shape, batch: int, device: torch.device) -> Memory:
    weights = sum(tensor.nbytes for tensor in network.state_dict().values())
    gradients = sum(parameter.nbytes for parameter in network.parameters() if parameter.requires_grad)
    image = torch.zeros((batch, network.channels, *shape), device=device)
    network.train()
    left, step = _watch(lambda: network(image), device, learn=True)
    network.eval()
    with torch.no_grad():
        _, forward = _watch(lambda: network(image), device, learn=False)
    image_bytes = image.nbytes
    return Memory(weights, MOMENTS * gradients, left, step + image_bytes, forward + image_bytes)


def _watch(compute: Callable[[], dict[str, list[Tensor]]], device: torch.device, *, learn: bool) -> tuple[int, int]:
    """Bytes that are left after the forward, and the most at once until the gradient is there."""
    ledger = CudaLedger(device) if device.type == "cuda" else Ledger()
    with ledger:
        outputs = compute()
        left = ledger.now
        if learn:
            torch.stack([level.mean() for levels in outputs.values() for level in levels]).sum().backward()  # type: ignore[no-untyped-call]
    return left, ledger.most


class Ledger(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Bytes of the tensors that were made since it was opened and are still alive, and the most there were."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now = 0
        self.most = 0
        self._known: set[int] = set()

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """What the operation gives; what is new of it is written down."""
        before = {leaf.untyped_storage()._cdata for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)}  # noqa: SLF001
        result = function(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if isinstance(leaf, Tensor):
                self._note(leaf.untyped_storage(), before)
        return result

    def _note(self, storage: torch.UntypedStorage, before: set[int]) -> None:
        key = storage._cdata  # noqa: SLF001 - what tells storages apart
        if key in self._known or key in before:
            return
        self._known.add(key)
        self.now += storage.nbytes()
        self.most = max(self.most, self.now)
        weakref.finalize(storage, self._forget, key, storage.nbytes())

    def _forget(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.now -= size


class CudaLedger:
    """The same, from the allocator of a GPU."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._before = 0

    @property
    def now(self) -> int:
        """Bytes allocated since it was opened."""
        return torch.cuda.memory_allocated(self._device) - self._before

    @property
    def most(self) -> int:
        """The most of them at once."""
        return torch.cuda.max_memory_allocated(self._device) - self._before

    def __enter__(self) -> "CudaLedger":
        torch.cuda.synchronize(self._device)
        torch.cuda.reset_peak_memory_stats(self._device)
        self._before = torch.cuda.memory_allocated(self._device)
        return self

    def __exit__(self, *_: object) -> None:
        torch.cuda.synchronize(self._device)
