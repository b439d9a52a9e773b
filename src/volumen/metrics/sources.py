"""Prediction, truth and what to ignore, read side by side, block by block."""

from collections.abc import Callable, Iterator
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Integer

from volumen.errors import DataError, ShapeError
from volumen.geometry import Box, Shape, to_shape
from volumen.geometry import plan_boxes as cut_boxes

# Voxels in a block: with 64-bit ids and short runs, some 200 MB on the way to the table.
BLOCK_VOXELS = 2**22
# Boxes up to this size are read at once where a halo asks for them: 256³.
WHOLE_VOXELS = 2**24


@runtime_checkable
class Readable(Protocol):
    """What scores ask of a volume on disk."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Voxels along z, y and x."""
        ...

    def read(self, box: Box | None = None) -> np.ndarray:
        """The voxels of a box."""
        ...


@runtime_checkable
class Chunked(Readable, Protocol):
    """A volume that says which boxes are cheap to read."""

    @property
    def chunks(self) -> tuple[int, ...]:
        """Voxels of a chunk along z, y and x."""
        ...


@runtime_checkable
class Placed(Readable, Protocol):
    """A volume that may know where it lies."""

    @property
    def offset(self) -> tuple[float, float, float] | None:
        """Nanometres (z y x) from the world's origin to the first voxel."""
        ...


Source = np.ndarray | Readable
Ignore = int | Source | None
Ids = Integer[np.ndarray, "z y x"]
Mask = Bool[np.ndarray, "z y x"]
SelectMasks = Callable[[Ids, Ids, Mask], tuple[Mask, Mask]]


def check_shapes(prediction: Source, truth: Source, ignore: Ignore) -> Shape:
    """The shape all of them have; a ShapeError names those that differ."""
    shapes = {"prediction": tuple(prediction.shape), "truth": tuple(truth.shape)}
    if ignore is not None and not isinstance(ignore, int):
        shapes["ignore mask"] = tuple(ignore.shape)
    if len(set(shapes.values())) > 1:
        told = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ShapeError(f"what is compared must have one shape; got {told}")
    return to_shape(shapes["truth"])


def find_origin(*sources: Source) -> tuple[float, float, float]:
    """Where the first voxel lies in nm, as the first source says that knows; the world's origin when none does."""
    placed = (source.offset for source in sources if isinstance(source, Placed))
    return next((offset for offset in placed if offset is not None), (0.0, 0.0, 0.0))


def walk_blocks(prediction: Source, truth: Source, ignore: Ignore) -> Iterator[tuple[Box, Ids, Ids, Mask]]:
    """Box, prediction, truth and where to ignore them, block by block, until all has been read once."""
    for box in plan_boxes(check_shapes(prediction, truth, ignore), prediction, truth):
        yield box, *read_block(prediction, truth, ignore, box)


def read_block(prediction: Source, truth: Source, ignore: Ignore, box: Box) -> tuple[Ids, Ids, Mask]:
    """Prediction, truth and where to ignore them in a box."""
    true = read_labels(truth, box, name="truth")
    return read_labels(prediction, box, name="prediction"), true, read_ignored(ignore, true, box)


def read_masks(prediction: Source, truth: Source, ignore: Ignore) -> tuple[Mask, Mask, Mask]:
    """Foreground of prediction and truth, both cleared where ignored, and where that is: 3 bytes a voxel."""
    shape = check_shapes(prediction, truth, ignore)
    predicted, true, ignored = (np.zeros(shape, bool) for _ in range(3))
    for box, predicted_block, true_block, ignored_block in walk_blocks(prediction, truth, ignore):
        ignored[box.slices] = ignored_block
        predicted[box.slices] = find_foreground(predicted_block, ignored_block, name="prediction")
        true[box.slices] = find_foreground(true_block, ignored_block, name="truth")
    return predicted, true, ignored


def fill_masks(
    select: SelectMasks, box: Box, *, prediction: Source, truth: Source, ignore: Ignore
) -> tuple[Mask, Mask]:
    """Two masks of a box that may be large: labels are read part by part, the masks are held."""
    one, other = np.zeros(box.shape, bool), np.zeros(box.shape, bool)
    boxes = [box] if box.size <= WHOLE_VOXELS else plan_boxes(to_shape(truth.shape), prediction, truth)
    for part in (whole.clip(box) for whole in boxes):
        if part.size:
            inner = part.relative_to(box.start).slices
            one[inner], other[inner] = select(*read_block(prediction, truth, ignore, part))
    return one, other


def find_foreground(labels: Ids, ignored: Mask, *, name: str) -> Mask:
    """Where labels are not 0 and not ignored; negative ones there are refused."""
    foreground: Mask = (labels != 0) & ~ignored
    if labels.dtype.kind == "i" and (labels < 0).any():
        refuse_negative(labels[foreground], name=name)
    return foreground


def refuse_negative(labels: Integer[np.ndarray, " n"], *, name: str) -> None:
    """Nothing, or a DataError where a label is below 0."""
    if labels.min(initial=0) < 0:
        raise DataError(f"labels must not be negative; the {name} holds {labels.min()}: renumber it, or ignore them")


def plan_boxes(shape: Shape, *sources: Source) -> list[Box]:
    """Boxes that cover a shape once, in as many whole chunks as fit in a block's memory."""
    chunks = [source.chunks for source in sources if isinstance(source, Chunked)]
    return cut_boxes(shape, chunks, most=BLOCK_VOXELS)


def read_labels(source: Source, box: Box, *, name: str) -> Ids:
    """Labels of a box as integers; fractions, NaN and channels are refused."""
    block = source[box.slices] if isinstance(source, np.ndarray) else source.read(box)
    if block.shape != box.shape:
        raise ShapeError(f"the {name} must be z y x without channels; a box of {box.shape} reads as {block.shape}")
    if block.dtype == np.bool_:
        return block.view(np.uint8)
    if np.issubdtype(block.dtype, np.integer):
        return block
    with np.errstate(invalid="ignore"):
        whole = np.nan_to_num(block, nan=0.5, posinf=0.5, neginf=0.5).astype(np.int64)
    wrong = block != whole
    if wrong.any():
        raise DataError(f"labels are whole numbers; the {name} holds {block[wrong][0]:g}; decode probabilities first")
    return whole


def read_ignored(ignore: Ignore, truth: Ids, box: Box) -> Mask:
    """Where a box is ignored, whose true labels are given."""
    if ignore is None:
        return np.zeros(truth.shape, bool)
    if isinstance(ignore, int):
        ignored: Mask = truth == ignore
        return ignored
    masked: Mask = read_labels(ignore, box, name="ignore mask") != 0
    return masked
