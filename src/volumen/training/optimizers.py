"""Optimisers as recipes name them: the keywords are the recipe's options."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import Field
from torch import Tensor, optim

Parameters = Iterable[Tensor] | Iterable[dict[str, Any]]
Rate = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, lt=1)]
Decay = Annotated[float, Field(ge=0)]


def build_adam(
    parameters: Parameters,
    *,
    lr: Rate = 1e-4,
    betas: tuple[Share, Share] = (0.9, 0.999),
    weight_decay: Decay = 0.0,
) -> optim.Optimizer:
    """Adam (Kingma and Ba 2015); weight decay joins the gradient."""
    return optim.Adam(parameters, lr=lr, betas=betas, weight_decay=weight_decay)


def build_adamw(
    parameters: Parameters,
    *,
    lr: Rate = 1e-3,
    betas: tuple[Share, Share] = (0.9, 0.999),
    weight_decay: Decay = 0.01,
) -> optim.Optimizer:
    """Adam with weight decay apart from the gradient (Loshchilov and Hutter 2019)."""
    return optim.AdamW(parameters, lr=lr, betas=betas, weight_decay=weight_decay)


def build_sgd(
    parameters: Parameters,
    *,
    lr: Rate = 0.01,
    momentum: Share = 0.99,
    nesterov: bool = True,
    weight_decay: Decay = 0.0,
) -> optim.Optimizer:
    """Gradient descent with momentum; the defaults are nnU-Net's (without momentum, Nesterov's look-ahead is off)."""
    return optim.SGD(
        parameters, lr=lr, momentum=momentum, nesterov=nesterov and momentum > 0, weight_decay=weight_decay
    )
