"""Local shape descriptors: size, centre and spread of what an object has around a voxel."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, final

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Integer, Shaped
from pydantic import Field
from torch import Tensor

from volumen.geometry import Box, Shape, VoxelSize, to_shape
from volumen.heads import Unit
from volumen.targets.boundary import SLACK
from volumen.targets.gradients import REACH, find_reach
from volumen.targets.label_patch import LabelPatch, list_objects, measure_edges
from volumen.targets.target import ArrayTarget
from volumen.targets.turning import Dimensions, Part, SymmetricTensor, Vector, spread_tensor

Taps = Float32[np.ndarray, "3 _"]
Moments = Float32[np.ndarray, "10 z y x"]

# The least spread along an axis, as a share of σ², so that an object one voxel thin divides by something.
LEAST_SPREAD = 1e-3
# Where the products of two axes stand among those of a tensor, and where the squares.
CROSS = {2: (1,), 3: (1, 2, 4)}
SQUARES = {2: (0, 2), 3: (0, 3, 5)}


@final
@dataclass(frozen=True, kw_only=True)
class ShapeDescriptorsTarget(ArrayTarget):
    """What the voxel's own object looks like through a Gaussian window around it (Sheridan et al. 2022, Nat. Methods).

    Ten channels in three dimensions (six in two): the step to the object's centre in the window (z y x), its spread
    along each axis (zz yy xx), correlations of axes (zy zx yx), and its share of the window. Numbers are brought to 0 …
    1 as there: steps and correlations are ½ + s/2, steps in σ, spreads in σ². Background has zeros.

    Args:
        sigma: of the window, in units.
        unit: voxels of the finest axis, or nm.
        step: windows are put around every so many voxels of the finest axis, and what they show is moved to the others
            of the same object: off by some hundredths, and many times faster. 1 puts one around every voxel; a quarter
            of sigma when not said. Voxels in whose step no window is around their own object weigh nothing.
        halo: units of labels read past the faces of a patch; all that the window reaches when not said.
        dimensions: 2 looks within each section only; the patch's when not said.
    """

    activations = ("sigmoid", "none")
    losses = ("mse",)
    linear = True

    sigma: Annotated[float, Field(gt=0)] = 10.0
    unit: Unit = "voxel"
    step: Annotated[int, Field(ge=1)] | None = None
    halo: Annotated[float, Field(ge=0)] | None = None
    dimensions: Dimensions = 3

    @property
    def parts(self) -> tuple[Part, ...]:
        """One part: the descriptors turn together."""
        return (Descriptors(self.dimensions),)

    def find_halo(self, voxel_size: VoxelSize | None) -> Shape:
        """What the window reaches, in voxels."""
        sigma = self.sigma if self.halo is None else self.halo / REACH
        return find_reach(sigma, measure_edges(voxel_size, self.unit), self.dimensions)

    def encode_patch(self, patch: LabelPatch) -> tuple[Float32[np.ndarray, "d z y x"], Bool[np.ndarray, "1 z y x"]]:
        """Descriptors of the patch without its halo, and where somebody looked."""
        edges = measure_edges(patch.voxel_size, self.unit)
        grids = [find_grid(extent, step) for extent, step in zip(patch.shape, self._find_steps(edges), strict=True)]
        thinned = thin_patch(patch, grids)
        sums = self._sum_moments(thinned, [edge * grid.step for edge, grid in zip(edges, grids, strict=True)])
        described = describe_moments(sums, self.sigma, self.dimensions)
        same = patch.known
        if thinned is not patch:
            described = spread_grid(described, grids)
            same = same & (spread_grid(thinned.labels[None], grids)[0] == patch.labels)
            axes = range(3 - self.dimensions, 3)
            move_windows(described, [grids[axis].measure_moves(axis) * edges[axis] / self.sigma for axis in axes])
        values = np.clip(described, 0, 1) * (patch.mask & same)
        return values, (same | (patch.known & ~patch.mask))[None]

    def _find_steps(self, edges: tuple[float, float, float]) -> list[int]:
        """Voxels between windows along each axis."""
        finest = min(edges)
        step = max(1, int(self.sigma / finest / 4)) if self.step is None else self.step
        steps = [max(1, int(step * finest / edge + SLACK)) for edge in edges]
        return steps if self.dimensions == 3 else [1, *steps[1:]]  # noqa: PLR2004 - all of space

    def _sum_moments(self, patch: LabelPatch, edges: Sequence[float]) -> Moments:
        """Gaussian sums around every voxel of the patch without its halo."""
        moments: Moments = np.zeros((10, *patch.shape), np.float32)
        taps = [_build_axis(edge, self.sigma) for edge in edges]
        for part, space in self._list_patches(patch, moments):
            for found in list_objects(part.labels):
                _add_object(part, found, taps, space)
        return moments

    def _list_patches(self, patch: LabelPatch, moments: Moments) -> Iterator[tuple[LabelPatch, Moments]]:
        """What is looked at together, with where its moments go."""
        if self.dimensions == 3:  # noqa: PLR2004 - all of space
            yield patch, moments
        else:
            for z, section in enumerate(patch.list_sections()):
                yield section, moments[:, z : z + 1]


@final
@dataclass(frozen=True)
class Descriptors(Part):
    """Shape descriptors: a vector, a tensor in spreads and correlations, and a number."""

    dimensions: Dimensions

    @property
    def channels(self) -> int:
        """Ten in three dimensions, six in two."""
        return self.dimensions + len(SQUARES[self.dimensions]) + len(CROSS[self.dimensions]) + 1

    def rotate(self, values: Shaped[Tensor, "b d z y x"], matrix: Float[Tensor, "3 3"]) -> Shaped[Tensor, "b d z y x"]:
        """The tensor is put together, turned, and taken apart again."""
        steps, spreads, correlations, size = torch.split(
            values, [self.dimensions, self.dimensions, len(CROSS[self.dimensions]), 1], 1
        )
        turned = Vector(self.dimensions).rotate(steps * 2 - 1, matrix) / 2 + 0.5
        tensor = SymmetricTensor(self.dimensions).rotate(self._join(spreads, correlations * 2 - 1), matrix)
        spreads, correlations = self._part(tensor)
        described: Tensor = torch.cat([turned, spreads, correlations / 2 + 0.5, size], 1) * (size > 0)
        return described

    def _join(self, spreads: Tensor, correlations: Tensor) -> Tensor:
        """The upper triangle of the tensor of spreads."""
        roots = spreads.sqrt()
        tensor = torch.zeros_like(torch.cat([spreads, correlations], 1))
        tensor[:, SQUARES[self.dimensions]] = spreads
        pairs = [(i, j) for i in range(self.dimensions) for j in range(i + 1, self.dimensions)]
        for place, (i, j), correlation in zip(CROSS[self.dimensions], pairs, correlations.unbind(1), strict=True):
            tensor[:, place] = correlation * roots[:, i] * roots[:, j]
        return tensor

    def _part(self, tensor: Tensor) -> tuple[Tensor, Tensor]:
        """Spreads and correlations of a tensor's upper triangle."""
        spreads = tensor[:, SQUARES[self.dimensions]]
        roots = spreads.clamp(min=LEAST_SPREAD).sqrt()
        full = spread_tensor(tensor, self.dimensions)
        pairs = [(i, j) for i in range(self.dimensions) for j in range(i + 1, self.dimensions)]
        return spreads, torch.stack([full[:, i, j] / (roots[:, i] * roots[:, j]) for i, j in pairs], 1)


def describe_moments(moments: Moments, sigma: float, dimensions: Dimensions) -> Float32[np.ndarray, "d z y x"]:
    """Descriptors from Gaussian sums of 1, z, y, x, zz, zy, zx, yy, yx and xx; anything where there is no object."""
    size = moments[0]
    safe = np.where(size > 0, size, np.float32(1))
    axes = (1, 2, 3)[3 - dimensions :]
    means = moments[list(axes)] / (safe * np.float32(sigma))
    squares = {1: 4, 2: 7, 3: 9}
    crosses = {(1, 2): 5, (1, 3): 6, (2, 3): 8}
    area = safe * np.float32(sigma**2)
    spreads = np.stack([moments[squares[axis]] / area for axis in axes]) - means**2
    spreads = np.maximum(spreads, np.float32(LEAST_SPREAD))
    pairs = [(i, j) for i in range(dimensions) for j in range(i + 1, dimensions)]
    correlations = [
        (moments[crosses[axes[i], axes[j]]] / area - means[i] * means[j]) / np.sqrt(spreads[i] * spreads[j])
        for i, j in pairs
    ]
    parts = [means / 2 + np.float32(0.5), spreads, np.stack(correlations) / 2 + np.float32(0.5), size[None]]
    described: Float32[np.ndarray, "d z y x"] = np.concatenate(parts)
    return described


def move_windows(described: Float32[np.ndarray, "d z y x"], moves: Sequence[Float32[np.ndarray, "_ _ _"]]) -> None:
    """Put windows that lie `moves` (in σ) off around their own voxels, to first order.

    For a Gaussian window around c, with C the spread in σ²: the mean follows by dm/dc = C, the size by dS/dc = S m.
    """
    dimensions = len(moves)
    pairs = [(i, j) for i in range(dimensions) for j in range(i + 1, dimensions)]
    roots = np.sqrt(described[dimensions : 2 * dimensions])
    steps = 2 * described[:dimensions] - 1
    cross = {
        pair: (2 * described[2 * dimensions + number] - 1) * roots[pair[0]] * roots[pair[1]]
        for number, pair in enumerate(pairs)
    }
    described[-1] *= np.exp(-sum(step * move for step, move in zip(steps, moves, strict=True)))
    for i in range(dimensions):
        follows = [roots[i] ** 2 if i == j else cross[min(i, j), max(i, j)] for j in range(dimensions)]
        described[i] += (moves[i] - sum(share * move for share, move in zip(follows, moves, strict=True))) / 2


@dataclass(frozen=True)
class Grid:
    """Every so many voxels along an axis: those in the middle of each step, and which of them each voxel belongs to."""

    step: int
    middles: Integer[np.ndarray, " middles"]
    places: Integer[np.ndarray, " voxels"]

    def measure_moves(self, axis: int) -> Float32[np.ndarray, "_ _ _"]:
        """Voxels from each voxel to its grid voxel, along this axis of a patch."""
        moves: Float32[np.ndarray, "_ _ _"] = (
            (self.middles[self.places] - np.arange(len(self.places)))
            .astype(np.float32)
            .reshape([-1 if other == axis else 1 for other in range(3)])
        )
        return moves


def find_grid(extent: int, step: int) -> Grid:
    """The grid of an axis of so many voxels; what is left over at the end belongs to the last step."""
    step = min(step, extent)
    middles = np.arange(step // 2, extent, step)
    return Grid(step, middles, np.minimum(np.arange(extent) // step, len(middles) - 1))


def thin_patch(patch: LabelPatch, grids: Sequence[Grid]) -> LabelPatch:
    """The patch at the voxels of the grid; the same patch where that is all."""
    if all(grid.step == 1 for grid in grids):
        return patch
    at = np.ix_(*(grid.middles for grid in grids))
    halo = to_shape([edge // grid.step for edge, grid in zip(patch.halo, grids, strict=True)])
    return replace(patch, labels=np.ascontiguousarray(patch.labels[at]), known=patch.known[at], halo=halo)


def spread_grid(values: Shaped[np.ndarray, "d gz gy gx"], grids: Sequence[Grid]) -> Shaped[np.ndarray, "d z y x"]:
    """For every voxel what its grid voxel has."""
    z, y, x = (grid.places for grid in grids)
    spread: Shaped[np.ndarray, "d z y x"] = values[:, z][:, :, y][:, :, :, x]
    return spread


def _add_object(patch: LabelPatch, found: tuple[int, Box], taps: Sequence[Taps], moments: Moments) -> None:
    """Write the moments of one object at those of its voxels that lie in the patch without its halo."""
    from volumen.targets.shape_kernels import gather_lines, gather_moments, gather_rows

    number, box = found
    middle = box.clip(Box.whole(patch.shape).grow([-edge for edge in patch.halo]))
    if middle.size == 0:
        return
    seen = box.clip(middle.grow([axis.shape[1] // 2 for axis in taps]))
    mask = patch.labels[seen.slices] == number
    inner = middle.relative_to(seen.start)
    ranges = [(low, high) for low, high in zip(inner.start, inner.stop, strict=True)]
    _, height, width = inner.shape
    lines = np.zeros((3, *mask.shape[:2], width), np.float32)
    gather_lines(mask, taps[2], ranges[2], lines)
    rows = np.zeros((6, len(mask), height, width), np.float32)
    gather_rows(lines, taps[1], ranges[1], rows)
    gather_moments(rows, taps[0], (mask[inner.slices], inner.start[0]), moments[(slice(None), *middle.slices)])


def _build_axis(edge: float, sigma: float) -> Taps:
    """A Gaussian that sums to 1, times 1, the distance and the distance squared."""
    radius = int(REACH * sigma / edge + 0.5)
    steps = np.arange(-radius, radius + 1) * edge
    shares = np.exp(-0.5 * (steps / sigma) ** 2)
    shares /= shares.sum()
    return np.stack([shares, shares * steps, shares * steps**2]).astype(np.float32)
