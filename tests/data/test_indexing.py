from dataclasses import replace

import numpy as np
import pytest

from volumen.data import Case, Frame, LabelValues, indexing
from volumen.data.indexing import build_index, choose_edge
from volumen.data.patches import PatchReader
from volumen.errors import DataError

SHAPE = (9, 10, 13)
FIELDS = ("shape", "edge", "known", "foreground", "values", "cells", "voxels", "thinned", "merged")


@pytest.fixture
def labels(rng) -> np.ndarray:
    return rng.integers(0, 5, SHAPE).astype(np.uint16)


@pytest.fixture
def case(write_volume, labels) -> Case:
    return Case("a", "unused.tif", {"ids": str(write_volume("labels/a.tif", labels))})


@pytest.fixture(autouse=True)
def small_cells(monkeypatch):
    monkeypatch.setattr(indexing, "EDGE", 4)


def build(case, ignore=None, **options):
    return build_index(case, "ids", reader=PatchReader(0), ignore=ignore, **options)


def assert_equal(one, other):
    for name in FIELDS:
        assert np.array_equal(getattr(one, name), getattr(other, name)), name


@pytest.mark.parametrize("voxels", [20, 300, 10**6])
def test_block_by_block_it_is_that_of_the_whole(count_labels, case, labels, monkeypatch, voxels):
    monkeypatch.setattr(indexing, "BLOCK_VOXELS", voxels)
    seen = []
    assert_equal(build(case, progress=lambda done, total: seen.append((done, total))), count_labels(labels))
    assert seen[-1] == (len(seen), len(seen))


def test_ignored_values_and_masks_are_not_counted(count_labels, case, labels, write_volume, rng):
    mask = rng.random(SHAPE) < 0.5
    masked = replace(case, mask=str(write_volume("masks/a.tif", mask.astype(np.uint8))))
    assert_equal(build(masked, ignore=2), count_labels(labels, mask & (labels != 2)))


def test_a_case_is_counted_in_its_own_part_and_voxel_size(count_labels, case, labels):
    framed = replace(case, frame=Frame(skipped=(3,), scale=(1.0, 2.0, 2.0)))
    known = np.ones((9, 5, 6), bool)
    known[3] = False
    assert_equal(build(framed), count_labels(labels[:, 1::2, 1::2][:, :, :6], known))


def test_classes_of_the_runs_own_are_counted(count_labels, case, labels):
    mapped = replace(case, values={"ids": LabelValues(classes={1: 7, 2: -100}, rest=0)})
    expected = np.where(labels == 1, 7, 0).astype(np.int64)
    assert_equal(build(mapped), count_labels(expected, labels != 2))


def test_too_many_rows_make_cells_wider(write_volume, monkeypatch):
    monkeypatch.setattr(indexing, "MOST_ROWS", 30)
    monkeypatch.setattr(indexing, "BLOCK_VOXELS", 64)
    labels = np.repeat(np.arange(1, 13, dtype=np.uint16)[:, None, None], 4, 0) * np.ones((1, 16, 16), np.uint16)
    index = build(Case("a", "unused.tif", {"ids": str(write_volume("labels/b.tif", labels))}))
    assert index.edge == (16, 16, 16)
    assert index.labels.tolist() == list(range(1, 13))
    assert index.thinned == 1
    assert_counts(index, labels)


def test_labels_beyond_all_bounds_are_thinned_by_their_ids(write_volume, monkeypatch, rng):
    monkeypatch.setattr(indexing, "MOST_ROWS", 200)
    monkeypatch.setattr(indexing, "BLOCK_VOXELS", 100)
    labels = rng.permutation(np.arange(4096, dtype=np.uint16)).reshape(16, 16, 16)
    index = build(Case("a", "unused.tif", {"ids": str(write_volume("labels/c.tif", labels))}))
    assert index.thinned == 32
    assert 60 <= len(index.values) <= 200
    assert index.foreground.sum() == 4095
    assert_counts(index, labels)


def assert_counts(index, labels):
    """Every label that is listed is counted where it is."""
    for label in index.labels:
        cells, voxels = index.find_cells(int(label))
        there = [np.count_nonzero(labels[index.cut_cell(int(cell)).slices] == label) for cell in cells]
        assert voxels.tolist() == there
        assert voxels.sum() == np.count_nonzero(labels == label)


def test_only_a_block_is_held_while_labels_are_counted(case, monkeypatch):
    monkeypatch.setattr(indexing, "BLOCK_VOXELS", 130)
    seen, read = [], PatchReader.read
    monkeypatch.setattr(PatchReader, "read", lambda self, source, box: seen.append(box.size) or read(self, source, box))
    build(case)
    assert max(seen) <= 130
    assert sum(seen) == np.prod(SHAPE)


def test_labels_that_no_patch_could_hold_are_an_error(write_volume):
    case = Case("a", "unused.tif", {"ids": str(write_volume("labels/d.tif", np.full(SHAPE, -5, np.int16)))})
    with pytest.raises(DataError, match=r"got -5 .*data\.ignore=-5"):
        build(case)
    assert build(case, ignore=-5).known.sum() == 0


@pytest.mark.parametrize(
    ("shape", "edge"), [((1, 9, 9), 4), ((256, 256, 256), 4), ((512, 512, 512), 8), ((10**4,) * 3, 256)]
)
def test_large_cases_have_wide_cells(shape, edge):
    assert choose_edge(shape) == (edge,) * 3
