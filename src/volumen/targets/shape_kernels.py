"""Compiled loops: Gaussian moments of an object around each of its voxels, axis by axis."""

import numpy as np
from numba import njit

MOMENTS = 10


@njit(cache=True)
def gather_lines(mask, taps, inner, result):  # type: ignore[no-untyped-def]  # numba types it
    """Moments 0, 1, 2 along x of a mask `z y x`, at the columns of `inner`; result is `3 z y x`."""
    depth, height, _ = mask.shape
    first, last = inner
    count, radius = taps.shape[1], taps.shape[1] // 2
    line = np.zeros(mask.shape[2] + 2 * radius, np.float32)
    for z in range(depth):
        for y in range(height):
            row = mask[z, y]
            if not row.any():
                continue
            line[radius : radius + len(row)] = row
            for moment in range(3):
                target = result[moment, z, y]
                for tap in range(count):
                    share = taps[moment, tap]
                    source = line[first + tap : last + tap]
                    for at in range(len(target)):
                        target[at] += share * source[at]


@njit(cache=True)
def gather_rows(lines, taps, inner, result):  # type: ignore[no-untyped-def]
    """Moments along y of those along x: 00 01 02 10 11 20 (x first), at the rows of `inner`; result is `6 z y x`."""
    _, depth, height, _ = lines.shape
    first, last = inner
    radius = taps.shape[1] // 2
    for z in range(depth):
        for y in range(first, last):
            for other in range(max(0, y - radius), min(height, y + radius + 1)):
                if not lines[0, z, other].any():
                    continue
                shares = taps[:, other - y + radius]
                slot = 0
                for moment in range(3):
                    source = lines[moment, z, other]
                    for order in range(3 - moment):
                        target = result[slot, z, y - first]
                        share = shares[order]
                        for at in range(len(target)):
                            target[at] += share * source[at]
                        slot += 1


@njit(cache=True)
def gather_moments(rows, taps, inside, inner, result):  # type: ignore[no-untyped-def]
    """All moments up to the second at the voxels of `inside` (`z y x`, the planes of `inner`).

    `result` is `10 z y x`: 1, z, y, x, zz, zy, zx, yy, yx, xx.
    """
    _, depth, height, width = rows.shape
    first, last = inner
    radius = taps.shape[1] // 2
    sums = np.empty((MOMENTS, width), np.float32)
    for z in range(first, last):
        for y in range(height):
            columns = np.flatnonzero(inside[z - first, y])
            if len(columns) == 0:
                continue
            low, high = columns[0], columns[-1] + 1
            sums[:, low:high] = 0
            for other in range(max(0, z - radius), min(depth, z + radius + 1)):
                near, once, twice = taps[:, other - z + radius]
                _add_row(rows[:, other, y, low:high], near, once, twice, sums[:, low:high])
            for moment in range(MOMENTS):
                target = result[moment, z - first, y]
                for x in columns:
                    target[x] = sums[moment, x]


@njit(cache=True)
def _add_row(row, near, once, twice, sums):  # type: ignore[no-untyped-def]
    """What one row adds, its share times 1, its distance and its distance squared."""
    for at in range(row.shape[1]):
        sums[0, at] += near * row[0, at]
        sums[1, at] += once * row[0, at]
        sums[2, at] += near * row[1, at]
        sums[3, at] += near * row[3, at]
        sums[4, at] += twice * row[0, at]
        sums[5, at] += once * row[1, at]
        sums[6, at] += once * row[3, at]
        sums[7, at] += near * row[2, at]
        sums[8, at] += near * row[4, at]
        sums[9, at] += near * row[5, at]
