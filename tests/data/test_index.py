import numpy as np
import pytest

from volumen.geometry import Box

SHAPE = (6, 9, 11)


@pytest.fixture
def labels(rng) -> np.ndarray:
    return rng.integers(0, 4, SHAPE).astype(np.uint8)


@pytest.fixture
def known(rng) -> np.ndarray:
    return rng.random(SHAPE) < np.linspace(0, 1, 11)


def list_boxes(rng, count=100):
    for _ in range(count):
        yield Box.at(rng.integers(0, SHAPE).tolist(), rng.integers(1, 12, 3).tolist())


def test_a_label_is_counted_in_each_cell(count_labels, labels, known):
    index = count_labels(labels, known)
    for label in range(4):
        cells, voxels = index.find_cells(label)
        here = (labels == label) & known
        there = [np.count_nonzero(here[index.cut_cell(number).slices]) for number in range(index.known.size)]
        assert np.bincount(cells, voxels, index.known.size).tolist() == there


def test_foreground_is_all_that_is_above_0(count_labels, labels, known):
    index = count_labels(labels, known)
    cells, voxels = index.find_cells(None)
    assert voxels.sum() == np.count_nonzero((labels > 0) & known)
    assert len(set(cells.tolist())) == len(cells)


def test_cells_cover_the_case_once(count_labels, labels):
    index = count_labels(labels)
    covered = np.zeros(SHAPE, int)
    for number in range(index.known.size):
        covered[index.cut_cell(number).slices] += 1
    assert (covered == 1).all()


def test_a_label_that_is_nowhere_is_in_no_cell(count_labels, labels):
    index = count_labels(labels)
    assert index.holds(3)
    assert not index.holds(4)
    assert len(index.find_cells(77)[0]) == 0


def test_what_a_box_may_hold_is_bounded_from_both_sides(count_labels, labels, known, rng):
    index = count_labels(labels, known)
    for box in list_boxes(rng):
        low, high = index.bound_known(box)
        assert low <= np.count_nonzero(known[box.slices]) <= high


def test_a_box_of_whole_cells_is_known_exactly(count_labels, labels, known):
    index = count_labels(labels, known)
    for box in (Box((0, 4, 4), (4, 8, 8)), Box.whole(SHAPE), Box((4, 0, 8), (6, 9, 11))):
        assert index.bound_known(box) == (np.count_nonzero(known[box.slices]),) * 2


@pytest.mark.parametrize("patch", [(1, 1, 1), (4, 4, 4), (3, 9, 5), (6, 9, 11), (2, 20, 4)])
@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9])
def test_every_start_of_a_patch_that_holds_enough_is_counted(count_labels, known, patch, share):
    index = count_labels(np.ones(SHAPE, np.uint8), known)
    lasts = [max(extent - edge, 0) for extent, edge in zip(SHAPE, patch, strict=True)]
    needed = share * index.measure_patch(patch)
    counts = index.count_starts(patch, needed)
    assert counts.sum() <= np.prod([last + 1 for last in lasts])
    if needed == 0:
        assert counts.sum() == np.prod([last + 1 for last in lasts])
    for start in np.ndindex(*(last + 1 for last in lasts)):
        if np.count_nonzero(known[Box.at(start, patch).slices]) >= needed:
            assert counts[tuple(step // 4 for step in start)] > 0
