"""Which blocks there are and what makes a run's result what it is, as plain data."""

import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from volumen.geometry import Box, Shape


@dataclass(frozen=True)
class BlockTask:
    """One unit of work: a name that is a file name too, and the voxels it writes."""

    id: str
    box: Box


@dataclass(frozen=True)
class BlockPlan:
    """Tasks that cover a volume once, and the settings that every one of them is done with."""

    tasks: tuple[BlockTask, ...]
    config: Mapping[str, Any]

    @cached_property
    def hash(self) -> str:
        """Sixteen digits that differ where any setting does."""
        return hashlib.sha256(json.dumps(self.config, sort_keys=True).encode()).hexdigest()[:16]


def plan_blocks(shape: Shape, block: Shape, config: Mapping[str, Any]) -> BlockPlan:
    """A plan of blocks that cover a volume of `shape`; the last along each axis may be smaller."""
    volume = Box.whole(shape)
    starts = [range(0, extent, edge) for extent, edge in zip(shape, block, strict=True)]
    boxes = (Box.at(start, block).clip(volume) for start in itertools.product(*starts))
    return BlockPlan(tuple(BlockTask("z{}_y{}_x{}".format(*box.start), box) for box in boxes), config)


def describe_difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """The settings that differ, as `path: old → new`."""
    before, after = dict(_flatten(old)), dict(_flatten(new))
    changed = [key for key in before | after if before.get(key) != after.get(key)]
    return ", ".join(f"{key}: {before.get(key)} → {after.get(key)}" for key in changed)


def _flatten(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
