import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from volumen.errors import DataError, ShapeError
from volumen.geometry import Box
from volumen.metrics import ErrorKind, build_table, errors_kernels, map_errors, sources, write_errors
from volumen.volumes import create_volume, open_volume

LABELS = arrays(np.int64, (3, 4, 5), elements=st.integers(0, 4))
RIGHT, SPLIT, MERGED, MISSED, INVENTED, IGNORED = ErrorKind


def judge_slowly(prediction, truth, ignored) -> np.ndarray:
    """Voxel by voxel, each time with the partners of the two objects counted anew."""
    kinds = np.full(truth.shape, IGNORED)
    seen = ~ignored & (prediction != 0) & (truth != 0)
    for place in np.argwhere(~ignored):
        one, other = prediction[tuple(place)], truth[tuple(place)]
        if one == 0 or other == 0:
            kinds[tuple(place)] = RIGHT if one == other else MISSED if one == 0 else INVENTED
            continue
        owned = np.bincount(truth[seen & (prediction == one)])
        holders = np.bincount(prediction[seen & (truth == other)])
        merged, split = owned[other] < owned.max(), holders[one] < holders.max()
        kinds[tuple(place)] = MERGED if merged else SPLIT if split else RIGHT
    return kinds


def test_kinds_counted_by_hand():
    truth = np.array([[[1, 1, 1, 1, 1, 2, 2, 3, 3, 3, 0, 0, 9]]])
    found = np.array([[[7, 7, 7, 8, 8, 0, 0, 5, 5, 5, 5, 0, 4]]])
    joined = np.array([[[7, 7, 7, 7, 7, 7, 7, 5, 5, 5, 0, 0, 4]]])

    assert map_errors(found, truth, ignore=9).read().tolist() == [
        [[RIGHT, RIGHT, RIGHT, SPLIT, SPLIT, MISSED, MISSED, RIGHT, RIGHT, RIGHT, INVENTED, RIGHT, IGNORED]]
    ]
    assert map_errors(joined, truth, ignore=9).read().tolist() == [
        [[RIGHT, RIGHT, RIGHT, RIGHT, RIGHT, MERGED, MERGED, RIGHT, RIGHT, RIGHT, RIGHT, RIGHT, IGNORED]]
    ]


@settings(max_examples=30, deadline=None)
@given(LABELS, LABELS, arrays(bool, (3, 4, 5)))
def test_kinds_are_those_found_voxel_by_voxel(prediction, truth, ignored):
    errors = map_errors(prediction, truth, ignore=ignored)

    np.testing.assert_array_equal(errors.read(), judge_slowly(prediction, truth, ignored))


@settings(max_examples=30, deadline=None)
@given(LABELS, LABELS, st.permutations(range(1, 5)))
def test_names_of_objects_do_not_matter(prediction, truth, names):
    renamed = (np.array([0, *names], np.uint64) * 2**61)[prediction]

    np.testing.assert_array_equal(map_errors(renamed, truth).read(), map_errors(prediction, truth).read())


def test_a_perfect_prediction_is_right_everywhere(truth):
    assert not map_errors(truth, truth).read().any()


def test_a_box_reads_as_it_does_in_the_whole(prediction, truth):
    errors = map_errors(prediction, truth, ignore=3)
    box = Box((1, 2, 3), (5, 6, 17))

    np.testing.assert_array_equal(errors.read(box), errors.read()[box.slices])


def test_the_map_is_written_block_by_block(monkeypatch, make_volume, prediction, truth):
    whole = map_errors(prediction, truth, ignore=3, table=build_table(prediction, truth, ignore=3))
    monkeypatch.setattr(sources, "BLOCK_VOXELS", 100)
    written, seen = np.full(truth.shape, 99, np.uint8), []

    voxels = write_errors(
        map_errors(make_volume(prediction), make_volume(truth), ignore=3),
        lambda box, kinds: written.__setitem__(box.slices, kinds),
        progress=lambda done, total: seen.append((done, total)),
    )

    np.testing.assert_array_equal(written, whole.read())
    assert voxels == {kind: int((written == kind).sum()) for kind in ErrorKind}
    assert seen[-1][0] == seen[-1][1] == len(seen) > 3


def test_the_map_goes_into_a_volume(tmp_path, prediction, truth):
    errors = map_errors(prediction, truth)
    target = create_volume(tmp_path / "errors.zarr", shape=truth.shape, dtype=np.uint8)

    write_errors(errors, target)

    np.testing.assert_array_equal(open_volume(tmp_path / "errors.zarr").read(), errors.read())


def test_a_volume_of_another_shape_is_refused(tmp_path, truth):
    target = create_volume(tmp_path / "errors.zarr", shape=(2, 2, 2), dtype=np.uint8)

    with pytest.raises(ShapeError, match=r"the volume to write has \(2, 2, 2\)"):
        write_errors(map_errors(truth, truth), target)


def test_the_table_of_other_volumes_is_refused(prediction, truth):
    with pytest.raises(DataError, match="the table given for an error map is of other volumes"):
        map_errors(prediction + 1, truth, table=build_table(prediction, truth)).read()


def test_compiled_code_knows_the_same_kinds():
    kernels = errors_kernels.RIGHT, errors_kernels.MISSED, errors_kernels.INVENTED

    assert kernels == (RIGHT, MISSED, INVENTED)
