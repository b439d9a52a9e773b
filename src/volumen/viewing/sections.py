"""What a report is made of, as plain data: figures, charts, pictures, tables, words."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import UInt8

from volumen.viewing.curves import Chart
from volumen.viewing.palette import Colour

Cell = str | int | float | None


@dataclass(frozen=True)
class Figure:
    """One number worth a large type: what it is, its value, a word on it."""

    label: str
    value: str
    note: str = ""
    strong: bool = False


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture and what is seen on it."""

    pixels: UInt8[np.ndarray, "y x 3"]
    caption: str


@dataclass(frozen=True)
class Key:
    """What a colour of the pictures means."""

    label: str
    colour: Colour


@dataclass(frozen=True)
class Column:
    """A column of a table, and which of its numbers are the better ones."""

    title: str
    better: Literal["high", "low"] | None = None


@dataclass(frozen=True)
class CurveSection:
    """Charts side by side."""

    title: str
    charts: tuple[Chart, ...]
    text: str = ""


@dataclass(frozen=True)
class PictureSection:
    """Rows of pictures with a key to their colours and one caption."""

    title: str
    rows: tuple[tuple[Picture, ...], ...]
    keys: tuple[Key, ...] = ()
    caption: str = ""
    text: str = ""


@dataclass(frozen=True)
class TableSection:
    """A table; `footer` rows (means) stand apart and take no part in best and worst."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    footer: tuple[tuple[Cell, ...], ...] = ()
    caption: str = ""
    text: str = ""


@dataclass(frozen=True)
class TextSection:
    """Paragraphs, or a file as it stands; folded away when asked."""

    title: str
    text: str
    verbatim: bool = False
    folded: bool = False


Section = CurveSection | PictureSection | TableSection | TextSection


@dataclass(frozen=True)
class Report:
    """A title, one sentence that says how it went, a few large numbers, and sections in order."""

    title: str
    lead: str
    figures: tuple[Figure, ...] = ()
    sections: tuple[Section, ...] = ()

    def extend(self, sections: Sequence[Section]) -> "Report":
        """The report with more sections at its end."""
        return replace(self, sections=(*self.sections, *sections))
