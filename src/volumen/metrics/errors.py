"""Where a segmentation is wrong, and how: a label for every voxel, read or written block by block."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8, UInt64

from volumen.errors import DataError, ShapeError
from volumen.geometry import Box, Shape, to_shape
from volumen.metrics.instances import flag_main, hold_masks, label_masks
from volumen.metrics.sources import Chunked, Ignore, Source, check_shapes, plan_boxes, read_block
from volumen.metrics.table import ContingencyTable, build_table, flatten_ids

Kinds = UInt8[np.ndarray, "z y x"]
WriteBox = Callable[[Box, Kinds], object]


class ErrorKind(IntEnum):
    """What is wrong with a voxel; the values of an error map."""

    RIGHT = 0
    SPLIT = 1
    MERGED = 2
    MISSED = 3
    INVENTED = 4
    IGNORED = 5


@runtime_checkable
class Writable(Chunked, Protocol):
    """A volume that takes boxes."""

    def write(self, box: Box, array: np.ndarray) -> None:
        """Keep the voxels of a box."""
        ...


@dataclass(frozen=True)
class PairKinds:
    """What is wrong where a predicted and a true object share voxels; pairs rise by the former, then by the latter."""

    predicted: UInt64[np.ndarray, " pairs"]
    true: UInt64[np.ndarray, " pairs"]
    kinds: UInt8[np.ndarray, " pairs"]


@dataclass(frozen=True)
class ErrorMap:
    """What is wrong with each voxel, an `ErrorKind`, worked out for the boxes that are read.

    A true voxel without predicted object is missed, a predicted one without true object invented. Where both are
    objects: the predicted object belongs to the true one that most of its voxels are in; the voxel is merged when that
    is another than the one here. Likewise the true object belongs to the predicted one that holds most of it; the voxel
    is split when that is another. All else is right. Of equal counts an object belongs to all.
    """

    prediction: Source
    truth: Source
    ignore: Ignore
    pairs: PairKinds

    @property
    def shape(self) -> Shape:
        """Voxels along z, y and x."""
        return to_shape(self.truth.shape)

    def read(self, box: Box | None = None) -> Kinds:
        """The map of a box."""
        from volumen.metrics.errors_kernels import classify

        box = box or Box.whole(self.shape)
        predicted, true, ignored = read_block(self.prediction, self.truth, self.ignore, box)
        kinds = np.full(box.size, ErrorKind.IGNORED, np.uint8)
        block = (flatten_ids(predicted), flatten_ids(true), np.ascontiguousarray(ignored).ravel())
        if not classify(block, (self.pairs.predicted, self.pairs.true, self.pairs.kinds), kinds):
            raise DataError("the table given for an error map is of other volumes; leave it out to have it counted")
        return kinds.reshape(box.shape)


def map_errors(
    prediction: Source, truth: Source, *, ignore: Ignore = None, table: ContingencyTable | None = None
) -> ErrorMap:
    """The error map of two volumes, whose boxes can be read; holds the table.

    Args:
        prediction: instance labels or a mask, as an array or a volume; of two masks the components are compared, which
            are then held.
        truth: labels of the same shape.
        ignore: a value of the truth, or a mask that is not 0 where nothing counts.
        table: of the two, when it is known already.
    """
    table = table or build_table(prediction, truth, ignore=ignore)
    if hold_masks(table):
        prediction, truth, ignore = label_masks(prediction, truth, ignore)
        table = build_table(prediction, truth, ignore=ignore)
    objects = (table.predicted != 0) & (table.true != 0)
    predicted, true, voxels = table.predicted[objects], table.true[objects], table.voxels[objects]
    kinds = np.where(flag_main(true, predicted, voxels), ErrorKind.RIGHT, ErrorKind.SPLIT)
    kinds = np.where(flag_main(predicted, true, voxels), kinds, ErrorKind.MERGED)
    pairs = PairKinds(predicted.astype(np.uint64), true.astype(np.uint64), kinds.astype(np.uint8))
    return ErrorMap(prediction, truth, ignore, pairs)


def write_errors(
    errors: ErrorMap, target: Writable | WriteBox, *, progress: Callable[[int, int], None] | None = None
) -> dict[ErrorKind, int]:
    """Voxels of each kind, after the whole map was written; holds one block.

    Args:
        errors: what to write.
        target: a volume of integers and of the same shape, or what takes each box and its kinds.
        progress: called with blocks done and in all.
    """
    shape = to_shape(check_shapes(errors.prediction, errors.truth, errors.ignore))
    sources = [errors.prediction, errors.truth]
    if isinstance(target, Writable):
        if tuple(target.shape) != shape:
            raise ShapeError(f"the error map has the shape {shape}; the volume to write has {tuple(target.shape)}")
        sources.append(target)
    write = target.write if isinstance(target, Writable) else target
    boxes = plan_boxes(shape, *sources)
    voxels = np.zeros(len(ErrorKind), np.int64)
    for done, box in enumerate(boxes, start=1):
        kinds = errors.read(box)
        write(box, kinds)
        voxels += np.bincount(kinds.ravel(), minlength=len(ErrorKind))
        if progress:
            progress(done, len(boxes))
    return {kind: int(voxels[kind]) for kind in ErrorKind}
