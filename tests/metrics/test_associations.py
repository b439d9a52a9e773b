import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from volumen.metrics import Associations, build_table, count_associations

LABELS = arrays(np.int64, (2, 4, 5), elements=st.integers(0, 5))


def associate(prediction, truth) -> Associations:
    return count_associations(build_table(prediction, truth))


def associate_slowly(prediction, truth) -> Associations:
    """Groups grown from links, object by object."""
    predicted, true = (sorted(set(np.unique(labels).tolist()) - {0}) for labels in (prediction, truth))
    iou = {
        (one, other): ((prediction == one) & (truth == other)).sum() / ((prediction == one) | (truth == other)).sum()
        for one in predicted
        for other in true
    }
    links = set()
    for one in predicted:
        best = max((iou[one, other] for other in true), default=0)
        links |= {(one, other) for other in true if iou[one, other] == best > 0}
    for other in set(true) - {linked for _, linked in links}:
        best = max((iou[one, other] for one in predicted), default=0)
        links |= {(one, other) for one in predicted if iou[one, other] == best > 0}
    groups = [({("p", one)}) for one in predicted] + [({("t", other)}) for other in true]
    for one, other in links:
        touched = [group for group in groups if ("p", one) in group or ("t", other) in group]
        groups = [group for group in groups if group not in touched] + [set().union(*touched)]
    sides = [(sum(side == "p" for side, _ in group), sum(side == "t" for side, _ in group)) for group in groups]
    return Associations(
        one_to_one=sides.count((1, 1)),
        over_segmented=sum(p > 1 and t == 1 for p, t in sides),
        under_segmented=sum(t for p, t in sides if p == 1 and t > 1),
        many_to_many=sum(t for p, t in sides if p > 1 and t > 1),
        missing=sides.count((0, 1)),
        background=sides.count((1, 0)),
    )


@pytest.mark.parametrize(
    ("found", "truth", "counts"),
    [
        ([1, 1, 0, 0], [0, 2, 2, 0], Associations(1, 0, 0, 0, 0, 0)),
        ([1, 1, 2, 3], [5, 5, 5, 5], Associations(0, 1, 0, 0, 0, 0)),
        ([7, 7, 7, 7], [1, 2, 3, 3], Associations(0, 0, 3, 0, 0, 0)),
        ([1, 1, 2, 2, 2, 2, 2], [1, 1, 1, 1, 1, 2, 2], Associations(0, 0, 0, 2, 0, 0)),
        ([0, 0, 4, 4], [1, 1, 0, 0], Associations(0, 0, 0, 0, 1, 1)),
        ([0, 0], [0, 0], Associations(0, 0, 0, 0, 0, 0)),
    ],
    ids=["one to one", "over-segmented", "under-segmented", "many to many", "missing and background", "nothing"],
)
def test_groups_counted_by_hand(found, truth, counts):
    assert associate(np.array([[found]]), np.array([[truth]])) == counts


@settings(max_examples=60, deadline=None)
@given(LABELS, LABELS)
def test_groups_are_those_grown_link_by_link(prediction, truth):
    assert associate(prediction, truth) == associate_slowly(prediction, truth)
