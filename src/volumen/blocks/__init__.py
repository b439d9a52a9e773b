"""Larger-than-memory work as data: plans of blocks, done-marks, and who carries them out."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volumen.blocks.ahead import run_ahead as run_ahead
    from volumen.blocks.dask import Dask as Dask
    from volumen.blocks.difference import list_differences as list_differences
    from volumen.blocks.executors import Executor as Executor
    from volumen.blocks.executors import Serial as Serial
    from volumen.blocks.executors import Work as Work
    from volumen.blocks.executors import Workforce as Workforce
    from volumen.blocks.executors import choose_executor as choose_executor
    from volumen.blocks.lock import hold_lock as hold_lock
    from volumen.blocks.marks import open_marks as open_marks
    from volumen.blocks.plan import BlockPlan as BlockPlan
    from volumen.blocks.plan import BlockTask as BlockTask
    from volumen.blocks.plan import hash_config as hash_config
    from volumen.blocks.plan import plan_blocks as plan_blocks
    from volumen.blocks.processes import Processes as Processes
    from volumen.blocks.replace import replace_path as replace_path
    from volumen.blocks.replace import write_json as write_json
    from volumen.blocks.run import BlockSummary as BlockSummary
    from volumen.blocks.run import list_unfinished as list_unfinished
    from volumen.blocks.run import refuse_running as refuse_running
    from volumen.blocks.run import run_plan as run_plan

_HOMES = {
    "BlockPlan": "plan",
    "BlockSummary": "run",
    "BlockTask": "plan",
    "Dask": "dask",
    "Executor": "executors",
    "Processes": "processes",
    "Serial": "executors",
    "Work": "executors",
    "Workforce": "executors",
    "choose_executor": "executors",
    "hash_config": "plan",
    "hold_lock": "lock",
    "list_differences": "difference",
    "list_unfinished": "run",
    "open_marks": "marks",
    "plan_blocks": "plan",
    "refuse_running": "run",
    "replace_path": "replace",
    "run_ahead": "ahead",
    "run_plan": "run",
    "write_json": "replace",
}
__all__ = [
    "BlockPlan",
    "BlockSummary",
    "BlockTask",
    "Dask",
    "Executor",
    "Processes",
    "Serial",
    "Work",
    "Workforce",
    "choose_executor",
    "hash_config",
    "hold_lock",
    "list_differences",
    "list_unfinished",
    "open_marks",
    "plan_blocks",
    "refuse_running",
    "replace_path",
    "run_ahead",
    "run_plan",
    "write_json",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f"volumen.blocks.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
