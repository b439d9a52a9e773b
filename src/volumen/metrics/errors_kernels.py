"""The compiled loop behind error maps."""

import numpy as np

from volumen.compiling import kernel, kernel_part

# Values of ErrorKind, which compiled code cannot read.
RIGHT, MISSED, INVENTED = 0, 3, 4
UNKNOWN = -1

# Predicted labels, true labels, what is ignored: one row of voxels each.
Block = tuple[np.ndarray, np.ndarray, np.ndarray]
# Predicted and true labels of pairs, rising by the former, then by the latter, and the kind of each pair.
Pairs = tuple[np.ndarray, np.ndarray, np.ndarray]


@kernel
def classify(block: Block, pairs: Pairs, kinds: np.ndarray) -> bool:
    """Whether all pairs are known; puts the kind of every voxel that is not ignored into `kinds`."""
    predicted, true, ignored = block
    kind, last_predicted, last_true = RIGHT, np.uint64(0), np.uint64(0)
    for voxel in range(len(true)):
        if ignored[voxel]:
            continue
        here_predicted, here_true = np.uint64(predicted[voxel]), np.uint64(true[voxel])
        if here_predicted != last_predicted or here_true != last_true:
            kind = _judge(here_predicted, here_true, pairs)
            if kind == UNKNOWN:
                return False
            last_predicted, last_true = here_predicted, here_true
        kinds[voxel] = kind
    return True


@kernel_part
def _judge(predicted: np.uint64, true: np.uint64, pairs: Pairs) -> int:
    if predicted == 0:
        return RIGHT if true == 0 else MISSED
    if true == 0:
        return INVENTED
    first = np.searchsorted(pairs[0], predicted, "left")
    last = np.searchsorted(pairs[0], predicted, "right")
    place = first + np.searchsorted(pairs[1][first:last], true)
    return int(pairs[2][place]) if place < last and pairs[1][place] == true else UNKNOWN
