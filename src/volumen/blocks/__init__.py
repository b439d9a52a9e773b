"""Larger-than-memory work as data: plans of blocks, done-marks, and who carries them out."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volumen.blocks.difference import list_differences as list_differences
    from volumen.blocks.plan import BlockPlan as BlockPlan
    from volumen.blocks.plan import BlockTask as BlockTask
    from volumen.blocks.plan import hash_config as hash_config
    from volumen.blocks.plan import plan_blocks as plan_blocks
    from volumen.blocks.replace import replace_path as replace_path
    from volumen.blocks.replace import write_json as write_json
    from volumen.blocks.run import BlockSummary as BlockSummary
    from volumen.blocks.run import list_unfinished as list_unfinished
    from volumen.blocks.run import run_plan as run_plan

_HOMES = {
    "BlockPlan": "plan",
    "BlockSummary": "run",
    "BlockTask": "plan",
    "hash_config": "plan",
    "list_differences": "difference",
    "list_unfinished": "run",
    "plan_blocks": "plan",
    "replace_path": "replace",
    "run_plan": "run",
    "write_json": "replace",
}
__all__ = [
    "BlockPlan",
    "BlockSummary",
    "BlockTask",
    "hash_config",
    "list_differences",
    "list_unfinished",
    "plan_blocks",
    "replace_path",
    "run_plan",
    "write_json",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f"volumen.blocks.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
