"""Compiled loops over surface elements: their codes, and how many of each lie close to another surface."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int64, UInt8

from volumen.compiling import kernel

Codes = UInt8[np.ndarray, " cells"]
LAST = 254  # of the codes that are surface: 0 is all outside, 255 all inside


class Census(NamedTuple):
    """How often each code stands, and how often close to the other surface."""

    all: Int64[np.ndarray, "256"]
    close: Int64[np.ndarray, "256"]


@kernel
def take_census(codes: Codes, others: Codes, steps: Int64[np.ndarray, " steps"], census: Census) -> None:
    """Count the codes of a surface, and those with a point of the other surface at any of the steps in memory."""
    for cell in range(len(codes)):
        code = codes[cell]
        if 0 < code <= LAST:
            census.all[code] += 1
            for step in steps:
                if 0 < others[cell + step] <= LAST:
                    census.close[code] += 1
                    break
