"""Layers of settings laid over each other, remembering which one said what."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from volumen.config.plain_yaml import parse_yaml
from volumen.errors import ConfigError

Path = tuple[str | int, ...]


@dataclass
class Layers:
    """Values merged so far, and for each path the source that set it last."""

    values: dict[str, Any] = field(default_factory=dict)
    sources: dict[Path, str] = field(default_factory=dict)

    def lay(self, values: dict[str, Any], source: str) -> None:
        """Put a mapping over what is there: mappings merge, everything else replaces."""
        self.values = _merge(self.values, values)
        self._remember((), values, source)

    def override(self, assignment: str) -> None:
        """Put one `a.b=value` over what is there; the value is YAML, an index reaches into a list."""
        dotted, equals, text = assignment.partition("=")
        if not equals or not dotted.strip():
            raise ConfigError(f"an override is written key.sub=value; got {assignment!r}")
        source = f"override {assignment!r}"
        path = tuple(int(part) if part.isdigit() else part for part in dotted.strip().split("."))
        value = parse_yaml(text, source)
        self.values = _set_at(self.values, path, value, source)
        self._remember(path, value, source)

    def find_source(self, path: Path) -> str:
        """Which file or override said what stands at `path`, or nearest above it."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.sources:
                return self.sources[path[:end]]
        return next(iter(self.sources.values()), "recipe")

    def _remember(self, path: Path, value: object, source: str) -> None:
        if path:
            self.sources[path] = source
        children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, child in children:
            self._remember((*path, key), child, source)


def _merge(below: Any, above: Any) -> Any:
    """`above` laid over `below`; a component of another name replaces the one below with all its options."""
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above
    if "name" in above and above["name"] != below.get("name"):
        return above
    return below | {key: _merge(below.get(key), value) for key, value in above.items()}


def _set_at(values: Any, path: Sequence[str | int], value: object, source: str) -> Any:
    if not path:
        return _merge(values, value) if isinstance(value, dict) else value
    head, rest = path[0], path[1:]
    if isinstance(values, list):
        if not isinstance(head, int) or head >= len(values):
            raise ConfigError(f"{source}: a list of {len(values)} entries has no entry {head!r}; count from 0")
        return [_set_at(entry, rest, value, source) if at == head else entry for at, entry in enumerate(values)]
    if isinstance(values, str) and head != "name":
        values = {"name": values}  # a name alone stands for {name: …}
    inner = values if isinstance(values, dict) else {}
    return inner | {str(head): _set_at(inner.get(str(head)), rest, value, source)}
