"""Who belongs to whom among predicted and true objects, counted as TIMISE does (Franco-Barranco 2023)."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from volumen.metrics.instances import Pairs, flag_best, list_objects, list_pairs
from volumen.metrics.table import ContingencyTable


@dataclass(frozen=True)
class Associations:
    """True objects by how they are associated, and predicted objects that meet none."""

    one_to_one: int
    over_segmented: int
    under_segmented: int
    many_to_many: int
    missing: int
    background: int


def count_associations(table: ContingencyTable) -> Associations:
    """How many true objects are found one to one, over- and under-segmented, tangled, or missing.

    Every predicted object goes to the true one with which it has the greatest IoU; a true object that none came to
    goes to the predicted one with which it has the greatest. So groups arise: a lone pair is one to one, one true
    object with several predicted ones over-segmented, several true ones with one predicted under-segmented, several
    with several many to many. Without any shared voxel a true object is missing and a predicted one background.
    Of equal IoU all count, where TIMISE takes the first.
    """
    predicted = list_objects(table.predicted, table.voxels).labels
    true = list_objects(table.true, table.voxels).labels
    links = _link(list_pairs(table))
    one, other = np.searchsorted(predicted, links.predicted), np.searchsorted(true, links.true)
    groups = _group(one, other, len(predicted), len(true))
    predicted_in, true_in = (
        np.bincount(members, minlength=int(groups.max(initial=-1)) + 1)
        for members in (groups[: len(predicted)], groups[len(predicted) :])
    )
    return Associations(
        one_to_one=int(((predicted_in == 1) & (true_in == 1)).sum()),
        over_segmented=int(((predicted_in > 1) & (true_in == 1)).sum()),
        under_segmented=int(true_in[(predicted_in == 1) & (true_in > 1)].sum()),
        many_to_many=int(true_in[(predicted_in > 1) & (true_in > 1)].sum()),
        missing=int((predicted_in == 0).sum()),
        background=int((true_in == 0).sum()),
    )


def _link(pairs: Pairs) -> Pairs:
    """Each predicted object with its best true one, and each true object left alone with its best predicted one."""
    chosen = flag_best(pairs.predicted, pairs.iou)
    alone = ~np.isin(pairs.true, pairs.true[chosen])
    chosen[alone] = flag_best(pairs.true[alone], pairs.iou[alone])
    return pairs.pick(chosen)


def _group(
    one: Int64[np.ndarray, " links"], other: Int64[np.ndarray, " links"], predicted: int, true: int
) -> Int64[np.ndarray, " objects"]:
    """Which group each object is in, predicted ones first."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    objects = predicted + true
    graph = coo_array((np.ones(len(one), bool), (one, other + predicted)), shape=(objects, objects))
    if not objects:
        return np.zeros(0, np.int64)
    _, groups = connected_components(graph, directed=False)
    return groups.astype(np.int64)
