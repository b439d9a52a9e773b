"""Single 2D pictures: PNG and JPEG; what their pixels mean as voxels."""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from jaxtyping import Shaped

from volumen.errors import FormatError

if TYPE_CHECKING:
    from PIL import Image

SUFFIXES = (".png", ".jpg", ".jpeg")

Kind = Literal["one bit", "grey", "colour"]

_MOST_RATIO = 1100  # deflate cannot pack more; JPEG's emptiest blocks take as many bits


@dataclass(frozen=True)
class Head:
    """What a picture says of itself before it is decoded.

    Args:
        shape: rows and columns.
        dtype: of its voxels.
        kind: whether a pixel is one bit, one number or a colour.
    """

    shape: tuple[int, int]
    dtype: np.dtype
    kind: Kind


def read_head(path: Path) -> Head:
    """What a picture says of itself; only its first bytes are read."""
    with path.open("rb") as file:
        picture = _open(file, path)
        width, height = picture.size
        claimed, size = width * height, path.stat().st_size
        if claimed > _MOST_RATIO * 8 * size:
            raise FormatError(f"{path} is damaged: {size} bytes cannot hold {height} × {width} pixels")
        if picture.mode == "1":
            return Head((height, width), np.dtype(np.uint8), "one bit")
        deep = picture.mode.startswith("I")
        kind: Kind = "grey" if deep or picture.mode in {"L", "P"} else "colour"
        return Head((height, width), np.dtype(np.uint16 if deep else np.uint8), kind)


def decode_picture(path: Path, *, bright: int = 1, channel: int | None = None) -> Shaped[np.ndarray, "y x"]:
    """The picture's numbers.

    Grey is as stored. Of colours without hue the brightness is taken, on black where they are transparent, so that
    white on nothing is 255; other colours are refused unless a channel is chosen. A palette of greys gives the greys,
    any other the numbers of its entries, which are labels.

    Args:
        path: a PNG or JPEG.
        bright: what a set bit becomes.
        channel: which of red, green, blue and alpha is taken of a colour.
    """
    with path.open("rb") as file:
        picture = _open(file, path)
        picture.load()
        if picture.mode == "1":
            return np.asarray(picture).astype(np.uint8) * np.uint8(bright)
        if picture.mode == "P":
            return _read_palette(picture)
        if picture.mode.startswith("I"):
            return np.asarray(picture).astype(np.uint16)
        if picture.mode == "L":
            return np.asarray(picture)
        return _read_colours(picture, path, channel)


def _open(file: Any, path: Path) -> "Image.Image":
    """The picture, not decoded: Pillow's own opener refuses large ones, which slices of volumes may be."""
    from PIL.JpegImagePlugin import JpegImageFile
    from PIL.PngImagePlugin import PngImageFile

    begin = file.read(26)
    file.seek(0)
    if begin.startswith(b"\x89PNG\r\n\x1a\n"):
        if len(begin) == 26 and struct.unpack(">BB", begin[24:26]) in {(16, 2), (16, 4), (16, 6)}:  # noqa: PLR2004
            raise FormatError(f"{path}: colours of 16 bits are not read; save it as grey of 16 bits")
        return PngImageFile(file)
    if begin.startswith(b"\xff\xd8"):
        return JpegImageFile(file)
    raise FormatError(f"{path} is no PNG or JPEG: its first bytes are {begin[:4]!r}" if begin else f"{path} is empty")


def _read_palette(picture: "Image.Image") -> Shaped[np.ndarray, "y x"]:
    numbers = np.asarray(picture)
    palette = np.array(picture.getpalette() or [], np.uint8).reshape(-1, 3)
    is_grey = bool(len(palette)) and bool((palette == palette[:, :1]).all())
    if not is_grey:
        return numbers
    if int(numbers.max(initial=0)) >= len(palette):
        raise ValueError(f"its palette has {len(palette)} entries and a pixel the number {numbers.max()}")
    greys: Shaped[np.ndarray, " n"] = palette[:, 0]
    return np.take(greys, numbers)


def _read_colours(picture: "Image.Image", path: Path, channel: int | None) -> Shaped[np.ndarray, "y x"]:
    bands = np.asarray(picture.convert("RGBA"))
    if channel is not None:
        if channel >= bands.shape[-1]:
            raise FormatError(f"{path}: colours have the channels 0 to 3 (red, green, blue, alpha); got {channel}")
        chosen: Shaped[np.ndarray, "y x"] = bands[..., channel]
        return chosen
    colours, alpha = bands[..., :3], bands[..., 3]
    if not ((colours == colours[..., :1]).all(axis=-1) | (alpha == 0)).all():
        raise FormatError(f"{path} has colours; choose one as ?channel=0, or save it as grey")
    shown: Shaped[np.ndarray, "y x"] = colours[..., 0].astype(np.uint16) * alpha // 255
    return shown.astype(np.uint8)
