"""What ends a run early: a loss that is no number, memory that is not there, a monitor that nobody measures."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch

from volumen.config import RunConfig
from volumen.errors import ConfigError, DivergedError, MemoryBudgetError, suggest_nearest
from volumen.metrics import is_lower_better

# What torch says on the CPU, where it has no error class for it.
CPU_MEMORY = ("not enough memory", "can't allocate memory", "cannot allocate memory")


def check_finite(losses: Mapping[str, float], config: RunConfig, *, where: str) -> None:
    """Raises when a loss is no longer a number, saying what to try."""
    bad = [name for name, value in losses.items() if not math.isfinite(value)]
    if bad:
        numbers = ", ".join(f"{name} is {losses[name]}" for name in bad)
        raise DivergedError(f"{numbers} {where}; {_suggest_cure(config)}")


@contextmanager
def explain_memory_errors(config: RunConfig) -> Iterator[None]:
    """Turns every way of running out of memory into one that says what to lower."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise _describe_memory(config, str(error)) from error
    except RuntimeError as error:
        if not any(sign in str(error).lower() for sign in CPU_MEMORY):
            raise
        raise _describe_memory(config, str(error)) from error


def prefers_less(monitor: str, losses: Sequence[str]) -> bool:
    """Whether less of the monitored number is better: losses, and the scores that count errors."""
    return monitor in losses or is_lower_better(monitor.rpartition("/")[2].partition("@")[0])


def check_monitor(monitor: str, known: Sequence[str]) -> None:
    """Raises when nothing of that name is measured, listing what there is."""
    if monitor not in known:
        raise ConfigError(
            f"training.monitor={monitor!r} is not measured ({suggest_nearest(monitor, known)}); "
            f"there are {', '.join(known)}"
        )


def _suggest_cure(config: RunConfig) -> str:
    lr = config.optimizer.options.get("lr")
    tries = [f"lower optimizer.lr (it is {lr:g})" if isinstance(lr, int | float) else "lower optimizer.lr"]
    clip = config.training.gradient_clip_val
    tries.append(
        "set training.gradient_clip_val=1.0" if clip is None else f"lower training.gradient_clip_val ({clip:g})"
    )
    if config.training.precision != "32-true":
        tries.append("set training.precision=32-true")
    return f"{', '.join(tries)}, and go on from the last good epoch with --resume or start anew"


def _describe_memory(config: RunConfig, message: str) -> MemoryBudgetError:
    patch = "×".join(map(str, config.data.patch_size))
    first = message.strip().splitlines()[0][:160] if message.strip() else "no memory left"
    return MemoryBudgetError(
        f"out of memory ({first}); lower data.batch_size (it is {config.data.batch_size}), data.patch_size ({patch}) "
        "or network.features, or set training.precision=bf16-mixed"
    )
