"""The compiled loop behind error maps."""

import numpy as np
from numba import njit

# Values of ErrorKind, which compiled code cannot read.
RIGHT, SPLIT, MERGED, MISSED, INVENTED = range(5)

Voxels = tuple[np.ndarray, np.ndarray, np.ndarray]
Partners = tuple[np.ndarray, np.ndarray]


@njit(cache=True, nogil=True)
def classify(block: Voxels, of_predicted: Partners, of_true: Partners, kinds: np.ndarray) -> None:
    """Put the kind of every voxel that is not ignored; pairs are looked up where they change.

    Args:
        block: predicted labels, true labels and what is ignored.
        of_predicted: predicted objects, rising, and the main partner of each.
        of_true: true objects, likewise.
        kinds: takes the result.
    """
    predicted, true, ignored = block
    kind, last_predicted, last_true = RIGHT, np.uint64(0), np.uint64(0)
    for voxel in range(len(true)):
        if ignored[voxel]:
            continue
        here_predicted, here_true = np.uint64(predicted[voxel]), np.uint64(true[voxel])
        if here_predicted != last_predicted or here_true != last_true:
            kind = _judge(here_predicted, here_true, of_predicted, of_true)
            last_predicted, last_true = here_predicted, here_true
        kinds[voxel] = kind


@njit(cache=True, nogil=True)
def _judge(predicted: np.uint64, true: np.uint64, of_predicted: Partners, of_true: Partners) -> int:
    if predicted == 0:
        return RIGHT if true == 0 else MISSED
    if true == 0:
        return INVENTED
    if _find_main(predicted, of_predicted) != true:
        return MERGED
    return RIGHT if _find_main(true, of_true) == predicted else SPLIT


@njit(cache=True, nogil=True)
def _find_main(label: np.uint64, partners: Partners) -> np.uint64:
    """The main partner of a label, 0 when it is unknown."""
    labels, main = partners
    place = np.searchsorted(labels, label)
    return np.uint64(main[place] if place < len(labels) and labels[place] == label else 0)
