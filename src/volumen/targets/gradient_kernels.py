"""Compiled loops: filters along one axis, and eigenvectors of small tensors."""

import math

import numpy as np

from volumen.compiling import kernel, kernel_part

# Numbers a slice of the second loop spans, so that what is added up stays in the processor's nearest memory.
SPAN = 2048


@kernel
def filter_rows(source, taps, result):  # type: ignore[no-untyped-def]  # numba types it
    """Filter a c-contiguous array `n m` along its first axis; rows past the ends are the last ones."""
    rows, width = source.shape
    radius = len(taps) // 2
    for start in range(0, width, SPAN):
        stop = min(start + SPAN, width)
        for row in range(rows):
            target = result[row, start:stop]
            target[:] = 0
            for tap in range(len(taps)):
                other = source[min(max(row + tap - radius, 0), rows - 1), start:stop]
                share = taps[tap]
                for at in range(len(target)):
                    target[at] += share * other[at]


@kernel
def filter_lines(source, taps, result):  # type: ignore[no-untyped-def]
    """Filter a c-contiguous array `n m` along its last axis; numbers past the ends are the last ones."""
    rows, width = source.shape
    radius = len(taps) // 2
    line = np.empty(width + 2 * radius, source.dtype)
    for row in range(rows):
        line[:radius] = source[row, 0]
        line[radius : radius + width] = source[row]
        line[radius + width :] = source[row, width - 1]
        for at in range(width):
            result[row, at] = 0
        for tap in range(len(taps)):
            share = taps[tap]
            for at in range(width):
                result[row, at] += share * line[at + tap]


@kernel
def find_least_2d(tensor, vectors, contrast):  # type: ignore[no-untyped-def]
    """Eigenvectors y x of the smaller eigenvalues of tensors yy yx xx, and the gap to the larger as share of both."""
    for at in range(tensor.shape[1]):
        yy, yx, xx = float(tensor[0, at]), float(tensor[1, at]), float(tensor[2, at])
        gap = math.hypot(yy - xx, 2 * yx)
        if gap <= 0 or yy + xx <= 0:
            continue
        least = (yy + xx - gap) / 2
        y, x = (yx, least - yy) if yy > xx else (least - xx, yx)
        length = math.hypot(y, x)
        if x < 0 or (x == 0 and y < 0):
            length = -length
        vectors[0, at], vectors[1, at] = y / length, x / length
        contrast[at] = gap / (yy + xx)


@kernel
def find_least_3d(tensor, vectors, contrast):  # type: ignore[no-untyped-def]
    """Eigenvectors z y x of the smallest eigenvalues of tensors zz zy zx yy yx xx, and the gap to the next."""
    here = np.empty(6)
    for at in range(tensor.shape[1]):
        here[:] = tensor[:, at]
        trace = here[0] + here[3] + here[5]
        if trace <= 0:
            continue
        least, middle = _find_two_least(here)
        if middle <= least:
            continue
        z, y, x = _find_eigenvector(here, least)
        length = math.sqrt(z * z + y * y + x * x)
        if length <= 0:
            continue
        if x < 0 or (x == 0 and (y < 0 or (y == 0 and z < 0))):
            length = -length
        vectors[0, at], vectors[1, at], vectors[2, at] = z / length, y / length, x / length
        contrast[at] = (middle - least) / trace


@kernel_part
def _find_two_least(tensor):  # type: ignore[no-untyped-def]
    """The two smaller roots of the characteristic polynomial, by its angle (Smith 1961)."""
    zz, zy, zx, yy, yx, xx = tensor
    mean = (zz + yy + xx) / 3
    spread = ((zz - mean) ** 2 + (yy - mean) ** 2 + (xx - mean) ** 2 + 2 * (zy * zy + zx * zx + yx * yx)) / 6
    if spread <= 0:
        return mean, mean
    radius = math.sqrt(spread)
    a, b, c = zz - mean, yy - mean, xx - mean
    determinant = a * (b * c - yx * yx) - zy * (zy * c - yx * zx) + zx * (zy * yx - b * zx)
    angle = math.acos(min(max(determinant / (2 * radius**3), -1.0), 1.0)) / 3
    most = mean + 2 * radius * math.cos(angle)
    least = mean + 2 * radius * math.cos(angle + 2 * math.pi / 3)
    return least, 3 * mean - most - least


@kernel_part
def _find_eigenvector(tensor, value):  # type: ignore[no-untyped-def]
    """The longest vector product of two rows of the tensor less its eigenvalue: all three are perpendicular to it."""
    zz, zy, zx, yy, yx, xx = tensor
    zz, yy, xx = zz - value, yy - value, xx - value
    az, ay, ax = zy * yx - zx * yy, zx * zy - zz * yx, zz * yy - zy * zy
    bz, by, bx = zy * xx - zx * yx, zx * zx - zz * xx, zz * yx - zy * zx
    cz, cy, cx = yy * xx - yx * yx, yx * zx - zy * xx, zy * yx - yy * zx
    a, b, c = az * az + ay * ay + ax * ax, bz * bz + by * by + bx * bx, cz * cz + cy * cy + cx * cx
    if a >= b and a >= c:
        return az, ay, ax
    if b >= c:
        return bz, by, bx
    return cz, cy, cx
