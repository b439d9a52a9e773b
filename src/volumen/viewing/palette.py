"""The colours of pictures, charts and pages: few, and apart for every kind of colour vision."""

import colorsys

import numpy as np
from jaxtyping import Integer, UInt8

Colour = tuple[int, int, int]

# Blue, vermilion and yellow lie at least 24 apart (CIEDE2000) from each other and from mid grey, for normal and for
# red-, green- and blue-blind sight (Machado 2009); green would merge with vermilion for one man in twelve.
TRUTH: Colour = (59, 158, 255)
PREDICTION: Colour = (213, 94, 0)
AGREEMENT: Colour = (255, 225, 77)
UNSEEN: Colour = (225, 225, 225)  # predicted where nobody looked

# One turn of the colour wheel a voxel id, by the golden ratio: ids that follow each other lie far apart.
_GOLDEN = 0.6180339887498949
_INSTANCE_COLOURS = 256


def format_hex(colour: Colour) -> str:
    """A colour as HTML writes it."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def colour_instances(labels: Integer[np.ndarray, "y x"]) -> UInt8[np.ndarray, "y x 3"]:
    """A colour for every id, the same for the same id in every picture; 0 is black."""
    scattered = (labels.astype(np.uint64) % np.uint64(_INSTANCE_COLOURS)).astype(np.intp)
    colours: UInt8[np.ndarray, "y x 3"] = np.where((labels != 0)[..., None], _list_colours()[scattered], 0)
    return colours


def _list_colours() -> UInt8[np.ndarray, "n 3"]:
    wheel = (
        colorsys.hsv_to_rgb(index * _GOLDEN % 1, 0.55 + 0.15 * (index % 3), 1 - 0.12 * (index % 4))
        for index in range(_INSTANCE_COLOURS)
    )
    return np.array([[round(255 * part) for part in colour] for colour in wheel], np.uint8)
