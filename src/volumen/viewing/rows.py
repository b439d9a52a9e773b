"""Panels in a row on paper, each under its name, and below them what their colours mean."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import UInt8

from volumen.viewing.pictures import Panel
from volumen.viewing.sections import Key

if TYPE_CHECKING:
    from PIL import Image
    from PIL.ImageFont import FreeTypeFont, ImageFont

GAP = 6
CAPTION = 20
SWATCH = 12
PAPER, INK = (250, 250, 248), (40, 40, 44)


def draw_row(panels: Sequence[Panel], keys: Sequence[Key] = ()) -> "Image.Image":
    """One picture of all panels, side by side."""
    from PIL import Image, ImageDraw

    row, font = join_panels(panels), _load_font()
    lengths = [SWATCH + GAP + int(font.getlength(key.label)) + 3 * GAP for key in keys]
    width = max(row.shape[1], sum(lengths) + GAP)
    below = CAPTION if keys else 0
    picture = Image.new("RGB", (width, row.shape[0] + CAPTION + GAP + below), PAPER)
    picture.paste(Image.fromarray(row), (0, CAPTION))
    draw = ImageDraw.Draw(picture)
    left = GAP
    for panel in panels:
        draw.text((left, CAPTION // 2), panel.name, fill=INK, font=font, anchor="lm")
        left += panel.pixels.shape[1] + GAP
    left, middle = GAP, picture.height - CAPTION // 2 - 1
    for key, length in zip(keys, lengths, strict=True):
        draw.rectangle((left, middle - SWATCH // 2, left + SWATCH, middle + SWATCH // 2), fill=key.colour)
        draw.text((left + SWATCH + GAP, middle), key.label, fill=INK, font=font, anchor="lm")
        left += length
    return picture


def stack_rows(rows: "Sequence[Image.Image]") -> "Image.Image":
    """Rows below each other on paper."""
    from PIL import Image

    picture = Image.new("RGB", (max(row.width for row in rows), sum(row.height for row in rows)), PAPER)
    top = 0
    for row in rows:
        picture.paste(row, (0, top))
        top += row.height
    return picture


def join_panels(panels: Sequence[Panel]) -> UInt8[np.ndarray, "y x 3"]:
    """Pictures side by side on paper, a gap between them; lower ones end where they end."""
    height = max(panel.pixels.shape[0] for panel in panels)
    parts = [_fill_paper(height, GAP)]
    for panel in panels:
        below = _fill_paper(height - panel.pixels.shape[0], panel.pixels.shape[1])
        parts += [np.concatenate([panel.pixels, below]), _fill_paper(height, GAP)]
    return np.concatenate(parts, axis=1)


def _fill_paper(height: int, width: int) -> UInt8[np.ndarray, "y x 3"]:
    return np.broadcast_to(np.array(PAPER, np.uint8), (height, width, 3))


def _load_font() -> "FreeTypeFont | ImageFont":
    from PIL import ImageFont

    return ImageFont.load_default(size=13)
