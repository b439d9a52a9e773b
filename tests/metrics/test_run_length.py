from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from volumen.errors import ConfigError, DataError
from volumen.geometry import Box, VoxelSize
from volumen.metrics import Skeletons, score_erl, score_voi, sources, trace_skeletons

SIZE = VoxelSize(30.0, 10.0, 10.0)


def draw(*rows: list[int]) -> np.ndarray:
    """Labels of as many y as there are rows."""
    return np.array([rows])


def follow(*rows: list[int], size=SIZE) -> Skeletons:
    """A skeleton through the centres of voxels of equal labels that follow each other in a row."""
    places = [(0, y, x) for y, row in enumerate(rows) for x, label in enumerate(row) if label]
    objects = np.array([rows[y][x] for _, y, x in places], np.uint64)
    edges = [
        (first, first + 1)
        for first, (one, other) in enumerate(pairwise(places))
        if one[1] == other[1] and objects[first] == objects[first + 1]
    ]
    points = (np.array(places, float).reshape(-1, 3) + 0.5) * tuple(size)
    return Skeletons(points, np.array(edges, np.int64).reshape(-1, 2), objects)


# One neurite of 40 nm and one of 20 nm.
TRUTH = draw([1, 1, 1, 1, 1], [2, 2, 2, 0, 0])
LINES = follow(*TRUTH[0].tolist())


def score(*rows: list[int], no_merge=None, **options):
    return score_erl(draw(*rows), TRUTH, voxel_size=SIZE, skeletons=replace(LINES, no_merge=no_merge), **options)


def run_slowly(segments, skeletons: Skeletons, tolerance: int) -> float:
    """Edge by edge, with counters."""
    points = Counter(zip(skeletons.objects.tolist(), segments, strict=True))
    owners = defaultdict(set)
    for (owner, segment), many in points.items():
        if many > tolerance:
            owners[segment].add(owner)
    runs, total = Counter(), 0.0
    for (one, other), length in zip(skeletons.edges.tolist(), skeletons.lengths.tolist(), strict=True):
        total += length
        segment = segments[one]
        if segment == segments[other] != 0 and len(owners[segment]) < 2:
            runs[skeletons.objects[one], segment] += length
    return sum(run**2 for run in runs.values()) / total if total else np.nan


def test_a_split_counted_by_hand():
    found = score([7, 7, 7, 8, 8], [9, 9, 9, 0, 0])

    # of 60 nm, runs of 20 and 10 in the first neurite (the edge between them is lost) and of 20 in the second
    assert found.erl == pytest.approx((20**2 + 10**2 + 20**2) / 60)
    assert found.erl_max == pytest.approx((40**2 + 20**2) / 60)
    assert found.nerl == pytest.approx(900 / 2000)
    assert (found.erl_splits, found.erl_omitted, found.erl_mergers, found.erl_left_out) == (1, 0, 0, 0)


def test_a_merger_takes_all_that_it_joins():
    found = score([7, 7, 7, 8, 8], [7, 7, 7, 0, 0])

    assert found.erl == pytest.approx(10**2 / 60)
    assert (found.erl_splits, found.erl_mergers) == (1, 1)
    assert score([7, 7, 7, 7, 7], [7, 7, 7, 0, 0]).erl == 0


def test_a_touch_of_few_points_may_be_forgiven():
    touching = ([7, 7, 7, 7, 7], [9, 9, 7, 0, 0])

    assert score(*touching).erl == pytest.approx(10**2 / 60)
    forgiven = score(*touching, merge_tolerance=1)
    assert forgiven.erl == pytest.approx((40**2 + 10**2) / 60)
    assert forgiven.erl_mergers == 0
    assert score(*touching, merge_tolerance=5).erl_mergers == 0


def test_edges_into_background_are_omitted():
    found = score([7, 7, 0, 7, 7], [9, 9, 9, 0, 0])

    # both ends of the first neurite are one predicted object: the run is the sum of what is right
    assert found.erl == pytest.approx(((10 + 10) ** 2 + 20**2) / 60)
    assert (found.erl_splits, found.erl_omitted) == (0, 2)


def test_objects_that_enter_forbidden_ground_merge():
    found = ([7, 7, 7, 7, 7], [9, 9, 9, 7, 7])
    mask = draw([0, 0, 0, 0, 0], [0, 0, 0, 1, 1])

    assert score(*found).nerl == 1
    forbidden = score(*found, no_merge=mask)
    assert forbidden.erl == pytest.approx(20**2 / 60)
    assert forbidden.erl_mergers == 1
    assert score(*found, no_merge=mask, merge_tolerance=2).nerl == 1


def test_short_objects_may_be_left_out():
    joined = ([7, 7, 7, 7, 7], [7, 7, 7, 0, 0])

    assert score(*joined).nerl == 0
    long = score(*joined, min_length=30)
    assert (long.nerl, long.erl, long.erl_mergers) == (1, 40, 0)


def test_points_outside_or_ignored_do_not_count():
    whole = ([7, 7, 7, 7, 7], [9, 9, 9, 0, 0])
    longer = follow([1] * 9, [2, 2, 2])

    outside = score_erl(draw(*whole), TRUTH, voxel_size=SIZE, skeletons=longer)
    assert (outside.nerl, outside.erl_max, outside.erl_left_out) == (1, pytest.approx(2000 / 60), 4)
    ignored = score(*whole, ignore=draw([0, 0, 0, 1, 1], [0, 0, 0, 0, 0]))
    assert (ignored.nerl, ignored.erl_max, ignored.erl_left_out) == (1, pytest.approx((20**2 + 20**2) / 40), 2)
    assert score([7, 7, 7, 0, 0], [9, 9, 9, 0, 0], ignore=draw([0, 0, 0, 1, 1], [0] * 5)).nerl == 1


def test_points_on_the_corners_of_voxels_are_in_them():
    corners = Skeletons(
        np.array([[0, 0, x * 0.1] for x in range(5)]), np.array([[x, x + 1] for x in range(4)]), LINES.objects[:5]
    )
    truth = np.array([[[1, 2, 3, 4, 5]]])

    found = score_erl(truth, truth, voxel_size=VoxelSize(0.1, 0.1, 0.1), skeletons=corners)

    assert found.erl_splits == 4  # five labels; 3 · 0.1 is a little more than 0.3, 0.3 / 0.1 a little less than 3


def test_variation_of_information_is_that_of_the_points():
    found = score([7, 7, 7, 8, 8], [7, 9, 9, 0, 0])
    points = [7, 7, 7, 8, 8, 7, 9, 9], [1, 1, 1, 1, 1, 2, 2, 2]

    voi = score_voi(np.array([[points[0]]]), np.array([[points[1]]]))
    assert (found.erl_voi_split, found.erl_voi_merge) == pytest.approx((voi.voi_split, voi.voi_merge))


@settings(max_examples=40, deadline=None)
@given(st.data(), st.integers(0, 3))
def test_run_lengths_are_those_counted_edge_by_edge(data, tolerance):
    truth = data.draw(st.lists(st.lists(st.integers(0, 3), min_size=8, max_size=8), min_size=3, max_size=3))
    found = data.draw(st.lists(st.lists(st.integers(0, 3), min_size=8, max_size=8), min_size=3, max_size=3))
    lines = follow(*truth)
    segments = draw(*found)[draw(*truth) > 0].tolist()

    scored = score_erl(draw(*found), draw(*truth), voxel_size=SIZE, skeletons=lines, merge_tolerance=tolerance)

    assert scored.erl == pytest.approx(run_slowly(segments, lines, tolerance), nan_ok=True)


def test_only_blocks_that_hold_points_are_read(monkeypatch, make_volume):
    truth = np.zeros((8, 8, 8), np.uint8)
    truth[1, 1, :3], truth[6, 6, 4:] = 1, 2
    lines = trace_skeletons(truth, voxel_size=SIZE)
    monkeypatch.setattr(sources, "BLOCK_VOXELS", 64)
    found = make_volume(truth)

    assert score_erl(found, truth, voxel_size=SIZE, skeletons=lines).nerl == 1
    assert sum(box.size for box in found.boxes) == 7


def test_without_skeletons_they_are_traced(prediction, truth):
    lines = trace_skeletons(truth, voxel_size=SIZE)

    assert score_erl(prediction, truth, voxel_size=SIZE) == score_erl(
        prediction, truth, voxel_size=SIZE, skeletons=lines
    )
    assert score_erl(truth, truth, voxel_size=SIZE).nerl == 1


@dataclass(frozen=True)
class PlacedVolume:
    """A volume that lies somewhere."""

    array: np.ndarray
    offset: tuple[float, float, float]

    @property
    def shape(self):
        return self.array.shape

    def read(self, box=None):
        return self.array[(box or Box.whole(self.shape)).slices]


def test_points_are_found_where_the_volume_lies():
    offset = (300.0, 20.0, 1000.0)
    found, true = PlacedVolume(draw([7, 7, 7, 8, 8], [9, 9, 9, 0, 0]), offset), PlacedVolume(TRUTH, offset)
    moved = Skeletons(LINES.points + offset, LINES.edges, LINES.objects)

    assert score_erl(found, true, voxel_size=SIZE, skeletons=moved).nerl == pytest.approx(900 / 2000)
    assert score_erl(true, true, voxel_size=SIZE).nerl == 1
    with pytest.raises(DataError, match="none of the skeletons' 8 points lies in the volume"):
        score_erl(found, true, voxel_size=SIZE, skeletons=LINES)


def test_ids_near_the_end_of_64_bits_stay_apart():
    high = np.where(TRUTH == 0, 0, TRUTH.astype(np.uint64) + np.uint64(2**64 - 3))

    assert score_erl(high, high, voxel_size=SIZE, skeletons=LINES).nerl == 1
    assert score_erl(high, high, voxel_size=SIZE).erl_mergers == 0


def test_a_run_needs_the_voxel_size():
    with pytest.raises(ConfigError, match="needs the voxel size"):
        score_erl(TRUTH, TRUTH)
