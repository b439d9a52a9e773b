from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from volumen.metrics import build_table, sources

SHAPE = (3, 4, 5)
LABELS = arrays(np.int64, SHAPE, elements=st.integers(0, 3))


def read_rows(table) -> dict:
    rows = zip(table.predicted.tolist(), table.true.tolist(), table.voxels.tolist(), strict=True)
    return {(predicted, true): voxels for predicted, true, voxels in rows}


@settings(max_examples=50, deadline=None)
@given(LABELS, LABELS, st.sampled_from([None, 0, 2, 9]))
def test_the_table_is_a_count_of_pairs(prediction, truth, ignore):
    pairs = zip(prediction.ravel().tolist(), truth.ravel().tolist(), strict=True)

    assert read_rows(build_table(prediction, truth, ignore=ignore)) == Counter(p for p in pairs if p[1] != ignore)


@pytest.mark.parametrize("limit", [1, 10, 77])
def test_blocks_give_the_table_of_the_whole(monkeypatch, make_volume, prediction, truth, limit):
    whole = read_rows(build_table(prediction, truth, ignore=truth == 5))
    monkeypatch.setattr(sources, "BLOCK_VOXELS", limit)

    blocks = build_table(make_volume(prediction), make_volume(truth), ignore=make_volume((truth == 5).astype(np.uint8)))

    assert read_rows(blocks) == whole


def test_ids_near_the_end_of_64_bits_stay_apart():
    truth = np.array([[[2**64 - 1, 2**64 - 2, 0]]], np.uint64)

    assert read_rows(build_table(truth, truth)) == {(2**64 - 1,) * 2: 1, (2**64 - 2,) * 2: 1, (0, 0): 1}
    assert read_rows(build_table(truth, truth, ignore=2**64 - 1)) == {(2**64 - 2,) * 2: 1, (0, 0): 1}


def test_a_sentinel_the_type_cannot_hold_ignores_nothing():
    truth = np.ones((1, 1, 3), np.uint8)

    assert build_table(truth, truth, ignore=2**64 - 1).voxels.tolist() == [3]


def test_all_ignored_or_no_voxels_is_an_empty_table():
    truth = np.ones((2, 2, 2), np.uint8)

    assert len(build_table(truth, truth, ignore=1).voxels) == 0
    assert len(build_table(truth[:0], truth[:0]).voxels) == 0


def test_progress_counts_the_blocks(monkeypatch, truth):
    monkeypatch.setattr(sources, "BLOCK_VOXELS", 300)
    seen = []

    build_table(truth, truth, progress=lambda done, total: seen.append((done, total)))

    assert [done for done, _ in seen] == list(range(1, seen[0][1] + 1))
