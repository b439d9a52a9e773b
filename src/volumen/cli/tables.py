"""Plain tables for the terminal."""

import math
from collections.abc import Mapping


def print_table(rows: Mapping[str, Mapping[str, float]]) -> None:
    """Print one row a case, one column a score, numbers under their names."""
    columns = list(dict.fromkeys(name for scores in rows.values() for name in scores))
    first = max(map(len, ("case", *rows)))
    widths = {name: max(len(name), 7) for name in columns}
    print(f"{'case':<{first}}  " + "  ".join(f"{name:>{widths[name]}}" for name in columns))
    for case, scores in rows.items():
        cells = (f"{_format_score(scores.get(name, math.nan)):>{widths[name]}}" for name in columns)
        print(f"{case:<{first}}  " + "  ".join(cells))


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
