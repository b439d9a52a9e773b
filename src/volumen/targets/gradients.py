"""Smoothed gradients of patches, from those voxels whose values are known."""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float32

from volumen.geometry import Shape
from volumen.targets.turning import Dimensions

Field = Float32[np.ndarray, "z y x"]
Vectors = Float32[np.ndarray, "d z y x"]
Taps = Float32[np.ndarray, " taps"]
Edges = tuple[float, float, float]

# Sigmas that a Gaussian reaches to either side.
REACH = 3.0
# A filter that finds less than this share of its weight on known voxels says nothing.
LEAST_KNOWN = 1e-3


def measure_gradient(
    field: Field, known: Bool[np.ndarray, "z y x"], *, edges: Edges, sigma: float, dimensions: Dimensions
) -> Vectors:
    """The slope per unit of length along each axis of the field, smoothed by a Gaussian of `sigma` units.

    Voxels that are not known are left out (normalised convolution: ∇(Gwf / Gw), G the filter); zeros where none are in
    sight. At the faces of the patch the outermost values are taken to go on. Two dimensions leave out z.
    """
    axes = _choose_axes(dimensions)
    if known.all():
        return _filter_gradient(field, axes, edges, sigma)
    weight = known.astype(np.float32)
    amount, share = smooth_field(field * weight, edges, sigma, axes), smooth_field(weight, edges, sigma, axes)
    rises, grows = _filter_gradient(field * weight, axes, edges, sigma), _filter_gradient(weight, axes, edges, sigma)
    safe = np.where(share > LEAST_KNOWN, share, np.float32(np.inf))
    gradient: Vectors = (rises - amount / safe * grows) / safe
    return gradient


def smooth_field(field: Field, edges: Edges, sigma: float, axes: Sequence[int] = (0, 1, 2)) -> Field:
    """The field smoothed by a Gaussian of `sigma` units along some axes."""
    for axis in axes:
        field = filter_axis(field, build_gaussian(sigma / edges[axis]), axis)
    return field


def smooth_known(
    fields: Sequence[Field], known: Bool[np.ndarray, "z y x"], *, edges: Edges, sigma: float, dimensions: Dimensions
) -> Vectors:
    """Fields smoothed over their known voxels only; zeros where none are in sight."""
    axes = _choose_axes(dimensions)
    if known.all():
        return np.stack([smooth_field(field, edges, sigma, axes) for field in fields])
    weight = known.astype(np.float32)
    share = smooth_field(weight, edges, sigma, axes)
    safe = np.where(share > LEAST_KNOWN, share, np.float32(np.inf))
    return np.stack([smooth_field(field * weight, edges, sigma, axes) / safe for field in fields])


def find_reach(sigma: float, edges: Edges, dimensions: Dimensions) -> Shape:
    """Voxels to either side that a filter of `sigma` units looks at."""
    z, y, x = (_find_radius(sigma / edge, least=1) for edge in edges)
    return (z if dimensions == 3 else 0), y, x  # noqa: PLR2004 - not within sections only


def filter_axis(field: Field, taps: Taps, axis: int) -> Field:
    """The field correlated with `taps` along one axis; past the faces the outermost values go on."""
    from volumen.targets.gradient_kernels import filter_lines, filter_rows

    if len(taps) == 1:
        return field
    field = np.ascontiguousarray(field)
    result = np.empty_like(field)
    depth, _, width = field.shape
    if axis == 0:
        filter_rows(field.reshape(depth, -1), taps, result.reshape(depth, -1))
    elif axis == 1:
        for section, filtered in zip(field, result, strict=True):
            filter_rows(section, taps, filtered)
    else:
        filter_lines(field.reshape(-1, width), taps, result.reshape(-1, width))
    return result


def build_gaussian(sigma: float) -> Taps:
    """A Gaussian that sums to 1; a lone 1 where sigma is 0."""
    radius = _find_radius(sigma, least=0)
    steps = np.arange(-radius, radius + 1)
    taps = np.exp(-0.5 * (steps / max(sigma, 1e-6)) ** 2)
    shares: Taps = (taps / taps.sum()).astype(np.float32)
    return shares


def build_slope(sigma: float) -> Taps:
    """The derivative of a Gaussian that gives a straight line its slope; central differences where sigma is small."""
    steps = np.arange(-(radius := _find_radius(sigma, least=1)), radius + 1)
    taps = steps * np.exp(-0.5 * (steps / max(sigma, 1 / 4)) ** 2)
    shares: Taps = (taps / (taps * steps).sum()).astype(np.float32)
    return shares


def _filter_gradient(field: Field, axes: Sequence[int], edges: Edges, sigma: float) -> Vectors:
    slopes = []
    for along in axes:
        slope = field / np.float32(edges[along])
        for axis in axes:
            build = build_slope if axis == along else build_gaussian
            slope = filter_axis(slope, build(sigma / edges[axis]), axis)
        slopes.append(slope)
    return np.stack(slopes)


def _find_radius(sigma: float, *, least: int) -> int:
    return max(math.ceil(REACH * sigma), least) if sigma > 0 else least


def _choose_axes(dimensions: Dimensions) -> tuple[int, ...]:
    return (0, 1, 2) if dimensions == 3 else (1, 2)  # noqa: PLR2004 - z y x
