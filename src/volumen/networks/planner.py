"""How deep a network pools, axis by axis: plain numbers in, a printed table out.

The rules are nnU-Net's (Isensee et al. 2021, `get_pool_and_conv_props`), so plans and weights compare with its own:
an axis is pooled while its map keeps at least four voxels and its spacing is below twice the smallest among the axes
that can still be pooled; its kernel spans one voxel until its spacing is within twice the smallest of all.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from volumen.errors import ShapeError
from volumen.geometry import Shape, VoxelSize, to_shape

SMALLEST_MAP = 4
# A last axis left alone is pooled only from three maps' worth on, as nnU-Net does.
SMALLEST_LONE = 3 * SMALLEST_MAP
NEAR = 2.0
KERNEL = 3
PLAIN_BLOCKS = 2
RESIDUAL_BLOCKS = (1, 3, 4, 6)


@dataclass(frozen=True)
class Stage:
    """One resolution of the encoder: the step down to it, and the blocks that run there."""

    stride: Shape
    kernel: Shape
    features: int
    blocks: int


@dataclass(frozen=True)
class NetworkPlan:
    """The geometry of a U-Net, finest stage first; `str(plan)` is a table of it.

    Args:
        patch_size: what the network is trained on; a multiple of `divisor`.
        stages: one more than there are poolings.
        decoder_blocks: convolutions at each step up.
    """

    patch_size: Shape
    stages: tuple[Stage, ...]
    decoder_blocks: int

    @property
    def divisor(self) -> Shape:
        """What every side of an input must be a multiple of."""
        return to_shape([math.prod(edges) for edges in zip(*(stage.stride for stage in self.stages), strict=True)])

    def __str__(self) -> str:
        return format_plan(self)


def plan_network(
    shape: Shape,
    *,
    voxel_size: VoxelSize | None = None,
    features: int = 32,
    max_features: int = 320,
    max_poolings: int = 6,
    residual: bool = True,
) -> NetworkPlan:
    """The network that fits patches of `shape`: it pools each axis as often as size and spacing allow.

    Args:
        shape: voxels of a patch, or of the median case when that is smaller; sides that do not divide are rounded up.
        voxel_size: None stands for equal edges.
        features: channels of the finest stage; they double at each step down.
        max_features: where the doubling ends.
        max_poolings: steps down at most.
        residual: blocks 1, 3, 4, 6, 6 … and one convolution a step up, instead of two and two.
    """
    strides, kernels = _pool_axes(shape, tuple(voxel_size or (1.0, 1.0, 1.0)), max_poolings)
    stages = tuple(
        Stage(
            stride=stride,
            kernel=kernel,
            features=min(features * 2**depth, max_features),
            blocks=_count_blocks(depth, residual=residual),
        )
        for depth, (stride, kernel) in enumerate(zip(strides, kernels, strict=True))
    )
    if len(stages) == 1:
        raise ShapeError(
            f"a patch of {shape} is too small to pool; "
            f"two sides need {2 * SMALLEST_MAP} voxels or one side {SMALLEST_LONE}"
        )
    return _round_patch(NetworkPlan(shape, stages, decoder_blocks=1 if residual else PLAIN_BLOCKS))


def plan_poolings(patch_size: Shape, *, depth: int, features: int, residual: bool) -> NetworkPlan:
    """The network of a fixed depth: axes longer than one voxel are halved `depth` times, features double."""
    stride = to_shape([1 if edge == 1 else 2 for edge in patch_size])
    kernel = to_shape([1 if edge == 1 else KERNEL for edge in patch_size])
    stages = tuple(
        Stage((1, 1, 1) if level == 0 else stride, kernel, features * 2**level, _count_blocks(level, residual=residual))
        for level in range(depth + 1)
    )
    return _round_patch(NetworkPlan(patch_size, stages, decoder_blocks=1 if residual else PLAIN_BLOCKS))


def round_up(shape: Sequence[int], divisor: Sequence[int]) -> Shape:
    """The smallest multiple of `divisor` that holds `shape`."""
    return to_shape([math.ceil(edge / step) * step for edge, step in zip(shape, divisor, strict=True)])


def check_divides(shape: Sequence[int], divisor: Shape) -> None:
    """A ShapeError that names the divisor and the next shape that fits, unless every side is a multiple."""
    if any(edge == 0 or edge % step for edge, step in zip(shape, divisor, strict=True)):
        fitting = round_up([max(edge, 1) for edge in shape], divisor)
        raise ShapeError(
            f"this network needs sides that are multiples of {divisor} (z y x); got {tuple(shape)}; {fitting} would fit"
        )


def format_plan(plan: NetworkPlan) -> str:
    """A table of a plan, a line a stage."""
    lines = [f"{'stage':<6}{'stride':<8}{'kernel':<8}{'features':<10}{'blocks':<8}map (z y x)"]
    extent = plan.patch_size
    for number, stage in enumerate(plan.stages):
        extent = to_shape([edge // step for edge, step in zip(extent, stage.stride, strict=True)])
        stride, kernel = _join(stage.stride), _join(stage.kernel)
        lines.append(f"{number:<6}{stride:<8}{kernel:<8}{stage.features:<10}{stage.blocks:<8}{_join(extent)}")
    up = "1 convolution" if plan.decoder_blocks == 1 else f"{plan.decoder_blocks} convolutions"
    ending = f"patch {_join(plan.patch_size)}, divisor {_join(plan.divisor)}, {up} a step up"
    return "\n".join([*lines, ending])


def _pool_axes(shape: Shape, spacing: tuple[float, ...], max_poolings: int) -> tuple[list[Shape], list[Shape]]:
    """Stride and kernel of every stage; the bottom's kernel spans every axis that has more than one voxel."""
    sizes, spacings, kernel = list(shape), list(spacing), [1, 1, 1]
    full = to_shape([1 if edge == 1 else KERNEL for edge in shape])
    strides, kernels = [to_shape([1, 1, 1])], []
    while len(strides) <= max_poolings and (pooled := _choose_axes(sizes, spacings)):
        smallest = min(edge for edge, size in zip(spacings, shape, strict=True) if size > 1)
        for axis in range(3):
            kernel[axis] = full[axis] if spacings[axis] / smallest < NEAR else kernel[axis]
        kernels.append(to_shape(kernel))
        for axis in pooled:
            spacings[axis] *= 2
            sizes[axis] = math.ceil(sizes[axis] / 2)
        strides.append(to_shape([2 if axis in pooled else 1 for axis in range(3)]))
    return strides, [*kernels, full]


def _choose_axes(sizes: list[int], spacings: list[float]) -> list[int]:
    """Axes that the next step down halves; none when the maps are small enough."""
    poolable = [axis for axis in range(3) if sizes[axis] >= 2 * SMALLEST_MAP]
    smallest = min((spacings[axis] for axis in poolable), default=1.0)
    near = [axis for axis in poolable if spacings[axis] / smallest < NEAR]
    return [] if len(near) == 1 and sizes[near[0]] < SMALLEST_LONE else near


def _round_patch(plan: NetworkPlan) -> NetworkPlan:
    return replace(plan, patch_size=round_up(plan.patch_size, plan.divisor))


def _count_blocks(depth: int, *, residual: bool) -> int:
    return RESIDUAL_BLOCKS[min(depth, len(RESIDUAL_BLOCKS) - 1)] if residual else PLAIN_BLOCKS


def _join(numbers: Sequence[int]) -> str:
    return "×".join(map(str, numbers))
