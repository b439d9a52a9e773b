"""Plain tables for the terminal."""

import math
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence

LEAST_WIDTH = 7  # 12.3456


def print_table(rows: Mapping[str, Mapping[str, float]], *, width: int | None = None) -> None:
    """Print one row a case, one column a score, numbers under their names; too many columns go on below.

    Args:
        rows: scores by case.
        width: characters of a line; the terminal's when not said, and no bound where nobody watches.
    """
    columns = list(dict.fromkeys(name for scores in rows.values() for name in scores))
    first = max(map(len, ("case", *rows)))
    room = _measure_room() if width is None else width
    for number, block in enumerate(_split_columns(columns, first, room)):
        if number:
            print()
        _print_block(rows, block, first)


def _print_block(rows: Mapping[str, Mapping[str, float]], columns: Sequence[str], first: int) -> None:
    print(f"{'case':<{first}}  " + "  ".join(f"{name:>{_find_width(name)}}" for name in columns))
    for case, scores in rows.items():
        cells = (f"{_format_score(scores.get(name, math.nan)):>{_find_width(name)}}" for name in columns)
        print(f"{case:<{first}}  " + "  ".join(cells))


def _split_columns(columns: Sequence[str], first: int, room: int) -> Iterator[list[str]]:
    """As many columns as fit beside the first, at least one."""
    block, used = list[str](), first
    for name in columns:
        if block and used + 2 + _find_width(name) > room:
            yield block
            block, used = [], first
        block.append(name)
        used += 2 + _find_width(name)
    yield block


def _find_width(name: str) -> int:
    return max(len(name), LEAST_WIDTH)


def _measure_room() -> int:
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize


def format_seconds(seconds: float) -> str:
    """A time as people say it: 12.3 s, 4 min 05 s, 1 h 02 min."""
    if seconds < 60:  # noqa: PLR2004 - seconds in a minute
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:  # noqa: PLR2004 - minutes in an hour
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def _format_score(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.4f}"
