"""Expected run length: how far one can follow a neurite before the segmentation errs."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64, UInt64

from volumen.errors import ConfigError, DataError
from volumen.geometry import Box, Shape, VoxelSize
from volumen.metrics.partition import measure_voi
from volumen.metrics.skeletons import Skeletons, trace_skeletons
from volumen.metrics.sources import (
    Ignore,
    Source,
    check_shapes,
    find_origin,
    plan_boxes,
    read_block,
    refuse_negative,
)
from volumen.metrics.table import ContingencyTable, add_rows, build_table

# A point this near below a voxel is in it: points on voxel corners may be rounded down.
SLACK = 1e-6

Segments = UInt64[np.ndarray, " points"]
Keys = UInt64[np.ndarray, "..."]


@dataclass(frozen=True)
class ErlScore:
    """Expected run length and what shortens it.

    Args:
        erl: in nm, more is better; NaN without an edge to follow.
        nerl: over the greatest there can be; 1 is best.
        erl_max: the greatest there can be, in nm.
        erl_splits: edges whose ends lie in two predicted objects.
        erl_omitted: edges with an end in predicted background.
        erl_mergers: predicted objects that join true ones, or touch what no true object may.
        erl_voi_split: variation of information of the points, in bits: what is split.
        erl_voi_merge: what is merged.
        erl_left_out: edges that leave the volume or are ignored.
    """

    erl: float
    nerl: float
    erl_max: float
    erl_splits: int
    erl_omitted: int
    erl_mergers: int
    erl_voi_split: float
    erl_voi_merge: float
    erl_left_out: int


@dataclass(frozen=True)
class _Samples:
    """Skeletons with the predicted object at each point, and which points and edges count."""

    skeletons: Skeletons
    segments: Segments
    points: Bool[np.ndarray, " points"]
    edges: Bool[np.ndarray, " edges"]

    def tabulate(self) -> ContingencyTable:
        """How many points predicted and true objects share."""
        objects = self.skeletons.objects[self.points]
        return add_rows(self.segments[self.points], objects, np.ones(len(objects), np.int64))


def score_erl(
    prediction: Source,
    truth: Source,
    *,
    voxel_size: VoxelSize | None = None,
    ignore: Ignore = None,
    skeletons: Skeletons | None = None,
    merge_tolerance: int = 0,
    min_length: float = 0.0,
) -> ErlScore:
    """Expected run length in nm and its share of the greatest (Januszewski 2018, as em_erl and NISB compute it).

    An edge is right when both ends lie in one predicted object that is not 0 and merges nothing. With r the right
    length of a true object in one predicted object and L the length of all edges, ERL = Σ r² / L: a point drawn at
    random on the skeletons lies in a right stretch that long on average. The greatest is Σ l² / L over the lengths l
    of true objects.
    A predicted object merges when it holds more than `merge_tolerance` points of each of two true objects, or more than
    that many voxels of the mask `no_merge`. Edges with an end outside of the volume or in ignored voxels do not count.
    Holds a block and the skeletons; without `skeletons`, what `trace_skeletons` of the truth holds.

    Args:
        prediction: instance labels, as an array or a volume.
        truth: labels of the same shape, traced when no skeletons are given; then branches below 300 nm are left out.
        voxel_size: needed.
        ignore: a value of the truth, or a mask that is not 0 where nothing counts.
        skeletons: of the true objects, and the mask `no_merge` where they must not be.
        merge_tolerance: points, or voxels of `no_merge`, that are forgiven.
        min_length: true objects with shorter skeletons, in nm, do not count at all.
    """
    if voxel_size is None:
        raise ConfigError("erl needs the voxel size, which is not known; give it")
    check_shapes(prediction, truth, ignore)
    if skeletons is None:
        skeletons = trace_skeletons(truth, voxel_size=voxel_size, ignore=ignore)
    places = _place_points(skeletons, voxel_size, find_origin(truth, prediction))
    samples = _choose(skeletons, *_sample(places, prediction, truth, ignore), min_length=min_length)
    table = samples.tabulate()
    merging = _find_merging(table, merge_tolerance)
    if skeletons.no_merge is not None:
        forbidden = _find_forbidden(build_table(prediction, skeletons.no_merge), merge_tolerance)
        merging = np.union1d(merging, np.intersect1d(forbidden, table.predicted))
    return _score_runs(samples, table, merging)


def _place_points(
    skeletons: Skeletons, voxel_size: VoxelSize, origin: tuple[float, float, float]
) -> Int64[np.ndarray, "points 3"]:
    """The voxel that each point is in; it may lie outside of the volume."""
    places = (skeletons.points - np.array(origin)) / np.array(tuple(voxel_size))
    voxels: Int64[np.ndarray, "points 3"] = np.floor(places + SLACK).astype(np.int64)
    return voxels


def _sample(
    places: Int64[np.ndarray, "points 3"], prediction: Source, truth: Source, ignore: Ignore
) -> tuple[Segments, Bool[np.ndarray, " points"]]:
    """Predicted label at each point, and which points are inside and not ignored; reads the boxes that hold points."""
    shape = check_shapes(prediction, truth, ignore)
    segments, counted = np.zeros(len(places), np.uint64), np.zeros(len(places), bool)
    inside = np.asarray(((places >= 0) & (places < shape)).all(axis=1))
    if len(places) and math.prod(shape) and not inside.any():
        raise DataError(
            f"none of the skeletons' {len(places)} points lies in the volume; check their unit and its offset"
        )
    for held in _group_by_block(places, inside, shape, prediction, truth):
        low, high = places[held].min(axis=0), places[held].max(axis=0) + 1
        box = Box.at(low.tolist(), (high - low).tolist())
        predicted, _, ignored = read_block(prediction, truth, ignore, box)
        index = tuple((places[held] - low).T)
        counted[held] = ~ignored[index]
        refuse_negative(predicted[index][counted[held]], name="prediction")
        segments[held] = predicted[index].astype(np.uint64)
    return segments, counted


def _group_by_block(
    places: Int64[np.ndarray, "points 3"], inside: Bool[np.ndarray, " points"], shape: Shape, *sources: Source
) -> list[Int64[np.ndarray, "..."]]:
    """Points inside the volume, those of each block that is read at once together."""
    chosen = np.flatnonzero(inside)
    if not len(chosen):
        return []
    edges = plan_boxes(shape, *sources)[0].shape
    _, block = np.unique(places[chosen] // np.array(edges), axis=0, return_inverse=True)
    order = np.argsort(block.ravel(), kind="stable")
    return np.split(chosen[order], np.flatnonzero(np.diff(block.ravel()[order])) + 1)


def _choose(
    skeletons: Skeletons, segments: Segments, counted: Bool[np.ndarray, " points"], *, min_length: float
) -> _Samples:
    """Edges that count, and points of objects that are long enough."""
    edges = counted[skeletons.edges].all(axis=1)
    owner = skeletons.objects[skeletons.edges[:, 0]]
    objects, lengths = _sum_by(owner[edges], skeletons.lengths[edges])
    long = objects[lengths >= min_length]
    points = counted & np.isin(skeletons.objects, long) if min_length else counted
    return _Samples(skeletons, segments, points, edges & np.isin(owner, long))


def _find_merging(table: ContingencyTable, tolerance: int) -> Segments:
    """Predicted objects that more than one true object has more points in than are forgiven."""
    heavy = (table.voxels > tolerance) & (table.predicted != 0)
    segments, owners = np.unique(table.predicted[heavy], return_counts=True)
    return segments[owners > 1]


def _find_forbidden(table: ContingencyTable, tolerance: int) -> Segments:
    """Predicted objects with more voxels in the mask than are forgiven."""
    masked = (table.true != 0) & (table.predicted != 0)
    segments, voxels = _sum_by(table.predicted[masked].astype(np.uint64), table.voxels[masked].astype(float))
    return segments[voxels > tolerance]


def _score_runs(samples: _Samples, table: ContingencyTable, merging: Segments) -> ErlScore:
    skeletons = samples.skeletons
    ends, lengths = skeletons.edges[samples.edges], skeletons.lengths[samples.edges]
    one, other = samples.segments[ends[:, 0]], samples.segments[ends[:, 1]]
    objects = skeletons.objects[ends[:, 0]]
    right = (one == other) & (one != 0) & ~np.isin(one, merging)
    omitted = (one == 0) | (other == 0)
    _, runs = _sum_by(np.stack([objects[right], one[right]], axis=1), lengths[right])
    _, whole = _sum_by(objects, lengths)
    total = float(lengths.sum()) or math.nan
    erl, erl_max = float(runs @ runs) / total, float(whole @ whole) / total
    voi = measure_voi(table)
    return ErlScore(
        erl=erl,
        nerl=erl / erl_max,
        erl_max=erl_max,
        erl_splits=int(((one != other) & ~omitted).sum()),
        erl_omitted=int(omitted.sum()),
        erl_mergers=len(merging),
        erl_voi_split=voi.voi_split,
        erl_voi_merge=voi.voi_merge,
        erl_left_out=len(skeletons.edges) - len(ends),
    )


def _sum_by(keys: Keys, values: Float64[np.ndarray, " n"]) -> tuple[Keys, Float64[np.ndarray, " m"]]:
    """Each key once, rising, with the sum of its values."""
    unique, index = np.unique(keys, axis=0, return_inverse=True)
    return unique, np.bincount(index.ravel(), weights=values, minlength=len(unique)).astype(np.float64)
