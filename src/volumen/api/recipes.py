"""Verbs on recipes."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from volumen.config import format_yaml, read_recipe

if TYPE_CHECKING:
    pass


def show_recipe(recipe: str | Path, overrides: Sequence[str] = ()) -> str:
    """A recipe as YAML with every setting that it leaves to a default filled in."""
    return format_yaml(read_recipe(recipe, overrides).to_dict())
