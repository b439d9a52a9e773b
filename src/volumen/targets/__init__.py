"""Targets: what each head learns, encoded from labels."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volumen.targets.plan import build_targets as build_targets
    from volumen.targets.plan import plan_heads as plan_heads
    from volumen.targets.semantic import BinaryTarget as BinaryTarget
    from volumen.targets.semantic import ClassesTarget as ClassesTarget
    from volumen.targets.target import IGNORE as IGNORE
    from volumen.targets.target import EncodedTarget as EncodedTarget
    from volumen.targets.target import Target as Target

_HOMES = {
    "IGNORE": "target",
    "BinaryTarget": "semantic",
    "ClassesTarget": "semantic",
    "EncodedTarget": "target",
    "Target": "target",
    "build_targets": "plan",
    "plan_heads": "plan",
}
__all__ = [
    "IGNORE",
    "BinaryTarget",
    "ClassesTarget",
    "EncodedTarget",
    "Target",
    "build_targets",
    "plan_heads",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f"volumen.targets.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
