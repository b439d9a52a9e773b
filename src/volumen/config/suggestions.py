"""What goes with a target where a recipe does not say."""

from typing import Any, Literal

from volumen.config.component import Component
from volumen.errors import UnknownNameError
from volumen.registry import load_named

# A target that no table knows is a fault of the recipe, told with all others once they are checked; until then it has
# losses as any other.
STANDING_IN = {"losses": ["cross_entropy"], "decoding": ["threshold"]}


def suggest(what: Literal["losses", "decoding"], target: object) -> list[Any]:
    """Components as recipes write them; none where the target suggests none, or is no component at all."""
    name = _read_name(target)
    if name is None:
        return []
    try:
        return list(getattr(load_named("target", name), what, ()))
    except UnknownNameError:
        return STANDING_IN[what]


def _read_name(target: object) -> str | None:
    if isinstance(target, Component):
        return target.name
    name = target.get("name") if isinstance(target, dict) else target
    return name if isinstance(name, str) else None
