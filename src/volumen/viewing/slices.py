"""Slices cut from volumes: where to cut, how much of a large slice to show. Only what is shown is read."""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Shaped

from volumen.errors import ShapeError
from volumen.geometry import Box, Shape, VoxelSize, to_shape

AXES = ("z", "y", "x")
WINDOW = 512  # voxels of a slice that are shown; a thin sheet would vanish if a longer slice were shrunk
SURVEY_BLOCK = 128  # edge of the blocks in which foreground is counted,
SURVEY_BLOCKS = 3  # and how many of them an axis, so that a survey reads at most 27
SURE = 0.5  # a probability from here on is foreground
NEARLY_BEST = 0.9  # what holds this share of the most foreground is as good, and may lie nearer the middle


@runtime_checkable
class Readable(Protocol):
    """What is needed of a volume: its extent, and boxes of it."""

    @property
    def shape(self) -> Shape:
        """Voxels along z y x."""

    def read(self, box: Box | None = None) -> np.ndarray:
        """The voxels of a box, `z y x` or `c z y x`."""


Source = Readable | np.ndarray


@dataclass(frozen=True)
class Scene:
    """What is shown together: an image and, where there are, the truth and the prediction of the same shape.

    Args:
        image: `z y x`, `c z y x` (its first channel is shown) or `y x`.
        truth: labels, 0 is background.
        prediction: labels, or probabilities when they are floats.
        ignore: the value of `truth` where nobody looked, or a mask that is not 0 there.
        instances: whether labels are ids to be told apart by colour; else all but 0 is one foreground.
        voxel_size: sets the aspect of slices; cubes when unknown.
    """

    image: Source
    truth: Source | None = None
    prediction: Source | None = None
    ignore: int | Source | None = None
    instances: bool = False
    voxel_size: VoxelSize | None = None

    def __post_init__(self) -> None:
        shape = find_shape(self.image)
        mask = None if isinstance(self.ignore, int) else self.ignore
        for name, source in (("truth", self.truth), ("prediction", self.prediction), ("mask", mask)):
            if source is not None and find_shape(source) != shape:
                raise ShapeError(f"the {name} is {find_shape(source)} and the image {shape}; they must be the same")

    @property
    def shape(self) -> Shape:
        """Voxels along z y x."""
        return find_shape(self.image)


@dataclass(frozen=True)
class Cut:
    """One slice of a scene, and how high and wide a voxel of it is."""

    image: Shaped[np.ndarray, "y x"]
    truth: Shaped[np.ndarray, "y x"] | None
    prediction: Shaped[np.ndarray, "y x"] | None
    ignored: Bool[np.ndarray, "y x"] | None
    pixel: tuple[float, float]
    axis: int
    box: Box

    @property
    def place(self) -> str:
        """Where the slice lies, such as `z = 12`."""
        return f"{AXES[self.axis]} = {self.box.start[self.axis]}"


@dataclass(frozen=True)
class Place:
    """How much foreground a block holds, and the voxel of the volume whose slices show most of it."""

    voxels: int
    position: Shape


def find_shape(source: Source) -> Shape:
    """The z y x extent of a volume or an array; `y x` is one slice."""
    if isinstance(source, np.ndarray):
        if source.ndim not in {2, 3, 4}:
            raise ShapeError(f"a picture needs an array y x, z y x or c z y x; got shape {source.shape}")
        return to_shape(source.shape[-3:] if source.ndim >= len(AXES) else (1, *source.shape))
    return source.shape


def read_box(source: Source, box: Box) -> Shaped[np.ndarray, "z y x"]:
    """The voxels of a box; of several channels the first."""
    if isinstance(source, np.ndarray):
        cube = source[None] if source.ndim == len(AXES) - 1 else source
        cut: Shaped[np.ndarray, "z y x"] = (cube if cube.ndim == len(AXES) else cube[0])[box.slices]
        return cut
    voxels: np.ndarray = source.read(box)
    first: Shaped[np.ndarray, "z y x"] = voxels.reshape((-1, *box.shape))[0]
    return first


def find_position(scene: Scene) -> Shape:
    """The voxel through which to cut: where there is most truth, else most prediction, else the middle.

    At most 27 blocks of 128³, evenly spread, are looked at, one in memory at a time.
    """
    middle = to_shape([extent // 2 for extent in scene.shape])
    for source in (scene.truth, scene.prediction):
        places = [] if source is None else [place for place in _survey(source, scene) if place.voxels]
        if places:
            enough = NEARLY_BEST * max(place.voxels for place in places)
            good = [place.position for place in places if place.voxels >= enough]
            return min(good, key=lambda position: math.dist(position, middle))
    return middle


def cut_scene(scene: Scene, axis: int, position: Shape) -> Cut:
    """The slice across `axis` through a voxel, at most 512² voxels about it."""
    start = [_centre_window(at, extent) for at, extent in zip(position, scene.shape, strict=True)]
    stop = [min(low + WINDOW, extent) for low, extent in zip(start, scene.shape, strict=True)]
    start[axis], stop[axis] = position[axis], position[axis] + 1
    box = Box(to_shape(start), to_shape(stop))
    truth, prediction = (
        None if source is None else read_box(source, box).squeeze(axis) for source in (scene.truth, scene.prediction)
    )
    ignored = _read_ignored(scene, box)
    edges = [edge for at, edge in enumerate(scene.voxel_size or (1.0, 1.0, 1.0)) if at != axis]
    return Cut(
        image=read_box(scene.image, box).squeeze(axis),
        truth=truth,
        prediction=prediction,
        ignored=None if ignored is None else ignored.squeeze(axis),
        pixel=(edges[0], edges[1]),
        axis=axis,
        box=box,
    )


def cut_three_ways(scene: Scene, position: Shape) -> list[Cut]:
    """The slices across z, y and x through a voxel; of a scene that is one slice thick that slice alone."""
    axes = (0,) if scene.shape[0] == 1 else (0, 1, 2)
    return [cut_scene(scene, axis, position) for axis in axes]


def find_foreground(labels: Shaped[np.ndarray, "*shape"]) -> Bool[np.ndarray, "*shape"]:
    """Where labels name something, or where probabilities are at least one half."""
    foreground: Bool[np.ndarray, "*shape"] = labels >= SURE if np.issubdtype(labels.dtype, np.floating) else labels != 0
    return foreground


def _read_ignored(scene: Scene, box: Box) -> Bool[np.ndarray, "z y x"] | None:
    """Where nobody looked; None when that is known of nothing."""
    if isinstance(scene.ignore, int):
        return None if scene.truth is None else read_box(scene.truth, box) == scene.ignore
    return None if scene.ignore is None else read_box(scene.ignore, box) != 0


def _survey(source: Source, scene: Scene) -> Iterator[Place]:
    for start in itertools.product(*(_spread_starts(extent) for extent in scene.shape)):
        box = Box.at(start, (SURVEY_BLOCK,) * 3).clip(Box.whole(scene.shape))
        foreground, ignored = find_foreground(read_box(source, box)), _read_ignored(scene, box)
        if ignored is not None:
            foreground &= ~ignored
        position = [low + step for low, step in zip(start, _find_fullest(foreground), strict=True)]
        yield Place(int(np.count_nonzero(foreground)), to_shape(position))


def _spread_starts(extent: int) -> list[int]:
    count = min(-(-extent // SURVEY_BLOCK), SURVEY_BLOCKS)
    last = max(extent - SURVEY_BLOCK, 0)
    return [round(last * index / max(count - 1, 1)) for index in range(count)]


def _find_fullest(foreground: Bool[np.ndarray, "z y x"]) -> list[int]:
    """Along each axis a plane with nearly the most foreground, the nearest to the middle."""
    chosen = []
    for axis in range(3):
        counts = foreground.sum(tuple({0, 1, 2} - {axis}))
        good = np.flatnonzero(counts >= NEARLY_BEST * counts.max())
        chosen.append(int(good[np.argmin(np.abs(good - (len(counts) - 1) / 2))]))
    return chosen


def _centre_window(at: int, extent: int) -> int:
    return max(0, min(at - WINDOW // 2, extent - WINDOW))
