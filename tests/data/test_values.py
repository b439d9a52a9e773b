import numpy as np
import pytest

from volumen.data import Components, LabelValues
from volumen.data.values import convert_labels, separate_instances
from volumen.errors import DataError
from volumen.geometry import VoxelSize


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"])
def test_labels_of_any_whole_type_keep_their_values(dtype):
    assert convert_labels(np.ones((1, 1, 2), dtype), [2]).tolist() == [[[1, 1]]]


def test_a_sentinel_beyond_signed_64_bits_is_ignored():
    labels = np.array([[[7, 2**64 - 1]]], np.uint64)
    assert convert_labels(labels, [2**64 - 1]).tolist() == [[[7, -100]]]


def test_negative_labels_are_refused_unless_they_are_the_ignored_value():
    labels = np.array([[[1, -1]]], np.int16)
    assert convert_labels(labels, [-1]).tolist() == [[[1, -100]]]
    with pytest.raises(DataError, match=r"got -1 .* set data\.ignore=-1"):
        convert_labels(labels, [2])


def test_minus_100_in_a_file_is_not_taken_for_granted():
    with pytest.raises(DataError, match="got -100"):
        convert_labels(np.full((1, 1, 1), -100, np.int32), [2])


def test_labels_with_fractions_are_refused():
    with pytest.raises(DataError, match="whole numbers; got float32"):
        convert_labels(np.zeros((1, 1, 1), np.float32), [])


def line(*values: int, dtype: str = "uint64") -> np.ndarray:
    return np.array([[values]], dtype)


def test_values_become_the_classes_they_stand_for():
    values = LabelValues(classes={255: 1, 7: 3})
    assert convert_labels(line(0, 255, 7, 255), [], values).tolist() == [[[0, 1, 3, 1]]]


def test_one_sentinel_is_background_and_another_nobody_looked():
    """The clefts of CREMI: 2⁶⁴ − 1 is no cleft, 2⁶⁴ − 2 not looked at."""
    values = LabelValues(ignore=(2**64 - 2,), classes={2**64 - 1: 0})
    labels = line(2**64 - 1, 2**64 - 2, 12, 5)
    assert convert_labels(labels, values.list_ignored(2), values).tolist() == [[[0, -100, 12, 5]]]


@pytest.mark.parametrize(
    ("rest", "expected"), [(4, [0, 1, 4, 4]), ("keep", [0, 1, 9, 2**40]), (-100, [0, 1, -100, -100])]
)
def test_what_is_left_out_becomes_the_rest(rest, expected):
    assert convert_labels(line(0, 255, 9, 2**40), [], LabelValues(classes={255: 1}, rest=rest)).tolist() == [[expected]]


def test_a_value_without_a_class_is_named():
    with pytest.raises(DataError, match=r"label value 9 stands for no class \(2 voxels .* known: 255;"):
        convert_labels(line(0, 255, 9, 9), [], LabelValues(classes={255: 1}, rest="refuse"))


def test_zero_may_stand_for_something_else():
    assert convert_labels(line(0, 1), [], LabelValues(classes={0: -100, 1: 1})).tolist() == [[[-100, 1]]]


def test_nobody_looked_wins_over_a_class():
    assert convert_labels(line(3, 1), [3], LabelValues(classes={3: 1, 1: 1})).tolist() == [[[-100, 1]]]


def test_the_recipe_says_what_is_ignored_where_the_layout_does_not():
    assert LabelValues().list_ignored(2) == (2,)
    assert LabelValues().list_ignored(None) == ()
    assert LabelValues(ignore=()).list_ignored(2) == ()


def test_parts_of_a_class_are_instances_that_grow_into_the_border():
    classes = line(0, 2, 1, 1, 2, 2, 1, 2, 0, -100, dtype="int64")
    assert separate_instances(classes, Components(inside=1), None)[0, 0].tolist() == [0, 0, 1, 1, 0, 0, 2, 0, 0, -100]
    grown = separate_instances(classes, Components(inside=1, border=2), None)
    assert grown[0, 0].tolist() == [0, 1, 1, 1, 1, 2, 2, 2, 0, -100]


def test_the_nearest_instance_is_nearest_in_nanometres():
    classes = np.zeros((3, 1, 3), np.int64)
    classes[0, 0, 1] = classes[1, 0, 2] = 1  # a section above, and beside it in the same section
    classes[1, 0, 1] = 2
    beside = separate_instances(classes, Components(1, 2), VoxelSize(30, 6, 6))
    above = separate_instances(classes, Components(1, 2), VoxelSize(6, 6, 30))
    assert (beside[1, 0, 1], above[1, 0, 1]) == (beside[1, 0, 2], above[0, 0, 1])


def test_a_border_without_an_instance_is_background():
    assert not separate_instances(line(0, 2, 2, 0, dtype="int64"), Components(1, 2), None).any()


def test_whole_numbers_kept_as_floats_are_taken_where_the_layout_says_so():
    labels = np.array([[[0, 2, 7]]], np.float32)
    assert convert_labels(labels, [7], LabelValues(floats=True, classes={2: 1})).tolist() == [[[0, 1, -100]]]
    with pytest.raises(DataError, match=r"whole numbers; got 0\.5 \(1 voxels of a patch have fractions\)"):
        convert_labels(labels + np.float32([0, 0.5, 0]) - np.float32([0, 2, 0]), [], LabelValues(floats=True))
    with pytest.raises(DataError, match="whole numbers; got nan"):
        convert_labels(labels * np.float32(np.nan), [], LabelValues(floats=True))
