"""Compiled loops over points: which of them lie near a centre, and their mean."""

import numpy as np

from volumen.compiling import kernel


@kernel
def find_near(points, left, centre, radius):  # type: ignore[no-untyped-def]  # numba types it
    """Which of the points that are left (`points[left]`, of `n d`) lie within a radius of a centre, and their mean."""
    near = np.zeros(len(left), np.bool_)
    mean = np.zeros(points.shape[1])
    count = 0
    for number in range(len(left)):
        point = points[left[number]]
        square = 0.0
        for axis in range(len(point)):
            square += (point[axis] - centre[axis]) ** 2
        if square <= radius * radius:
            near[number] = True
            count += 1
            for axis in range(len(point)):
                mean[axis] += point[axis]
    return near, mean / max(count, 1)
