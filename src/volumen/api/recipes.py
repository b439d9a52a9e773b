"""Verbs on recipes."""

from collections.abc import Sequence
from pathlib import Path

from volumen.config import RunConfig, format_yaml, read_recipe


def show_recipe(recipe: str | Path, overrides: Sequence[str] = ()) -> str:
    """A recipe as YAML with every setting that it leaves to a default filled in."""
    return format_yaml(read_recipe(recipe, overrides).to_dict())


def check_recipe(recipe: str | Path, overrides: Sequence[str] = ()) -> RunConfig:
    """The run that a recipe describes, its parts built and its losses tried; a ConfigError lists every fault."""
    from volumen.training import check_recipe as check

    config = read_recipe(recipe, overrides)
    check(config)
    return config


def settle_recipe(recipe: str | Path | RunConfig, data: str | Path | None, overrides: Sequence[str]) -> RunConfig:
    """The run that a recipe, its overrides and a folder of cases make together."""
    config = recipe if isinstance(recipe, RunConfig) else read_recipe(recipe, overrides)
    if data is None:
        return config
    return config.model_copy(update={"data": config.data.model_copy(update={"root": str(data)})})
