"""Slices as pictures: grey with robust contrast, truth and prediction over it, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float32, Integer, Shaped, UInt8

from volumen.viewing.palette import AGREEMENT, PREDICTION, TRUTH, UNSEEN, Colour, colour_instances
from volumen.viewing.slices import WINDOW, Cut, Scene, find_foreground

LOW, HIGH = 0.5, 99.5  # percentiles that become black and white
FILL = 0.5  # how much of a colour lies over the grey
OUTLINE_FROM = 3.0  # screen pixels a voxel needs before a line round a mask leaves something of the mask to see
DIM = 0.4  # what is left of the brightness where nobody looked
HATCH = 8  # pixels from one hatch line to the next
SIDE = 384  # the longer side of a picture; smaller slices are enlarged by a whole factor up to it


@dataclass(frozen=True)
class Contrast:
    """The grey values that are shown as black and as white."""

    low: float
    high: float


@dataclass(frozen=True)
class Panel:
    """One picture of a slice and what it shows: `image`, `truth` or `prediction`."""

    name: str
    pixels: UInt8[np.ndarray, "y x 3"]


def measure_contrast(*images: Shaped[np.ndarray, "..."]) -> Contrast:
    """Black and white for several pictures together: the 0.5 and 99.5 percentile of their finite values."""
    values = np.concatenate([image[np.isfinite(image)] for image in images])
    if not values.size:
        return Contrast(0.0, 0.0)
    low, high = np.percentile(values, (LOW, HIGH))
    return Contrast(float(low), float(high))


def paint_cuts(scene: Scene, cuts: Sequence[Cut], *, side: int = SIDE) -> list[list[Panel]]:
    """A row of panels a cut, all with the same contrast."""
    contrast = measure_contrast(*(cut.image for cut in cuts))
    return [paint_cut(scene, cut, contrast=contrast, side=side) for cut in cuts]


def paint_cut(scene: Scene, cut: Cut, *, contrast: Contrast, side: int = SIDE) -> list[Panel]:
    """The image, then the truth and the prediction over it where there are any, enlarged to about `side` pixels."""
    size = find_size(cut, side)
    large = enlarge_cut(cut, size)
    outlined = size[0] >= OUTLINE_FROM * cut.image.shape[0] and size[1] >= OUTLINE_FROM * cut.image.shape[1]
    grey = paint_grey(large.image, contrast)
    panels = [Panel("image", grey)]
    if large.ignored is not None:
        grey = paint_ignored(grey, large.ignored)
    if large.truth is not None:
        seen = large.truth if large.ignored is None else np.where(large.ignored, 0, large.truth)
        paint = paint_instances if scene.instances else paint_truth
        panels.append(Panel("truth", paint(grey, seen, outlined=outlined)))
    if large.prediction is not None:
        pixels = (
            paint_instances(grey, large.prediction, outlined=outlined)
            if scene.instances and np.issubdtype(large.prediction.dtype, np.integer)
            else paint_comparison(grey, large.prediction, truth=large.truth, ignored=large.ignored, outlined=outlined)
        )
        panels.append(Panel("prediction", pixels))
    return panels


def find_size(cut: Cut, side: int) -> tuple[int, int]:
    """Height and width of a slice's picture, by its voxels' aspect: enlarged by a whole factor, or 1, or as it must."""
    unit = min(cut.pixel)
    height, width = (extent * edge / unit for extent, edge in zip(cut.image.shape, cut.pixel, strict=True))
    longest = max(height, width)
    zoom = float(side // longest) if longest <= side else min(1.0, WINDOW / longest)
    return max(1, round(height * zoom)), max(1, round(width * zoom))


def enlarge_cut(cut: Cut, size: tuple[int, int]) -> Cut:
    """The cut with all its planes at another size."""
    truth, prediction, ignored = (
        None if plane is None else enlarge(plane, size) for plane in (cut.truth, cut.prediction, cut.ignored)
    )
    return replace(cut, image=enlarge(cut.image, size), truth=truth, prediction=prediction, ignored=ignored)


def enlarge(plane: Shaped[np.ndarray, "y x"], size: tuple[int, int]) -> Shaped[np.ndarray, "h w"]:
    """The slice at another size, each pixel the voxel it lies in: ids stay ids."""
    rows, columns = (np.arange(new) * old // new for new, old in zip(size, plane.shape, strict=True))
    enlarged: Shaped[np.ndarray, "h w"] = plane[rows[:, None], columns]
    return enlarged


def paint_grey(plane: Shaped[np.ndarray, "y x"], contrast: Contrast) -> UInt8[np.ndarray, "y x 3"]:
    """The slice in grey; a constant slice is mid grey, what is not a number is black."""
    span = contrast.high - contrast.low
    values = np.nan_to_num(plane.astype(np.float32), nan=contrast.low)
    share = np.clip((values - contrast.low) / span, 0, 1) if span > 0 else np.full(plane.shape, 0.5, np.float32)
    return np.repeat((share * 255).round().astype(np.uint8)[..., None], 3, axis=-1)


def paint_numbers(
    values: Float32[np.ndarray, "c y x"],
    contrast: Contrast,
    ignored: Bool[np.ndarray, "y x"] | None,
    *,
    size: tuple[int, int],
) -> UInt8[np.ndarray, "h w 3"]:
    """One number a voxel in grey, two or three as red, green and blue, at a size; dim and hatched where ignored."""
    planes = [paint_grey(enlarge(plane, size), contrast) for plane in values]
    if len(planes) > 1:
        blank = paint_grey(np.zeros(size, np.float32), contrast)
        planes = [np.stack([plane[..., 0] for plane in [*planes, blank][:3]], -1)]
    return planes[0] if ignored is None else paint_ignored(planes[0], enlarge(ignored, size))


def paint_mask(
    picture: UInt8[np.ndarray, "y x 3"], mask: Bool[np.ndarray, "y x"], colour: Colour, *, outlined: bool = False
) -> UInt8[np.ndarray, "y x 3"]:
    """The picture with a translucent colour over a mask, and a line round it when there is room for one."""
    painted = picture.copy()
    painted[mask] = _mix(picture[mask], np.array(colour, np.float32))
    if outlined:
        painted[find_edges(mask)] = colour
    return painted


def paint_truth(
    picture: UInt8[np.ndarray, "y x 3"], truth: Shaped[np.ndarray, "y x"], *, outlined: bool = False
) -> UInt8[np.ndarray, "y x 3"]:
    """The picture with the truth's foreground over it."""
    return paint_mask(picture, find_foreground(truth), TRUTH, outlined=outlined)


def paint_comparison(
    picture: UInt8[np.ndarray, "y x 3"],
    prediction: Shaped[np.ndarray, "y x"],
    *,
    truth: Shaped[np.ndarray, "y x"] | None,
    ignored: Bool[np.ndarray, "y x"] | None,
    outlined: bool = False,
) -> UInt8[np.ndarray, "y x 3"]:
    """The picture with what both have, what only the truth has and what only the prediction has in three colours.

    What is predicted where nobody looked is neither right nor wrong, and pale.
    """
    found = find_foreground(prediction)
    wanted = np.zeros_like(found) if truth is None else find_foreground(truth)
    unseen = np.zeros_like(found) if ignored is None else ignored
    classes = {
        AGREEMENT: wanted & found & ~unseen,
        TRUTH: wanted & ~found & ~unseen,
        PREDICTION: found & ~wanted & ~unseen,
        UNSEEN: found & unseen,
    }
    for colour, mask in classes.items():
        picture = paint_mask(picture, mask, colour, outlined=outlined)
    return picture


def paint_instances(
    picture: UInt8[np.ndarray, "y x 3"], labels: Integer[np.ndarray, "y x"], *, outlined: bool = False
) -> UInt8[np.ndarray, "y x 3"]:
    """The picture with a translucent colour an id over it, the same colour for the same id everywhere."""
    painted, colours, there = picture.copy(), colour_instances(labels), labels != 0
    painted[there] = _mix(picture[there], colours[there])
    if outlined:
        edges = find_edges(labels) & there
        painted[edges] = colours[edges]
    return painted


def paint_ignored(picture: UInt8[np.ndarray, "y x 3"], ignored: Bool[np.ndarray, "y x"]) -> UInt8[np.ndarray, "y x 3"]:
    """The picture with what nobody looked at dimmed and hatched."""
    if not ignored.any():
        return picture
    height, width = ignored.shape
    lines = (np.arange(height)[:, None] + np.arange(width)) % HATCH == 0
    dimmed = (picture * np.float32(DIM)).astype(np.uint8)
    dimmed[lines] = dimmed[lines] // 2 + 64
    return np.where(ignored[..., None], dimmed, picture)


def find_edges(labels: Shaped[np.ndarray, "y x"]) -> Bool[np.ndarray, "y x"]:
    """Pixels with another label above, below, left or right of them, on the side that is not 0."""
    edges = np.zeros(labels.shape, bool)
    down, right = labels[1:] != labels[:-1], labels[:, 1:] != labels[:, :-1]
    edges[1:] |= down
    edges[:-1] |= down
    edges[:, 1:] |= right
    edges[:, :-1] |= right
    edges &= labels != 0
    return edges


def _mix(grey: UInt8[np.ndarray, "n 3"], colour: Shaped[np.ndarray, "*n 3"]) -> UInt8[np.ndarray, "n 3"]:
    mixed: Float32[np.ndarray, "n 3"] = (1 - FILL) * grey.astype(np.float32) + FILL * colour.astype(np.float32)
    return mixed.round().astype(np.uint8)
