"""Labels of a patch: what nobody looked at is −100 or counts on neither side."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int64, Shaped

from volumen.data.cases import Case
from volumen.data.frames import Source
from volumen.data.patches import PatchReader, pad_around
from volumen.data.values import IGNORE, Components, LabelValues, convert_labels, find_values, separate_instances
from volumen.geometry import Box, Shape
from volumen.volumes import find_nearest


class Seen(NamedTuple):
    """Labels of a box, and where somebody looked."""

    labels: Shaped[np.ndarray, "z y x"]
    known: Bool[np.ndarray, "z y x"]


def read_labels(
    case: Case, name: str, box: Box, *, reader: PatchReader, ignore: int | None
) -> Int64[np.ndarray, "z y x"]:
    """One label of a case in a box: int64, −100 where ignored, masked out, past the volume's faces or not labelled."""
    if name not in case.labels:
        return np.full(box.shape, IGNORE, np.int64)
    label = _Label(case, name, reader, ignore)
    inside = box.clip(label.whole)
    components = label.values.components
    labels = label.read(inside) if components is None else label.read_instances(inside, components)
    for mask in label.read_masks(inside):
        labels[mask == 0] = IGNORE
    return pad_around(labels, inside, box, value=IGNORE)


def read_seen(case: Case, name: str, box: Box, *, reader: PatchReader, ignore: int | None) -> Seen:
    """One label in a box inside its volume, as cheaply as it can be had, and where somebody looked.

    Values are as `read_labels` gives them where somebody looked, and anything elsewhere. Instances that a file only
    draws apart are 1, the class that parts them 0: they get numbers in a patch.
    """
    label = _Label(case, name, reader, ignore)
    values = label.values
    if values.is_plain and not values.floats:
        labels: Shaped[np.ndarray, "z y x"] = reader.read(label.source, box)
        known = ~find_values(labels, values.list_ignored(ignore))
    else:
        labels = label.read(box)
        known = labels != IGNORE
    for mask in label.read_masks(box):
        known &= mask != 0
    if values.components is not None:
        labels = (labels == values.components.inside).view(np.uint8)
    return Seen(labels, known)


def find_extent(case: Case, name: str, reader: PatchReader) -> Shape:
    """Voxels of a label along each axis."""
    return reader.find_shape(case.locate_labels(name))


def find_looked(case: Case, name: str, box: Box, *, reader: PatchReader) -> Bool[np.ndarray, "z y x"]:
    """Where the masks and the slices that are skipped let labels count, whatever the labels say."""
    looked = np.ones(box.shape, bool)
    for mask in _Label(case, name, reader, None).read_masks(box):
        looked &= mask != 0
    return looked


@dataclass(frozen=True)
class _Label:
    """One label of a case, and what reads it."""

    case: Case
    name: str
    reader: PatchReader
    ignore: int | None

    @property
    def source(self) -> Source:
        return self.case.locate_labels(self.name)

    @property
    def values(self) -> LabelValues:
        return self.case.find_values(self.name)

    @property
    def whole(self) -> Box:
        return Box.whole(self.reader.find_shape(self.source))

    def read(self, box: Box) -> Int64[np.ndarray, "z y x"]:
        """Labels in the run's own values."""
        return convert_labels(self.reader.read(self.source, box), self.values.list_ignored(self.ignore), self.values)

    def read_instances(self, box: Box, components: Components) -> Int64[np.ndarray, "z y x"]:
        """Instances made of classes, by what is seen in the box and a halo round it."""
        around = box.grow((components.halo,) * 3).clip(self.whole)
        instances = separate_instances(self.read(around), components, self.case.voxel_size)
        return instances[box.relative_to(around.start).slices].copy()

    def read_masks(self, box: Box) -> Iterator[Shaped[np.ndarray, "z y x"]]:
        """Where somebody looked: the masks of the case and of the label, and the slices that are not skipped."""
        for source in self.case.locate_masks(self.name):
            yield self.reader.read(source, box)
        frame = self.case.frame
        if frame.skipped:
            extent, scale = self.reader.find_base(self.source)[0], 1.0 if frame.scale is None else frame.scale[0]
            first = 0 if frame.crop is None else frame.crop.start[0]
            slices = first + find_nearest(extent, box.start[0], box.stop[0], scale)
            yield np.broadcast_to(~np.isin(slices, frame.skipped)[:, None, None], box.shape)
