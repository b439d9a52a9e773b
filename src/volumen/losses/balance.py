"""How much heads or losses count against each other: as the recipe says, or learned while they are minimised."""

import abc
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Literal, final

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor, distributed, nn
from typing_extensions import override

from volumen.errors import ConfigError
from volumen.losses.combine import add_costs

Over = Literal["heads", "losses"]
# No weight falls below this share of the mean, or its part would never be measured again.
LEAST_WEIGHT = 1e-3
TINY = 1e-12


class Balance(nn.Module, abc.ABC):
    """What becomes of the costs of a batch: the sum that is minimised.

    Parameters are trained with the network's; they and buffers are saved with it. Validation adds costs up as the
    recipe weighs them, so that its epochs compare.

    Args:
        groups: by the name of each loss, the name of the part that it belongs to.
    """

    def __init__(self, groups: Mapping[str, str]) -> None:
        super().__init__()
        self.groups = dict(groups)
        self.names = tuple(dict.fromkeys(groups.values()))

    @abc.abstractmethod
    def forward(self, costs: Mapping[str, Tensor], start: Tensor) -> Tensor:
        """The balanced sum of the losses that were due, by name, from a zero on."""

    @abc.abstractmethod
    def read_weights(self) -> dict[str, Tensor]:
        """What each part counts now, for the log; none when that never changes."""

    def learn(self, costs: Mapping[str, Tensor], parameters: Iterable[Tensor]) -> None:
        """Looks at what the costs do to the network's weights, before they are minimised."""

    def gather(self, costs: Mapping[str, Tensor]) -> dict[int, Tensor]:
        """The cost of each part that was due, by its number."""
        sums: dict[int, Tensor] = {}
        for name, cost in costs.items():
            number = self.names.index(self.groups[name])
            sums[number] = sums[number] + cost if number in sums else cost
        return sums


@final
class FixedBalance(Balance):
    """The plain sum: weights are those of the recipe."""

    def __init__(self, terms: Mapping[str, str]) -> None:
        super().__init__(terms)

    @override
    def forward(self, costs: Mapping[str, Tensor], start: Tensor) -> Tensor:
        return add_costs(costs, start)

    @override
    def read_weights(self) -> dict[str, Tensor]:
        return {}


@final
class UncertaintyBalance(Balance):
    """Parts weighed by how sure the network can be of each (Kendall et al. 2018, uncertainty to weigh losses).

        L = Σ_i (exp(−s_i) L_i + ½ s_i)

    with s the logarithm of the variance of a part's noise, learned from 0 by the network's own optimiser, without
    decay. A part that stays expensive counts less. The sum can become negative.

    Args:
        over: the parts: heads, or every loss by itself.
    """

    def __init__(self, terms: Mapping[str, str], *, over: Over = "heads") -> None:
        super().__init__(group_terms(terms, over))
        self.log_variances = nn.Parameter(torch.zeros(len(self.names)))

    @override
    def forward(self, costs: Mapping[str, Tensor], start: Tensor) -> Tensor:
        parts = [
            (-self.log_variances[number]).exp() * cost + self.log_variances[number] / 2
            for number, cost in self.gather(costs).items()
        ]
        return torch.stack([start, 0 * self.log_variances.sum(), *parts]).sum()

    @override
    def read_weights(self) -> dict[str, Tensor]:
        return dict(zip(self.names, (-self.log_variances.detach()).exp(), strict=True))


@final
class GradNormBalance(Balance):
    """Parts weighed so that they pull alike, those that lag behind a little harder (Chen et al. 2018, GradNorm).

    With g_i the norm of the gradient of part i in the last weights that all share, G_i = w_i g_i its pull and
    r_i = (L_i / L_i(0)) over its mean the part's lag, the weights w go down the gradient of

        Σ_i |G_i − mean(G) r_i^α|

    whose right side is held fixed, and are then made to add up to the number of parts. Here the gradient is divided by
    the mean of g, so that the rate means the same whatever losses are worth. Every look costs a backward pass a part,
    from its head to those weights.

    Args:
        over: the parts: heads, or every loss by itself.
        alpha: α; 0 makes all pull alike, larger ones favour what lags behind.
        rate: how fast weights change.
    """

    weights: Tensor
    first: Tensor

    def __init__(
        self,
        terms: Mapping[str, str],
        *,
        over: Over = "heads",
        alpha: Annotated[float, Field(ge=0)] = 1.5,
        rate: Annotated[float, Field(gt=0)] = 0.025,
    ) -> None:
        super().__init__(group_terms(terms, over))
        self.alpha = alpha
        self.rate = rate
        self.register_buffer("weights", torch.ones(len(self.names)))
        self.register_buffer("first", torch.zeros(len(self.names)))
        self._shared: dict[tuple[int, ...], int] = {}

    @override
    def forward(self, costs: Mapping[str, Tensor], start: Tensor) -> Tensor:
        parts = [self.weights[number].clone() * cost for number, cost in self.gather(costs).items()]
        return torch.stack([start, *parts]).sum()

    @override
    def read_weights(self) -> dict[str, Tensor]:
        return dict(zip(self.names, self.weights.clone(), strict=True))

    @override
    def learn(self, costs: Mapping[str, Tensor], parameters: Iterable[Tensor]) -> None:
        parts = {number: cost for number, cost in self.gather(costs).items() if cost.requires_grad}
        if len(parts) < 2:  # noqa: PLR2004 - nothing to balance
            return
        weights = [parameter for parameter in parameters if parameter.requires_grad and parameter.ndim > 1]
        if tuple(parts) not in self._shared:
            self._shared[tuple(parts)] = find_shared(list(parts.values()), weights)
        shared = weights[self._shared[tuple(parts)]]
        norms = torch.stack([measure_gradient(cost, shared) for cost in parts.values()])
        values = torch.stack([cost.detach() for cost in parts.values()])
        self._update(torch.tensor(list(parts), device=values.device), *average_processes(norms, values))

    @torch.no_grad()
    def _update(self, due: Tensor, norms: Float[Tensor, " due"], costs: Float[Tensor, " due"]) -> None:
        """Takes one step down the gradient of the weights of the parts that were due."""
        self.first[due] = torch.where(self.first[due] > 0, self.first[due], costs)
        progress = costs / self.first[due].clamp(min=TINY)
        lag = progress / progress.mean().clamp(min=TINY)
        pull = self.weights[due] * norms
        gradient = (pull - pull.mean() * lag**self.alpha).sign() * norms / norms.mean().clamp(min=TINY)
        self.weights[due] = (self.weights[due] - self.rate * gradient).clamp(min=LEAST_WEIGHT)
        self.weights *= len(self.weights) / self.weights.sum()


def group_terms(terms: Mapping[str, str], over: Over) -> dict[str, str]:
    """By the name of each loss, the part that it belongs to; a ConfigError when that leaves nothing to balance."""
    groups = dict(terms) if over == "heads" else {name: name for name in terms}
    if len(set(groups.values())) == 1:
        only = next(iter(groups.values()))
        raise ConfigError(
            f"training.balance: there is one part only, {only!r}, and nothing to balance it with; "
            "leave training.balance at fixed, or set its over: losses where a head has several"
        )
    return groups


def find_shared(costs: Sequence[Tensor], weights: Sequence[Tensor]) -> int:
    """The number of the last of the network's weights that every cost depends on; an error when there is none."""
    reached = [True] * len(weights)
    for cost in costs:
        gradients = torch.autograd.grad(cost, weights, retain_graph=True, allow_unused=True)
        reached = [known and gradient is not None for known, gradient in zip(reached, gradients, strict=True)]
    if not any(reached):
        raise ConfigError("training.balance=gradnorm needs weights that all heads share, and the network has none")
    return max(number for number, known in enumerate(reached) if known)


def measure_gradient(cost: Tensor, weights: Tensor) -> Float[Tensor, ""]:
    """How hard a cost pulls at some weights."""
    gradient: Tensor = torch.autograd.grad(cost, weights, retain_graph=True)[0]
    return gradient.detach().float().square().sum().sqrt()


def average_processes(*numbers: Tensor) -> list[Tensor]:
    """Means over all training processes, so that all go on alike."""
    if distributed.is_available() and distributed.is_initialized():
        for values in numbers:
            distributed.all_reduce(values)
        return [values / distributed.get_world_size() for values in numbers]
    return list(numbers)
