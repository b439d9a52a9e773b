"""Compiled loops over surface elements: their codes, and how many of each lie close to another surface."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int64, UInt8
from numba import njit

Codes = UInt8[np.ndarray, " cells"]
LAST = 254  # of the codes that are surface: 0 is all outside, 255 all inside


class Census(NamedTuple):
    """How often each code stands, and how often close to the other surface."""

    all: Int64[np.ndarray, "256"]
    close: Int64[np.ndarray, "256"]


@njit(cache=True, nogil=True)
def fill_codes(mask: UInt8[np.ndarray, "pz py px"], codes: UInt8[np.ndarray, "cz cy cx"]) -> None:
    """Write for every point where eight voxels of a mask meet which of them are 1, the first the highest bit."""
    for z in range(mask.shape[0] - 1):
        for y in range(mask.shape[1] - 1):
            a, b, c, d = mask[z, y], mask[z, y + 1], mask[z + 1, y], mask[z + 1, y + 1]
            row = codes[z, y]
            for x in range(mask.shape[2] - 1):
                upper = a[x] << 7 | a[x + 1] << 6 | b[x] << 5 | b[x + 1] << 4
                row[x] = upper | c[x] << 3 | c[x + 1] << 2 | d[x] << 1 | d[x + 1]


@njit(cache=True, nogil=True)
def take_census(codes: Codes, others: Codes, steps: Int64[np.ndarray, " steps"]) -> Census:
    """Count the codes of a surface, and those with a point of the other surface at any of the steps in memory."""
    census = Census(np.zeros(256, np.int64), np.zeros(256, np.int64))
    for cell in range(len(codes)):
        code = codes[cell]
        if 0 < code <= LAST:
            census.all[code] += 1
            for step in steps:
                if 0 < others[cell + step] <= LAST:
                    census.close[code] += 1
                    break
    return census
