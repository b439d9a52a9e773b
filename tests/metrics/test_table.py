from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from volumen.errors import DataError
from volumen.metrics import build_table, sources
from volumen.metrics.table import add_rows, sum_squares

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


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    arrays(np.int64, (2, *SHAPE), elements=st.integers(0, 3)),
    arrays(bool, SHAPE),
    st.integers(1, 60),
    st.sampled_from([(1, 1, 1), (2, 2, 2), (3, 4, 5)]),
)
def test_blocks_give_the_table_of_the_whole(make_volume, labels, ignored, limit, chunks):
    prediction, truth = labels
    whole = read_rows(build_table(prediction, truth, ignore=ignored))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "BLOCK_VOXELS", limit)
        one, other, mask = (make_volume(array, chunks) for array in (prediction, truth, ignored.astype(np.uint8)))
        blocks = read_rows(build_table(one, other, ignore=mask))

    assert blocks == whole


def test_ids_near_the_end_of_64_bits_stay_apart():
    truth = np.array([[[2**64 - 1, 2**64 - 2, 0]]], np.uint64)

    assert read_rows(build_table(truth, truth)) == {(2**64 - 1,) * 2: 1, (2**64 - 2,) * 2: 1, (0, 0): 1}
    assert read_rows(build_table(truth, truth, ignore=2**64 - 1)) == {(2**64 - 2,) * 2: 1, (0, 0): 1}


def test_rows_rise_and_keep_the_types_of_the_volumes(prediction, truth):
    table = build_table(prediction.astype(">i2"), truth.astype(np.uint64))

    assert (table.predicted.dtype, table.true.dtype) == (np.int16, np.uint64)
    rows = list(read_rows(table))
    assert rows == sorted(rows)
    assert read_rows(table) == read_rows(build_table(prediction, truth))


def test_scattered_arrays_count_as_they_are(prediction, truth):
    turned = build_table(prediction.transpose(2, 0, 1)[::-1], truth.transpose(2, 0, 1)[::-1])

    assert read_rows(turned) == read_rows(build_table(prediction, truth))


def test_masks_count_as_0_and_1():
    mask = np.array([[[True, False, True]]])

    assert read_rows(build_table(mask, mask)) == {(0, 0): 1, (1, 1): 2}


def test_many_pairs_of_any_64_bits_are_counted_while_the_table_grows(rng):
    truth = rng.integers(0, 2**64, (20, 20, 20), np.uint64, endpoint=False)
    prediction = truth[::-1]
    pairs = zip(prediction.ravel().tolist(), truth.ravel().tolist(), strict=True)

    assert read_rows(build_table(prediction, truth)) == Counter(pairs)


def test_negative_labels_are_refused_unless_ignored():
    labels, fine = np.array([[[-1, 2, 2]]], np.int32), np.array([[[1, 2, 2]]])

    with pytest.raises(DataError, match="the truth holds -1: renumber it, or ignore them"):
        build_table(fine, labels)
    with pytest.raises(DataError, match="the prediction holds -1"):
        build_table(labels, fine)
    assert read_rows(build_table(fine, labels, ignore=-1)) == {(2, 2): 2}


def test_rows_in_any_order_are_added_up():
    table = add_rows(np.array([3, 1, 3]), np.array([2, 2, 2]), np.array([5, 1, 4]))

    assert read_rows(table) == {(1, 2): 1, (3, 2): 9}


@pytest.mark.parametrize("largest", [0, 7, 2**31, 2**32 - 1, 2**32, 2**40])
def test_squares_are_added_up_exactly(largest):
    voxels = np.array([largest] * 50 + [3], np.int64)

    assert sum_squares(voxels) == 50 * largest**2 + 9


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
