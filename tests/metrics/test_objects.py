import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from volumen.metrics import ObjectError, score_objects

LABELS = arrays(np.int64, (2, 4, 5), elements=st.integers(0, 4))

# The first true object is split, the next two are merged, the fourth is missed, and a predicted one is invented.
TRUTH = np.array([[[1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 4, 4, 4, 0, 0]]])
FOUND = np.array([[[1, 1, 1, 2, 2, 0, 3, 3, 3, 3, 3, 3, 0, 0, 0, 5, 5]]])


def list_main(own, other, label) -> set[int]:
    """Labels of the other side that most voxels of an object have, objects before background."""
    labels, voxels = np.unique(other[own == label], return_counts=True)
    best = set(labels[voxels == voxels.max()].tolist())
    return best - {0} or best


def count_parted(own, other) -> int:
    """Objects of one side that are the main partner of several of the other."""
    partners = [one for label in set(np.unique(other)) - {0} for one in list_main(other, own, label) - {0}]
    return sum(partners.count(label) > 1 for label in set(partners))


def test_errors_counted_by_hand():
    score = score_objects(FOUND, TRUTH)

    assert (score.objects_true, score.objects_predicted) == (4, 4)
    assert (score.objects_split, score.objects_merged) == (1, 1)
    assert (score.objects_missed, score.objects_invented) == (1, 1)
    assert score.worst == (
        ObjectError("split", label=1, voxels=6, lost=2, pieces=(1, 2)),
        ObjectError("merged", label=3, voxels=6, lost=2, pieces=(2, 3)),
        ObjectError("missed", label=4, voxels=3, lost=3),
        ObjectError("invented", label=5, voxels=2, lost=2),
    )


def test_a_border_drawn_too_wide_is_no_error():
    truth, found = np.array([[[1, 1, 1, 2, 2, 2, 0]]]), np.array([[[1, 1, 1, 1, 2, 2, 2]]])

    score = score_objects(found, truth)

    assert score.worst == ()
    assert score.objects_one_to_one == 2


def test_the_worst_come_first_and_no_more_than_asked_for():
    truth = np.repeat(np.arange(1, 7), [2, 6, 4, 8, 3, 5])[None, None]
    nothing = np.zeros_like(truth)

    worst = score_objects(nothing, truth, worst=3).worst

    assert [(error.label, error.lost) for error in worst] == [(4, 8), (2, 6), (6, 5)]
    assert score_objects(nothing, truth, worst=0).worst == ()
    assert score_objects(nothing, truth, worst=0).objects_missed == 6


def test_small_objects_may_be_left_out():
    truth, found = np.array([[[1, 1, 1, 1, 0, 2]]]), np.array([[[1, 1, 1, 3, 4, 0]]])

    assert score_objects(found, truth).objects_split == 1
    score = score_objects(found, truth, min_voxels=2)

    assert (score.objects_true, score.objects_predicted) == (1, 1)
    assert score.worst == ()


@settings(max_examples=50, deadline=None)
@given(LABELS, LABELS)
def test_counts_are_those_of_objects_looked_at_one_by_one(prediction, truth):
    score = score_objects(prediction, truth, components=False)

    assert score.objects_split == count_parted(truth, prediction)
    assert score.objects_merged == count_parted(prediction, truth)
    true, predicted = (set(np.unique(labels)) - {0} for labels in (truth, prediction))
    assert score.objects_missed == sum(list_main(truth, prediction, label) == {0} for label in true)
    assert score.objects_invented == sum(list_main(prediction, truth, label) == {0} for label in predicted)


@settings(max_examples=30, deadline=None)
@given(LABELS, LABELS)
def test_errors_change_their_names_when_the_volumes_change_places(prediction, truth):
    one, other = (score_objects(*pair, components=False) for pair in ((prediction, truth), (truth, prediction)))

    assert (one.objects_split, one.objects_missed) == (other.objects_merged, other.objects_invented)
    assert (one.objects_merged, one.objects_invented) == (other.objects_split, other.objects_missed)
