"""Whether a run may be gone on with by another recipe."""

from collections.abc import Iterator
from typing import Any

from volumen.config import RunConfig
from volumen.errors import ConfigError

# What may change between a run and its resumption: how long, where and on what, never what is learnt or in which order.
FREE = (
    "training.max_epochs",
    "training.max_steps",
    "training.max_hours",
    "training.patience",
    "training.min_improvement",
    "training.stop_below",
    "training.keep_best",
    "training.keep_last",
    "training.previews",
    "training.threads",
    "data.root",
    "data.num_workers",
    "data.pin_memory",
    "data.cache_rate",
    "data.cache_bytes",
    "prediction",
    "decoding",
    "logger",
)


def check_same_run(before: RunConfig, now: RunConfig) -> None:
    """Raises when the recipe differs from the run's in more than length and place, naming every setting."""
    differing = [path for path in _compare(before.to_dict(), now.to_dict(), "") if not _is_free(path)]
    if differing:
        raise ConfigError(
            f"the run there was made with other settings ({', '.join(differing)}); "
            "resume it with its own, or choose another folder"
        )


def _compare(before: Any, now: Any, path: str) -> Iterator[str]:
    """Dotted paths of settings that differ."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in sorted(before.keys() | now.keys()):
            yield from _compare(before.get(key), now.get(key), f"{path}.{key}".lstrip("."))
    elif before != now:
        yield path


def _is_free(path: str) -> bool:
    return any(path == free or path.startswith(f"{free}.") for free in FREE)
