"""Which cases belong together: by a part of their name, or by a table."""

import csv
import re
from collections.abc import Iterable
from pathlib import Path

from volumen.errors import ConfigError, DataError, MissingError


def find_groups(names: Iterable[str], group: str) -> dict[str, str]:
    r"""The group of every case name.

    Args:
        names: the cases.
        group: a regular expression whose first group, found anywhere in the name, is the case's group
            (`^(\d+)_` takes the digits before the first underscore); or the path of a CSV file, ending in `.csv`,
            with the columns `name` and `group`.
    """
    return _read_table(names, Path(group)) if group.lower().endswith(".csv") else _match_names(names, group)


def _match_names(names: Iterable[str], pattern: str) -> dict[str, str]:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise ConfigError(f"data.group {pattern!r} is no regular expression: {error}") from error
    if not compiled.groups:
        raise ConfigError(f"data.group {pattern!r} needs a part in brackets that is the group, as in '^([^_]+)_'")
    found = {name: compiled.search(name) for name in names}
    missed = [name for name, match in found.items() if match is None or not match[1]]
    if missed:
        raise DataError(f"data.group {pattern!r} finds no group in the name of {', '.join(missed)}")
    return {name: match[1] for name, match in found.items() if match is not None}


def _read_table(names: Iterable[str], path: Path) -> dict[str, str]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except FileNotFoundError as error:
        raise MissingError(f"data.group names a table that is not there: {path}") from error
    if not rows or not {"name", "group"} <= rows[0].keys():
        raise DataError(f"{path} needs a first line with the columns name and group, then a line a case")
    table = {row["name"]: row["group"] for row in rows}
    missed = [name for name in names if not table.get(name)]
    if missed:
        raise DataError(f"{path} gives no group for {', '.join(missed)}; add a line for each")
    return {name: table[name] for name in names}
