"""Activation checkpointing: parts of a network forget what they computed and compute it again for the gradient.

Weights keep their names, results their values, and a batch norm counts a batch once, though it sees it twice.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

BatchNorm = nn.modules.batchnorm._BatchNorm  # noqa: SLF001 - the one base that its kinds share


def checkpoint_parts(parts: Iterable[nn.Module]) -> None:
    """Lets each part keep only its input during training, for about a third more arithmetic."""
    for part in parts:
        norms = [module for module in part.modules() if isinstance(module, BatchNorm)]
        part.forward = partial(_forward, part, part.forward, norms)


def _forward(part: nn.Module, forward: Callable[..., Tensor], norms: list[Any], *inputs: Tensor) -> Tensor:
    """The part's result; what it needs for its gradient is forgotten."""
    if not (part.training and torch.is_grad_enabled()):
        return forward(*inputs)
    if not norms:
        result: Tensor = checkpoint(forward, *inputs, use_reentrant=False)
        return result
    counted: Tensor = checkpoint(forward, *inputs, use_reentrant=False, context_fn=partial(_list_contexts, norms))
    return counted


def _list_contexts(norms: list[Any]) -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
    """What surrounds the first computation, and the second."""
    return nullcontext(), _hold_statistics(norms)


@contextmanager
def _hold_statistics(norms: list[Any]) -> Iterator[None]:
    """What norms note down meanwhile is forgotten."""
    held = [dict(norm.named_buffers()) for norm in norms]
    for norm, buffers in zip(norms, held, strict=True):
        _set_buffers(norm, {name: buffer.clone() for name, buffer in buffers.items()})
    try:
        yield
    finally:
        for norm, buffers in zip(norms, held, strict=True):
            _set_buffers(norm, buffers)


def _set_buffers(norm: nn.Module, buffers: dict[str, Tensor]) -> None:
    for name, buffer in buffers.items():
        setattr(norm, name, buffer)
