"""Weights of one network for another: what has the same name and shape, whatever heads either has."""

import logging
from dataclasses import asdict, dataclass

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from volumen.networks.network import Network
from volumen.networks.outputs import HeadModules

log = logging.getLogger(__name__)

# Out and in come before the axes of a kernel.
KERNEL_AXES = 2
LISTED = 20


@dataclass(frozen=True)
class Transfer:
    """What became of the weights of two networks, by their names in the target; those of a head bear its name.

    Args:
        loaded: taken over as they are.
        enlarged: kernels that were resized (UpKern, Roy et al. 2023).
        kept: as they were, for the source has none of that name.
        misshaped: as they were, for the source's are of another shape.
        unused: of the source, for the target has none of that name.
    """

    loaded: tuple[str, ...]
    enlarged: tuple[str, ...]
    kept: tuple[str, ...]
    misshaped: tuple[str, ...]
    unused: tuple[str, ...]

    def to_dict(self) -> dict[str, list[str]]:
        """Plain values for JSON."""
        return {name: list(values) for name, values in asdict(self).items()}

    def log(self, source: str) -> None:
        """Says what was and what was not taken over, a line each."""
        log.info("Warm start from %s: %d tensors loaded", source, len(self.loaded))
        for what, names in self.to_dict().items():
            if what != "loaded" and names:
                more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
                log.info("Warm start, %s: %s%s", what, ", ".join(names[:LISTED]), more)


@torch.no_grad()
def transfer_weights(source: Network, target: Network) -> Transfer:
    """What became of each weight; the target has those of the source that fit."""
    given, wanted = name_weights(source), name_weights(target)
    states: dict[str, str] = dict.fromkeys(wanted, "kept")
    for name in wanted.keys() & given.keys():
        states[name] = _fill(wanted[name], given[name])
    sorted_names = {
        state: tuple(name for name in wanted if states[name] == state)
        for state in ("loaded", "enlarged", "kept", "misshaped")
    }
    return Transfer(**sorted_names, unused=tuple(name for name in given if name not in wanted))


def name_weights(network: Network) -> dict[str, Tensor]:
    """Every weight by a name that is the same in a network with other heads: theirs instead of their numbers."""
    lists = [(path, module.names) for path, module in network.named_modules() if isinstance(module, HeadModules)]
    # Inner modules have longer paths; they come first, while the outer ones still have their numbers.
    lists.sort(key=lambda found: len(found[0]), reverse=True)
    weights = network.state_dict(keep_vars=True)
    return {_name_heads(key, lists): tensor for key, tensor in weights.items()}


def _name_heads(key: str, lists: list[tuple[str, tuple[str, ...]]]) -> str:
    """The name of a weight with what each module on its way is for, instead of the module's number."""
    for path, names in lists:
        if key.startswith(f"{path}."):
            number, rest = key.removeprefix(f"{path}.").split(".", 1)
            key = f"{path}.{names[int(number)]}.{rest}"
    return key


def _fill(wanted: Tensor, given: Tensor) -> str:
    """Copies one weight into another, and says how."""
    if wanted.shape == given.shape:
        wanted.copy_(given)
        return "loaded"
    if _is_kernel_of_another_size(wanted, given):
        mode = "bilinear" if wanted.ndim == KERNEL_AXES + 2 else "trilinear"
        wanted.copy_(interpolate(given.float(), wanted.shape[KERNEL_AXES:], mode=mode))
        return "enlarged"
    return "misshaped"


def _is_kernel_of_another_size(wanted: Tensor, given: Tensor) -> bool:
    """Whether both join the same channels, over larger and smaller windows of more than a voxel along every axis."""
    if wanted.ndim != given.ndim or wanted.ndim < KERNEL_AXES + 2:
        return False
    windows = (*wanted.shape[KERNEL_AXES:], *given.shape[KERNEL_AXES:])
    return wanted.shape[:KERNEL_AXES] == given.shape[:KERNEL_AXES] and all(edge > 1 and edge % 2 for edge in windows)
