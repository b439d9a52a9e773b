"""How deep a network pools, axis by axis: plain numbers in, a plan out.

The rules are nnU-Net's (Isensee et al. 2021, `get_pool_and_conv_props`), so plans and weights compare with its own:
an axis is pooled while its map keeps at least four voxels and its spacing is below twice the smallest among the axes
that can still be pooled; its kernel spans one voxel until its spacing is within twice the smallest of all.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from volumen.errors import ConfigError, ShapeError
from volumen.geometry import Shape, VoxelSize, to_shape
from volumen.networks.plan import NetworkPlan, Stage

SMALLEST_MAP = 4
# A last axis left alone is pooled only from three maps' worth on, as nnU-Net does.
SMALLEST_LONE = 3 * SMALLEST_MAP
NEAR = 2.0
KERNEL = 3
PLAIN_BLOCKS = (2,)
RESIDUAL_BLOCKS = (1, 3, 4, 6)


@dataclass(frozen=True)
class Widths:
    """How much every stage holds, finest first.

    Args:
        features: channels of the finest stage, doubled at each step down; or those of every stage.
        max_features: where the doubling ends; None for nowhere.
        blocks: of the encoder, one number a stage; the last stands for all that follow.
        decoder_blocks: of the decoder, at every stage.
    """

    features: int | Sequence[int] = 32
    max_features: int | None = 320
    blocks: Sequence[int] = RESIDUAL_BLOCKS
    decoder_blocks: int = 1

    def build_stages(self, strides: Sequence[Shape], kernels: Sequence[Shape]) -> tuple[Stage, ...]:
        """The stages with these strides and kernels."""
        last = len(strides) - 1
        return tuple(
            Stage(
                stride,
                kernel,
                features=self._find_features(depth),
                blocks=self.blocks[min(depth, len(self.blocks) - 1)],
                decoder_blocks=0 if depth == last else self.decoder_blocks,
            )
            for depth, (stride, kernel) in enumerate(zip(strides, kernels, strict=True))
        )

    def limit_depth(self, depth: int) -> int:
        """Poolings at most: `depth`, or as many as there are features for."""
        return depth if isinstance(self.features, int) else len(self.features) - 1

    def _find_features(self, depth: int) -> int:
        if not isinstance(self.features, int):
            return self.features[depth]
        doubled: int = self.features * 2**depth
        return min(doubled, self.max_features or doubled)


def plan_network(
    shape: Sequence[float],
    *,
    voxel_size: VoxelSize | None = None,
    max_poolings: int = 6,
    widths: Widths | None = None,
) -> NetworkPlan:
    """The network that fits patches of `shape`: it pools each axis as often as size and spacing allow.

    Args:
        shape: voxels of a patch, or of the median case when that is smaller; sides that do not divide are rounded up.
        voxel_size: None stands for equal edges.
        max_poolings: steps down at most.
        widths: channels and blocks; those of nnU-Net's residual encoder when not said.
    """
    widths = widths or Widths()
    strides, kernels = _pool_axes(shape, tuple(voxel_size or (1.0, 1.0, 1.0)), widths.limit_depth(max_poolings))
    if len(strides) == 1:
        raise ShapeError(
            f"a patch of {tuple(shape)} is too small to pool; "
            f"two sides need {2 * SMALLEST_MAP} voxels or one side {SMALLEST_LONE}"
        )
    return NetworkPlan(_round_edges(shape), widths.build_stages(strides, kernels)).fit_patch()


def plan_poolings(patch_size: Shape, *, depth: int, widths: Widths) -> NetworkPlan:
    """The network of a fixed depth: axes longer than one voxel are halved `depth` times."""
    poolings = widths.limit_depth(depth)
    if poolings == 0:
        raise ConfigError("a U-Net needs two stages or more: give `features` a second number, or one for the finest")
    stride = to_shape([1 if edge == 1 else 2 for edge in patch_size])
    kernel = to_shape([1 if edge == 1 else KERNEL for edge in patch_size])
    strides = [to_shape([1, 1, 1])] + [stride] * poolings
    return NetworkPlan(patch_size, widths.build_stages(strides, [kernel] * len(strides))).fit_patch()


def _pool_axes(
    shape: Sequence[float], spacing: tuple[float, ...], max_poolings: int
) -> tuple[list[Shape], list[Shape]]:
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


def _choose_axes(sizes: Sequence[float], spacings: Sequence[float]) -> list[int]:
    """Axes that the next step down halves; none when the maps are small enough."""
    poolable = [axis for axis in range(3) if sizes[axis] >= 2 * SMALLEST_MAP]
    smallest = min((spacings[axis] for axis in poolable), default=1.0)
    near = [axis for axis in poolable if spacings[axis] / smallest < NEAR]
    return [] if len(near) == 1 and sizes[near[0]] < SMALLEST_LONE else near


def _round_edges(shape: Sequence[float]) -> Shape:
    return to_shape([math.ceil(edge) for edge in shape])
