"""Recipes: read, checked with every fault at once, resolved and written back."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volumen.config import files as files
    from volumen.config.component import Component as Component
    from volumen.config.component import WeightedComponent as WeightedComponent
    from volumen.config.component import build_component as build_component
    from volumen.config.component import check_component as check_component
    from volumen.config.schema import HeadSection as HeadSection
    from volumen.config.schema import RunConfig as RunConfig

_HOMES = {
    "Component": "component",
    "HeadSection": "schema",
    "RunConfig": "schema",
    "WeightedComponent": "component",
    "build_component": "component",
    "check_component": "component",
}
__all__ = ["Component", "HeadSection", "RunConfig", "WeightedComponent", "build_component", "check_component", "files"]


def __getattr__(name: str) -> object:
    if name == "files":
        return import_module("volumen.config.files")
    if name in _HOMES:
        return getattr(import_module(f"volumen.config.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
