"""A report as HTML text: every word escaped, pictures inside, nothing fetched."""

import base64
import io
import math
from collections.abc import Iterator, Sequence
from html import escape
from importlib import resources

import numpy as np
from jaxtyping import UInt8

from volumen.viewing.curves import Chart, draw_chart
from volumen.viewing.palette import format_hex
from volumen.viewing.sections import (
    CurveSection,
    Figure,
    Picture,
    PictureSection,
    Report,
    Section,
    TableSection,
    TextSection,
)
from volumen.viewing.tables import render_table

PICTURE_BYTES = 2_000_000  # of all pictures together; base64 makes them a third longer
SHRINK = 0.9  # aim a little below the budget, for noise packs worse when it is shrunk
FEW_SECTIONS = 3  # a page with more has a table of contents

Encoded = dict[int, bytes]


def render_page(report: Report) -> str:
    """The whole page."""
    encoded = encode_pictures(list(_list_pictures(report)))
    style = resources.files("volumen.viewing").joinpath("report.css").read_text(encoding="utf-8")
    body = "".join(
        f'<section id="s{index}">{_render_section(section, encoded)}</section>'
        for index, section in enumerate(report.sections)
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(report.title)}</title><style>{style}</style></head><body><main>"
        f"{_render_header(report)}{body}</main></body></html>\n"
    )


def encode_pictures(pictures: Sequence[Picture], most_bytes: int = PICTURE_BYTES) -> Encoded:
    """PNG files by the identity of the picture; all shrunk alike until together they fit."""
    scale, encoded = 1.0, {id(picture): encode_png(picture.pixels) for picture in pictures}
    while (total := sum(map(len, encoded.values()))) > most_bytes:
        scale *= SHRINK * min(1.0, math.sqrt(most_bytes / total))
        encoded = {id(picture): encode_png(picture.pixels, scale) for picture in pictures}
    return encoded


def encode_png(pixels: UInt8[np.ndarray, "y x 3"], scale: float = 1.0) -> bytes:
    """A PNG of at most 256 colours."""
    from PIL import Image

    image = Image.fromarray(pixels)
    if scale < 1:
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        image = image.resize(size, Image.Resampling.BOX)
    buffer = io.BytesIO()
    image.quantize(256, dither=Image.Dither.NONE).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def _list_pictures(report: Report) -> Iterator[Picture]:
    for section in report.sections:
        if isinstance(section, PictureSection):
            yield from (picture for row in section.rows for picture in row)


def _render_header(report: Report) -> str:
    figures = "".join(map(_render_figure, report.figures))
    links = "".join(
        f'<li><a href="#s{index}">{escape(section.title)}</a></li>' for index, section in enumerate(report.sections)
    )
    return (
        f'<header><p class="kicker">volumen</p><h1>{escape(report.title)}</h1><p class="lead">{escape(report.lead)}</p>'
        + (f'<dl class="figures">{figures}</dl>' if figures else "")
        + (f"<nav><ul>{links}</ul></nav>" if len(report.sections) > FEW_SECTIONS else "")
        + "</header>"
    )


def _render_figure(figure: Figure) -> str:
    note = f'<dd class="note">{escape(figure.note)}</dd>' if figure.note else ""
    kind = ' class="strong"' if figure.strong else ""
    return f'<div{kind}><dt>{escape(figure.label)}</dt><dd class="value">{escape(figure.value)}</dd>{note}</div>'


def _render_section(section: Section, encoded: Encoded) -> str:
    heading = f"<h2>{escape(section.title)}</h2>"
    match section:
        case CurveSection():
            charts = "".join(map(_render_chart, section.charts))
            return f'{heading}{_render_text(section.text)}<div class="charts">{charts}</div>'
        case PictureSection():
            return f"{heading}{_render_text(section.text)}{_render_pictures(section, encoded)}"
        case TableSection():
            return f"{heading}{_render_text(section.text)}{render_table(section)}"
        case TextSection():
            return _render_words(section, heading)


def _render_text(text: str) -> str:
    """Paragraphs, parted by empty lines."""
    return "".join(f"<p>{escape(paragraph)}</p>" for paragraph in text.split("\n\n") if paragraph.strip())


def _render_words(section: TextSection, heading: str) -> str:
    words = f"<pre>{escape(section.text)}</pre>" if section.verbatim else _render_text(section.text)
    return f"<details><summary>{heading}</summary>{words}</details>" if section.folded else heading + words


def _render_chart(chart: Chart) -> str:
    caption = f"<figcaption>{escape(chart.caption)}</figcaption>" if chart.caption else ""
    scale = ' <span class="scale">log scale</span>' if chart.log else ""
    return f'<figure class="chart"><h3>{escape(chart.title)}{scale}</h3>{draw_chart(chart)}{caption}</figure>'


def _render_pictures(section: PictureSection, encoded: Encoded) -> str:
    rows = "".join(_render_pictures_row(row, encoded) for row in section.rows)
    keys = "".join(
        f'<li><i class="swatch" style="background:{format_hex(key.colour)}"></i>{escape(key.label)}</li>'
        for key in section.keys
    )
    legend = f'<ul class="legend">{keys}</ul>' if keys else ""
    caption = f"<figcaption>{escape(section.caption)}</figcaption>" if section.caption else ""
    return f'<figure class="pictures">{legend}{rows}{caption}</figure>'


def _render_pictures_row(row: Sequence[Picture], encoded: Encoded) -> str:
    pictures = "".join(_render_picture(picture, encoded[id(picture)]) for picture in row)
    return f'<div class="row n{len(row)}">{pictures}</div>'


def _render_picture(picture: Picture, png: bytes) -> str:
    height, width = picture.pixels.shape[:2]
    data = base64.b64encode(png).decode("ascii")
    text = escape(picture.caption)
    return (
        f'<div class="picture"><img width="{width}" height="{height}" alt="{text}" '
        f'src="data:image/png;base64,{data}"><p>{text}</p></div>'
    )
