"""Tables as HTML text: numbers to the right, the best and the worst of a column marked."""

import math
from collections.abc import Sequence
from html import escape

from volumen.viewing.curves import Number
from volumen.viewing.sections import Cell, Column, TableSection

THIN_SPACE = "\N{NARROW NO-BREAK SPACE}"
MISSING = "–"

Extremes = tuple[Number, Number] | None


def render_table(section: TableSection) -> str:
    """The table with its caption; only the table scrolls when it is wider than the page."""
    columns = list(zip(*section.rows, strict=True)) or [() for _ in section.columns]
    numeric = [not any(isinstance(value, str) for value in values) for values in columns]
    extremes = [find_extremes(column, values) for column, values in zip(section.columns, columns, strict=True)]
    titles = zip(section.columns, numeric, strict=True)
    head = "".join(_render_cell("th", column.title, number=number) for column, number in titles)
    body = "".join(_render_row(row, numeric, extremes) for row in section.rows)
    foot = "".join(_render_row(row, numeric, [None] * len(row)) for row in section.footer)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody>{_wrap('tfoot', foot)}</table>"
    marked = "The best of each column is bold, the worst underlined." if any(extremes) else ""
    caption = _wrap("figcaption", escape(f"{section.caption} {marked}".strip()))
    return f'<figure class="table"><div class="scroll">{table}</div>{caption}</figure>'


def format_cell(value: Cell) -> str:
    """A cell as text: thousands apart, three decimals, – for what is not a number."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return MISSING
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return f"{value:,}".replace(",", THIN_SPACE)
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    small = 0 < abs(value) < 1e-3  # noqa: PLR2004 - three decimals would show nothing
    return (f"{value:.2e}" if small else f"{value:,.3f}").replace(",", THIN_SPACE).replace("-", "−")


def find_extremes(column: Column, values: Sequence[Cell]) -> Extremes:
    """The best and the worst number of a column; None when the column has no better side or all are equal."""
    numbers = [value for value in values if isinstance(value, int | float) and not math.isnan(value)]
    if column.better is None or not numbers or min(numbers) == max(numbers):
        return None
    return (max(numbers), min(numbers)) if column.better == "high" else (min(numbers), max(numbers))


def _render_row(row: Sequence[Cell], numeric: Sequence[bool], extremes: Sequence[Extremes]) -> str:
    cells = (
        _render_cell("td", format_cell(value), number=number, rank=_rank(value, extreme))
        for value, number, extreme in zip(row, numeric, extremes, strict=True)
    )
    return f"<tr>{''.join(cells)}</tr>"


def _render_cell(tag: str, text: str, *, number: bool, rank: str = "") -> str:
    names = " ".join(name for name in ("number" if number else "", rank) if name)
    return f'<{tag} class="{names}">{escape(text)}</{tag}>' if names else f"<{tag}>{escape(text)}</{tag}>"


def _rank(value: Cell, extremes: Extremes) -> str:
    if extremes is None or value not in extremes:
        return ""
    return "best" if value == extremes[0] else "worst"


def _wrap(tag: str, content: str) -> str:
    return f"<{tag}>{content}</{tag}>" if content else ""
