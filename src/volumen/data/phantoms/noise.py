"""Random textures of a chosen grain, and the size of a phantom."""

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from jaxtyping import Bool, Float32, UInt8

from volumen.errors import ShapeError
from volumen.geometry import Shape, to_shape

# Shorter axes hold neither a sheet with its gap nor a neurite.
SMALLEST_EDGE = 16
# Share of their variance that unit normals keep along an axis under a cubic B-spline: the mean sum of squared weights.
SPLINE_VARIANCE = 151 / 315
TEXTURE_EDGE = 512


def parse_size(size: int | Sequence[int]) -> Shape:
    """The shape of a phantom: a cube from one number, a box from three."""
    shape = to_shape([size] * 3) if isinstance(size, int) else to_shape(size)
    if min(shape) < SMALLEST_EDGE:
        raise ShapeError(f"a phantom needs at least {SMALLEST_EDGE} voxels along each axis; got {shape}")
    return shape


def draw_field(
    rng: np.random.Generator, shape: Shape, *, grain: float | tuple[float, float, float]
) -> Float32[np.ndarray, "z y x"]:
    """A smooth random field of mean 0 and deviation 1 that changes over about `grain` voxels.

    Cubic B-splines over a lattice of normal draws: elementwise sums only, so the same bytes on any number of threads.
    """
    grains = (grain,) * 3 if isinstance(grain, float) else grain
    lattice = [int(extent / axis) + 4 for extent, axis in zip(shape, grains, strict=True)]
    field = rng.standard_normal(lattice, np.float32)
    for axis in (2, 1, 0):
        field = _refine_axis(field, axis, extent=shape[axis], grain=grains[axis])
    return np.asarray(field * np.float32(SPLINE_VARIANCE**-1.5))


def draw_texture(rng: np.random.Generator, *, grain: tuple[float, float]) -> Float32[np.ndarray, "rows columns"]:
    """A flat texture of mean 0 and deviation 1 that repeats seamlessly every `TEXTURE_EDGE` voxels."""
    from scipy.ndimage import gaussian_filter

    white = rng.standard_normal((TEXTURE_EDGE, TEXTURE_EDGE), np.float32)
    smooth = gaussian_filter(white, grain, mode="wrap")
    return np.asarray((smooth - smooth.mean()) / smooth.std(), np.float32)


def draw_speckle(
    rng: np.random.Generator, shape: Shape, *, blur: float | tuple[float, float, float]
) -> Float32[np.ndarray, "z y x"]:
    """White noise blurred by a Gaussian of `blur` voxels, deviation 1."""
    from scipy.ndimage import gaussian_filter

    noise = gaussian_filter(rng.standard_normal(shape, np.float32), blur)
    return np.asarray(noise / noise.std(), np.float32)


def find_highest(field: Float32[np.ndarray, "*shape"], *, share: float) -> Bool[np.ndarray, "*shape"]:
    """Where a field of mean 0 and deviation 1 is high; in the long run that is `share` of it."""
    return np.asarray(field > NormalDist().inv_cdf(1 - share))


def ramp(values: Float32[np.ndarray, "*shape"], *, softness: float) -> Float32[np.ndarray, "*shape"]:
    """0 below zero, 1 above, with a straight edge `softness` wide about zero."""
    return np.asarray(np.clip(values / softness + 0.5, 0, 1), np.float32)


def to_bytes(intensity: Float32[np.ndarray, "z y x"]) -> UInt8[np.ndarray, "z y x"]:
    """Grey values of a picture whose black is 0 and white is 1."""
    return np.asarray(np.clip(np.rint(intensity * 255), 0, 255), np.uint8)


def _refine_axis(
    field: Float32[np.ndarray, "z y x"], axis: int, *, extent: int, grain: float
) -> Float32[np.ndarray, "zz yy xx"]:
    position = np.arange(extent) / grain
    start = position.astype(np.int64)
    t = position - start
    weights = ((1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3)
    along = tuple(-1 if other == axis else 1 for other in range(3))
    taps = (field.take(start + tap, axis) * (w / 6).astype(np.float32).reshape(along) for tap, w in enumerate(weights))
    return np.asarray(sum(taps), np.float32)
