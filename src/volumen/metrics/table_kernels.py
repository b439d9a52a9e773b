"""Compiled loops that count pairs of labels in a hash table.

Labels are unsigned of any width; negative ones are seen as the unsigned number with the same bits.
"""

import numpy as np
from numba import njit

# Keys (a pair a row), voxels of each, where 0 is an empty slot, and slots taken; a power of 2 of slots.
HashTable = tuple[np.ndarray, np.ndarray, int]

_MIX_PREDICTED = np.uint64(0x9E3779B97F4A7C15)  # odd numbers without pattern: 2**64 / golden ratio, one of Murmur's
_MIX_TRUE = np.uint64(0xFF51AFD7ED558CCD)
_HALF = np.uint64(32)
_ONE = np.uint64(1)


@njit(cache=True, nogil=True)
def count_pairs(predicted: np.ndarray, true: np.ndarray, ignored: np.ndarray, table: HashTable) -> HashTable:
    """The table after the voxels of a block, larger when more than two thirds are taken.

    Runs of equal pairs are counted before they are looked up, for labels change seldom along x.
    """
    length = 0
    last_predicted, last_true = np.uint64(0), np.uint64(0)
    for voxel in range(len(true)):
        if ignored[voxel]:
            continue
        here_predicted, here_true = np.uint64(predicted[voxel]), np.uint64(true[voxel])
        if here_predicted == last_predicted and here_true == last_true:
            length += 1
            continue
        if length:
            table = _add(last_predicted, last_true, length, table)
        last_predicted, last_true, length = here_predicted, here_true, 1
    return _add(last_predicted, last_true, length, table) if length else table


@njit(cache=True, nogil=True)
def _add(predicted: np.uint64, true: np.uint64, voxels: int, table: HashTable) -> HashTable:
    keys, counts, taken = table
    slot = _find_slot(predicted, true, keys, counts)
    if counts[slot] == 0:
        taken += 1
        keys[slot, 0], keys[slot, 1] = predicted, true
    counts[slot] += voxels
    if 3 * taken > 2 * len(counts):
        keys, counts = _grow(keys, counts)
    return keys, counts, taken


@njit(cache=True, nogil=True)
def _find_slot(predicted: np.uint64, true: np.uint64, keys: np.ndarray, counts: np.ndarray) -> np.uint64:
    """Where a pair stands, or the empty slot where it belongs."""
    last = np.uint64(len(counts) - 1)
    mixed = predicted * _MIX_PREDICTED + true * _MIX_TRUE
    slot = (mixed ^ (mixed >> _HALF)) & last
    while counts[slot] and (keys[slot, 0] != predicted or keys[slot, 1] != true):
        slot = (slot + _ONE) & last
    return slot


@njit(cache=True, nogil=True)
def _grow(keys: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    larger_keys = np.empty((2 * len(counts), 2), np.uint64)
    larger_counts = np.zeros(2 * len(counts), np.int64)
    for old in range(len(counts)):
        if counts[old]:
            slot = _find_slot(keys[old, 0], keys[old, 1], larger_keys, larger_counts)
            larger_keys[slot, 0], larger_keys[slot, 1] = keys[old, 0], keys[old, 1]
            larger_counts[slot] = counts[old]
    return larger_keys, larger_counts
