"""Surface elements of a mask and their areas, by marching cubes."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from jaxtyping import Bool, Float64, UInt8

CODES = 256
CORNERS = 8


def encode_corners(mask: Bool[np.ndarray, "z y x"], margin: int = 0) -> UInt8[np.ndarray, "cz cy cx"]:
    """For every point where eight voxels meet, which of them are foreground: one bit each, z y x of the first highest.

    Beyond the faces all is background, so there is one point more than voxels on each axis, and at its end one that is
    always 0; 2 bytes a voxel.

    Args:
        mask: foreground.
        margin: further points, all 0, to put around.
    """
    padded = np.pad(mask, 1 + margin).view(np.uint8)
    planes, width = padded.reshape(len(padded), -1), padded.shape[2]
    codes = np.zeros_like(planes)
    above = np.zeros(planes.shape[1] - width - 1, np.uint8)
    for code, plane in zip(codes[:-1], planes[1:], strict=True):
        pairs = 2 * plane[:-1] + plane[1:]  # shifts of bytes take ten times as long
        below = 4 * pairs[:-width] + pairs[width:]
        np.add(16 * above, below, out=code[: len(below)])
        above = below
    return codes.reshape(padded.shape)


def find_surface(codes: UInt8[np.ndarray, "cz cy cx"]) -> Bool[np.ndarray, "cz cy cx"]:
    """The points that the surface passes: those with both foreground and background around them."""
    return (codes > 0) & (codes < CODES - 1)


def measure_surfels(spacing: Sequence[float | int]) -> Float64[np.ndarray, " codes"]:
    """Area of the surface within the cell about a point, for each of the 256 codes."""
    return _measure_surfels(tuple(map(float, spacing)))


@cache
def _measure_surfels(spacing: tuple[float, ...]) -> Float64[np.ndarray, " codes"]:
    """Lorensen and Cline's triangles; a cell with more than four corners inside has those of its complement."""
    from skimage.measure import marching_cubes, mesh_surface_area

    areas = np.zeros(CODES)
    for code in range(1, CODES - 1):
        sparse = code if code.bit_count() <= CORNERS // 2 else CODES - 1 - code
        cell = np.array([sparse >> place & 1 for place in reversed(range(CORNERS))], float).reshape(2, 2, 2)
        vertices, faces, *_ = marching_cubes(cell, 0.5, method="lorensen")  # type: ignore[no-untyped-call]
        placed = vertices.astype(np.float64) * spacing  # float32 would be wrong in the ninth digit
        areas[code] = mesh_surface_area(placed, faces)  # type: ignore[no-untyped-call]
    return areas
