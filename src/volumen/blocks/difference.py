"""What differs between two trees of plain values."""

import json
from collections.abc import Iterator, Mapping

_ABSENT = object()


def list_differences(old: Mapping[str, object], new: Mapping[str, object]) -> list[str]:
    """A line `dotted.path: old → new` for every value that differs, in order of the paths."""
    return list(_compare("", old, new))


def _compare(path: str, old: object, new: object) -> Iterator[str]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted(old.keys() | new.keys()):
            yield from _compare(f"{path}.{key}" if path else key, old.get(key, _ABSENT), new.get(key, _ABSENT))
    elif _show(old) != _show(new):
        yield f"{path}: {_show(old)} → {_show(new)}"


def _show(value: object) -> str:
    """As JSON, where 1 and 1.0 differ as they do in a hash."""
    return "(absent)" if value is _ABSENT else json.dumps(value, sort_keys=True, ensure_ascii=False)
