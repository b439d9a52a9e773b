"""The CREMI score of neurons: one number from variation of information and adapted Rand error, borders left out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from volumen.errors import ConfigError
from volumen.geometry import Box, VoxelSize
from volumen.metrics.partition import measure_voi
from volumen.metrics.sources import Ids, Ignore, Mask, Source, check_shapes, read_ignored, read_labels
from volumen.metrics.table import ContingencyTable, build_table, sum_by_label, sum_squares
from volumen.morphology import find_near

# CREMI's files say 2**64 - 1 where there is no neuron and 2**64 - 2 where nobody looked; most tools make both 0.
BACKGROUND = (0, 2**64 - 1, 2**64 - 2)


@dataclass(frozen=True)
class CremiScore:
    """CREMI score, 0 is best, and what it is made of."""

    cremi: float
    cremi_voi_split: float
    cremi_voi_merge: float
    cremi_rand: float


@dataclass(frozen=True)
class BorderMask:
    """Where the truth is background, ignored, or near a border between labels of one section; read box by box.

    Any score can leave those voxels out by taking this as `ignore`. A pixel is on a border when one of its four
    neighbours in the section has another label, background and ignored ones included; beyond the faces of the volume
    there are no neighbours. A box is read with as many pixels around it as the distance spans.

    Args:
        truth: labels, as an array or a volume.
        distance: the greatest distance from a border pixel that counts as near, in nm or pixels; None marks no borders.
        pixel: edges of a pixel (y x) in the unit of the distance.
        background: labels that are never scored.
        ignore: a further value of the truth, or a mask that is not 0 where nothing counts.
    """

    truth: Source
    distance: float | None
    pixel: tuple[float, float] = (1.0, 1.0)
    background: Sequence[int] = BACKGROUND
    ignore: Ignore = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Voxels along z, y and x."""
        return tuple(self.truth.shape)

    def read(self, box: Box | None = None) -> Mask:
        """The mask of a box."""
        box = box or Box.whole(self.shape)
        reach = [0 if self.distance is None else math.ceil(self.distance / edge) + 1 for edge in self.pixel]
        grown = box.grow([0, *reach]).clip(Box.whole(self.shape))
        labels = read_labels(self.truth, grown, name="truth")
        inner = box.relative_to(grown.start).slices
        mask = read_ignored(self.ignore, labels[inner], box)
        for label in self.background:
            mask = mask | (labels[inner] == label)
        if self.distance is not None:
            mask |= _find_near_borders(labels, self.distance, self.pixel)[inner]
        return mask


def score_cremi(
    prediction: Source,
    truth: Source,
    *,
    voxel_size: VoxelSize | None = None,
    ignore: Ignore = None,
    border: float | None = None,
    unit: Literal["voxels", "nm"] = "nm",
    background: Sequence[int] = BACKGROUND,
) -> CremiScore:
    """The CREMI score (cremi.org): √((VOI split + VOI merge) · adapted Rand error), 0 is best.

    Counted are voxels where the truth is neither background nor ignored nor, with `border`, near a border between
    labels of its section. Predicted 0 is one object for the VOI; for the Rand error its voxels count in recall, not in
    precision. Sums of squared voxels (pairs with oneself included) and logarithms to base 2, as in CREMI's own code.
    Memory: a block with its halo, and the table.

    Args:
        prediction: instance labels, as an array or a volume.
        truth: labels of the same shape.
        voxel_size: needed for a border in nm.
        ignore: a further value of the truth, or a mask that is not 0 where nothing counts.
        border: how near to a border nothing counts; None counts everything.
        unit: of the border.
        background: labels of the truth that are not scored.
    """
    if border is not None and unit == "nm" and voxel_size is None:
        raise ConfigError("cremi with a border in nm needs the voxel size, which is not known; or use unit: voxels")
    check_shapes(prediction, truth, ignore)
    pixel = (voxel_size.y, voxel_size.x) if voxel_size and unit == "nm" else (1.0, 1.0)
    mask = BorderMask(truth, border, pixel, background, ignore)
    table = build_table(prediction, truth, ignore=mask)
    voi = measure_voi(table)
    rand = _measure_rand(table, math.prod(truth.shape))
    return CremiScore(math.sqrt(voi.voi * rand), voi.voi_split, voi.voi_merge, rand)


def _find_near_borders(labels: Ids, distance: float, pixel: tuple[float, float]) -> Mask:
    """Which pixels lie within the distance of a border of their section."""
    borders = np.zeros(labels.shape, bool)
    for axis in (1, 2):
        ahead = tuple(slice(1, None) if one == axis else slice(None) for one in range(3))
        behind = tuple(slice(None, -1) if one == axis else slice(None) for one in range(3))
        differ = labels[ahead] != labels[behind]
        borders[ahead] |= differ
        borders[behind] |= differ
    apart = 2 * distance + 1  # so far that no other section is near
    return find_near(borders, distance, (apart, *pixel))


def _measure_rand(table: ContingencyTable, volume: int) -> float:
    """CREMI's adapted Rand error; voxels of predicted 0 share an object with themselves only."""
    object_ = table.predicted != 0
    loose = int(table.voxels[~object_].sum()) / max(1, volume)
    both = sum_squares(table.voxels[object_]) + loose
    predicted = sum_squares(sum_by_label(table.predicted[object_], table.voxels[object_])[0]) + loose
    true = sum_squares(sum_by_label(table.true, table.voxels)[0])
    return max(0.0, 1 - 2 * both / (predicted + true)) if true else 0.0
