"""Block plans as data: which boxes there are, and the settings every one of them is computed with."""

import hashlib
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from volumen.blocks.replace import dump_json
from volumen.errors import ShapeError
from volumen.geometry import Box, to_shape

_PLAIN_ID = re.compile(r"[\w-][\w.-]*")  # an id is a file name too


@dataclass(frozen=True)
class BlockTask:
    """One block: the unit that is computed, recorded and done again as a whole."""

    id: str
    box: Box


@dataclass(frozen=True)
class BlockPlan:
    """All blocks of a piece of work and the settings that decide what comes out of them.

    Args:
        tasks: blocks in the order they are started; ids differ and can name a file.
        config: plain JSON values; another config means another result.
    """

    tasks: tuple[BlockTask, ...]
    config: Mapping[str, object]

    def __post_init__(self) -> None:
        ids = [task.id for task in self.tasks]
        if len(set(ids)) < len(ids) or not all(map(_PLAIN_ID.fullmatch, ids)):
            raise ShapeError("block ids must differ and hold only letters, digits, '_', '-' and '.'")

    @property
    def hash(self) -> str:
        """Fingerprint of the config."""
        return hash_config(self.config)


def hash_config(config: Mapping[str, object]) -> str:
    """SHA-256 of the canonical JSON of plain values: the same for any order of keys."""
    return hashlib.sha256(dump_json(config).encode()).hexdigest()


def plan_blocks(
    shape: Sequence[int],
    block: Sequence[int],
    config: Mapping[str, object],
    *,
    chunks: Sequence[int] | None = None,
) -> BlockPlan:
    """Blocks that cover `shape` without overlap, z outermost, the last of an axis cut off at the end.

    Shape and block go into the plan's config under `blocks`: marks of another grid are never taken for this one's.

    Args:
        shape: what is covered.
        block: extent of a block.
        config: what else decides the result.
        chunks: what the output writes as a whole, chunks or shards; a block that would share one with its neighbour is
            refused, as two workers would then write to one file.
    """
    if min(block) < 1:
        raise ShapeError(f"a block needs at least one voxel on every axis; got {tuple(block)}")
    _check_borders(shape, block, chunks or (1, 1, 1))
    whole, extent = Box.whole(shape), to_shape(block)
    starts = itertools.product(*(range(0, end, step) for end, step in zip(shape, block, strict=True)))
    tasks = tuple(BlockTask("_".join(map(str, start)), Box.at(start, extent).clip(whole)) for start in starts)
    return BlockPlan(tasks, {**config, "blocks": {"shape": list(whole.shape), "block": list(extent)}})


def _check_borders(shape: Sequence[int], block: Sequence[int], chunks: Sequence[int]) -> None:
    """ShapeError when a border between blocks lies inside a chunk."""
    axes = zip(shape, block, chunks, strict=True)
    if any(edge < extent and edge % chunk for extent, edge, chunk in axes):
        raise ShapeError(f"blocks of {tuple(block)} cut through chunks or shards of {tuple(chunks)}; use multiples")
