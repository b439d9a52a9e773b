"""Compiled loops that count pairs of labels in a hash table.

Labels are unsigned of any width; negative ones are seen as the unsigned number with the same bits. A table has a power
of 2 of slots: keys (a pair a row) and voxels of each, where 0 is an empty slot.
"""

import numpy as np

from volumen.compiling import kernel, kernel_part

# Predicted labels, true labels, what is ignored: one row of voxels each.
Block = tuple[np.ndarray, np.ndarray, np.ndarray]

_MIX_PREDICTED = np.uint64(0x9E3779B97F4A7C15)  # odd numbers without pattern: 2**64 / golden ratio, one of Murmur's
_MIX_TRUE = np.uint64(0xFF51AFD7ED558CCD)
_HALF = np.uint64(32)
_ONE = np.uint64(1)


@kernel
def count_pairs(block: Block, keys: np.ndarray, counts: np.ndarray, state: np.ndarray) -> None:
    """Count voxels from `state[0]` on until all are counted or two thirds of the slots, `state[1]`, are taken.

    Runs of equal pairs are counted before they are looked up, for labels change seldom along x.
    """
    predicted, true, ignored = block
    voxels, most = len(true), 2 * len(counts) // 3
    voxel, taken = state
    while voxel < voxels and taken < most:
        if ignored[voxel]:
            voxel += 1
            continue
        first = voxel
        while voxel < voxels and predicted[voxel] == predicted[first] and true[voxel] == true[first]:
            if ignored[voxel]:
                break
            voxel += 1
        here_predicted, here_true = np.uint64(predicted[first]), np.uint64(true[first])
        slot = _find_slot(here_predicted, here_true, keys, counts)
        if counts[slot] == 0:
            taken += 1
            keys[slot, 0], keys[slot, 1] = here_predicted, here_true
        counts[slot] += voxel - first
    state[0], state[1] = voxel, taken


@kernel
def move_pairs(keys: np.ndarray, counts: np.ndarray, other_keys: np.ndarray, other_counts: np.ndarray) -> None:
    """Enter the pairs of a table in another one that is empty."""
    for old in range(len(counts)):
        if counts[old]:
            slot = _find_slot(keys[old, 0], keys[old, 1], other_keys, other_counts)
            other_keys[slot, 0], other_keys[slot, 1] = keys[old, 0], keys[old, 1]
            other_counts[slot] = counts[old]


@kernel_part
def _find_slot(predicted: np.uint64, true: np.uint64, keys: np.ndarray, counts: np.ndarray) -> np.uint64:
    """Where a pair stands, or the empty slot where it belongs."""
    last = np.uint64(len(counts) - 1)
    mixed = predicted * _MIX_PREDICTED + true * _MIX_TRUE
    slot = (mixed ^ (mixed >> _HALF)) & last
    while counts[slot] and (keys[slot, 0] != predicted or keys[slot, 1] != true):
        slot = (slot + _ONE) & last
    return slot
