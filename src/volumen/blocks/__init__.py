"""Block plans as data, done-marks, and executors that carry them out."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volumen.blocks.plan import BlockPlan as BlockPlan
    from volumen.blocks.plan import BlockTask as BlockTask
    from volumen.blocks.plan import plan_blocks as plan_blocks
    from volumen.blocks.run import BlockSummary as BlockSummary
    from volumen.blocks.run import run_plan as run_plan

_HOMES = {"BlockPlan": "plan", "BlockSummary": "run", "BlockTask": "plan", "plan_blocks": "plan", "run_plan": "run"}
__all__ = ["BlockPlan", "BlockSummary", "BlockTask", "plan_blocks", "run_plan"]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f"volumen.blocks.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
