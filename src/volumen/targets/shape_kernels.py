"""Compiled loops: Gaussian moments of an object around each of its voxels, axis by axis."""

import numpy as np

from volumen.compiling import kernel, kernel_part

MOMENTS = 10


@kernel
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
            for tap in range(count):
                source = line[first + tap : last + tap]
                for moment in range(3):
                    _add_scaled(source, taps[moment, tap], result[moment, z, y])


@kernel
def gather_rows(lines, taps, inner, result):  # type: ignore[no-untyped-def]
    """Moments along y of those along x: 00 01 02 10 11 20 (x first), at the rows of `inner`; result is `6 z y x`."""
    _, depth, height, _ = lines.shape
    first, last = inner
    radius = taps.shape[1] // 2
    for z in range(depth):
        for y in range(first, last):
            for other in range(max(0, y - radius), min(height, y + radius + 1)):
                if lines[0, z, other].any():
                    near, once, twice = taps[:, other - y + radius]
                    _add_scaled(lines[0, z, other], near, result[0, z, y - first])
                    _add_scaled(lines[0, z, other], once, result[1, z, y - first])
                    _add_scaled(lines[0, z, other], twice, result[2, z, y - first])
                    _add_scaled(lines[1, z, other], near, result[3, z, y - first])
                    _add_scaled(lines[1, z, other], once, result[4, z, y - first])
                    _add_scaled(lines[2, z, other], near, result[5, z, y - first])


@kernel
def gather_moments(rows, taps, inside, result):  # type: ignore[no-untyped-def]
    """All moments up to the second: `10 z y x` of 1, z, y, x, zz, zy, zx, yy, yx, xx.

    `inside` is a mask and its first plane among `rows`: moments are gathered at its voxels.
    """
    _, depth, height, width = rows.shape
    mask, first = inside
    radius = taps.shape[1] // 2
    sums = np.empty((MOMENTS, width), np.float32)
    for z in range(first, first + len(mask)):
        for y in range(height):
            columns = np.flatnonzero(mask[z - first, y])
            if len(columns) == 0:
                continue
            low, high = columns[0], columns[-1] + 1
            sums[:, low:high] = 0
            for other in range(max(0, z - radius), min(depth, z + radius + 1)):
                _add_row(rows[:, other, y, low:high], taps[:, other - z + radius], sums[:, low:high])
            for moment in range(MOMENTS):
                target = result[moment, z - first, y]
                for x in columns:
                    target[x] = sums[moment, x]


@kernel_part
def _add_row(row, shares, sums):  # type: ignore[no-untyped-def]
    """What one row adds: its share times 1, its distance and its distance squared."""
    near, once, twice = shares
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


@kernel_part
def _add_scaled(source, share, target):  # type: ignore[no-untyped-def]
    for at in range(len(target)):
        target[at] += share * source[at]
