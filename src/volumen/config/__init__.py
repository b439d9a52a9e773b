"""Recipes: read, checked with every fault at once, resolved and written back."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volumen.config import files as files
    from volumen.config.check import SUPPLIED as SUPPLIED
    from volumen.config.check import gather_faults as gather_faults
    from volumen.config.check import join_path as join_path
    from volumen.config.check import walk_components as walk_components
    from volumen.config.component import Component as Component
    from volumen.config.component import WeightedComponent as WeightedComponent
    from volumen.config.component import build_component as build_component
    from volumen.config.component import check_component as check_component
    from volumen.config.component import set_options as set_options
    from volumen.config.datasets import KEPT as KEPT
    from volumen.config.datasets import REST as REST
    from volumen.config.datasets import CaseSection as CaseSection
    from volumen.config.datasets import DatasetSection as DatasetSection
    from volumen.config.datasets import ValuesSection as ValuesSection
    from volumen.config.plain_yaml import format_yaml as format_yaml
    from volumen.config.recipes import copy_recipe as copy_recipe
    from volumen.config.recipes import find_recipe as find_recipe
    from volumen.config.recipes import list_recipes as list_recipes
    from volumen.config.recipes import parse_config as parse_config
    from volumen.config.recipes import read_config as read_config
    from volumen.config.recipes import read_recipe as read_recipe
    from volumen.config.recipes import read_steps as read_steps
    from volumen.config.recipes import write_config as write_config
    from volumen.config.recipes import write_steps as write_steps
    from volumen.config.schema import DataSection as DataSection
    from volumen.config.schema import DecodedSection as DecodedSection
    from volumen.config.schema import HeadSection as HeadSection
    from volumen.config.schema import LayersSection as LayersSection
    from volumen.config.schema import RunConfig as RunConfig
    from volumen.config.schema import TrainingSection as TrainingSection
    from volumen.config.section import Lengths as Lengths

_HOMES = {
    "CaseSection": "datasets",
    "Component": "component",
    "DataSection": "schema",
    "DecodedSection": "schema",
    "DatasetSection": "datasets",
    "HeadSection": "schema",
    "KEPT": "datasets",
    "LayersSection": "schema",
    "Lengths": "section",
    "REST": "datasets",
    "RunConfig": "schema",
    "SUPPLIED": "check",
    "TrainingSection": "schema",
    "ValuesSection": "datasets",
    "WeightedComponent": "component",
    "build_component": "component",
    "check_component": "component",
    "copy_recipe": "recipes",
    "find_recipe": "recipes",
    "format_yaml": "plain_yaml",
    "gather_faults": "check",
    "join_path": "check",
    "list_recipes": "recipes",
    "parse_config": "recipes",
    "read_config": "recipes",
    "read_recipe": "recipes",
    "set_options": "component",
    "read_steps": "recipes",
    "walk_components": "check",
    "write_config": "recipes",
    "write_steps": "recipes",
}
__all__ = [
    "KEPT",
    "REST",
    "SUPPLIED",
    "CaseSection",
    "Component",
    "DataSection",
    "DatasetSection",
    "DecodedSection",
    "HeadSection",
    "LayersSection",
    "Lengths",
    "RunConfig",
    "TrainingSection",
    "ValuesSection",
    "WeightedComponent",
    "build_component",
    "check_component",
    "copy_recipe",
    "files",
    "find_recipe",
    "format_yaml",
    "gather_faults",
    "join_path",
    "list_recipes",
    "parse_config",
    "read_config",
    "read_recipe",
    "read_steps",
    "set_options",
    "walk_components",
    "write_config",
    "write_steps",
]


def __getattr__(name: str) -> object:
    if name == "files":
        return import_module("volumen.config.files")
    if name in _HOMES:
        return getattr(import_module(f"volumen.config.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
