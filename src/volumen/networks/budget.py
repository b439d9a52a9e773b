"""How large a patch and batch fit a GPU, and the network for them: nnU-Net's rules for a whole data set.

Isensee et al. 2021 (plain U-Net) and 2024 (residual encoders M, L and XL). Memory is judged as they do, by the voxels
of all feature maps against those of a network that is known to fit; `forecast_memory` says what torch really takes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from volumen.errors import ConfigError, DataError
from volumen.geometry import Shape, VoxelSize, to_shape
from volumen.networks.plan import NetworkPlan, format_plan, join_edges
from volumen.networks.planner import PLAIN_BLOCKS, RESIDUAL_BLOCKS, Widths, plan_network

Size = Literal["plain", "M", "L", "XL"]

ANISOTROPIC = 3.0
LOW_PERCENTILE = 10
# Voxels of the first guess, far more than fits.
FIRST_CUBE = 256**3
FIRST_SQUARE = 2048**2
SMALLEST_BATCH = 2
ANY_DEPTH = 1000
FLAT_FEATURES = 512


@dataclass(frozen=True)
class Budget:
    """What a network may take.

    Args:
        block: of the encoder.
        gigabytes: memory of the GPU that the reference figures stand for.
        maps: voxels of all feature maps of a 3D network for `batch` patches that fit.
        flat_maps: the same of a 2D network for `flat_batch` patches.
        share: of the data set's voxels that a batch may cover.
    """

    block: Literal["plain", "residual"]
    gigabytes: float
    maps: float
    flat_maps: float
    share: float = 1.0
    batch: int = 2
    flat_batch: int = 12

    def scale(self, gigabytes: float) -> "Budget":
        """The same for a GPU of another size."""
        if gigabytes <= 0:
            raise ConfigError(f"a GPU has more than 0 GB; got {gigabytes}")
        factor = gigabytes / self.gigabytes
        return replace(self, gigabytes=gigabytes, maps=self.maps * factor, flat_maps=self.flat_maps * factor)


BUDGETS: dict[Size, Budget] = {
    "plain": Budget("plain", 8, 5.6e8, 8.5e7, share=0.05),
    "M": Budget("residual", 8, 6.8e8, 1.35e8),
    "L": Budget("residual", 24, 2.1e9, 3.8e8),
    "XL": Budget("residual", 40, 3.6e9, 5.6e8),
}


@dataclass(frozen=True)
class TrainingPlan:
    """What to train with; `str(plan)` is a table of it.

    Args:
        voxel_size: edges that cases should have; None when theirs are not known.
        median_shape: voxels of the case in the middle, at that voxel size.
        batch_size: patches at a time.
        block: of the encoder.
        network: its geometry; the patch is `network.patch_size`.
        maps: voxels of the feature maps of one patch.
    """

    voxel_size: VoxelSize | None
    median_shape: tuple[float, float, float]
    batch_size: int
    block: Literal["plain", "residual"]
    network: NetworkPlan
    maps: int

    def to_recipe(self) -> dict[str, Any]:
        """The settings of a recipe that say so."""
        return {
            "data": {"patch_size": list(self.network.patch_size), "batch_size": self.batch_size},
            "network": {
                "name": "planned_unet",
                "block": self.block,
                "depth": len(self.network.stages) - 1,
                "max_features": max(stage.features for stage in self.network.stages),
            },
        }

    def __str__(self) -> str:
        edges = "unknown" if self.voxel_size is None else f"{join_edges(tuple(self.voxel_size))} nm"
        return (
            f"{format_plan(self.network)}\nbatch {self.batch_size}, {self.block} encoder, voxels {edges}, "
            f"median case {join_edges(self.median_shape)}"
        )


def plan_training(
    shapes: Sequence[Shape],
    voxel_sizes: Sequence[VoxelSize] | None = None,
    *,
    size: Size = "M",
    gigabytes: float | None = None,
    outputs: int = 2,
    flat: bool | None = None,
) -> TrainingPlan:
    """Patch, batch and network for a data set and a GPU.

    Args:
        shapes: voxels of every case.
        voxel_sizes: of every case; None stands for equal edges.
        size: nnU-Net's plain network for 8 GB, or its residual encoders for 8, 24 and 40 GB.
        gigabytes: of another GPU than the size was made for.
        outputs: channels of all heads.
        flat: a 2D network for slices; when not said, for cases of one slice.
    """
    if not shapes:
        raise DataError("a plan needs the shape of at least one case")
    edges = [VoxelSize(1.0, 1.0, 1.0)] * len(shapes) if voxel_sizes is None else list(voxel_sizes)
    target = choose_voxel_size(shapes, edges)
    median = find_median_shape(shapes, edges, target)
    budget = BUDGETS[size] if gigabytes is None else BUDGETS[size].scale(gigabytes)
    flat = median[0] == 1 if flat is None else flat
    network, maps = _fit_patch(median, target, budget, outputs=outputs, flat=flat)
    voxels = math.prod(median) * len(shapes)
    batch = _choose_batch(budget, maps, flat=flat, most=round(voxels * budget.share / math.prod(network.patch_size)))
    return TrainingPlan(
        voxel_size=None if voxel_sizes is None else target,
        median_shape=median,
        batch_size=batch,
        block=budget.block,
        network=network,
        maps=maps,
    )


def choose_voxel_size(shapes: Sequence[Shape], voxel_sizes: Sequence[VoxelSize]) -> VoxelSize:
    """The edges that all cases should be brought to: the medians, but finer along a very coarse axis.

    An axis whose edge is over three times the others, in cases with under a third of the others' voxels, gets the 10th
    percentile of its edges, never below the others'.
    """
    edges = np.array([tuple(size) for size in voxel_sizes])
    target, extents = np.percentile(edges, 50, 0), np.percentile(np.array(shapes), 50, 0)
    coarse = int(np.argmax(target))
    others = [axis for axis in range(3) if axis != coarse]
    widest = float(target[others].max())
    if target[coarse] > ANISOTROPIC * widest and extents[coarse] * ANISOTROPIC < extents[others].min():
        low = float(np.percentile(edges[:, coarse], LOW_PERCENTILE))
        target[coarse] = low if low >= widest else widest + 1e-5
    return VoxelSize.parse(target.tolist())


def find_median_shape(
    shapes: Sequence[Shape], voxel_sizes: Sequence[VoxelSize], target: VoxelSize
) -> tuple[float, float, float]:
    """Voxels of the case in the middle, axis by axis, once all have the target's voxels."""
    resampled = [
        [round(edge / wanted * extent) for edge, wanted, extent in zip(size, target, shape, strict=True)]
        for size, shape in zip(voxel_sizes, shapes, strict=True)
    ]
    z, y, x = np.median(resampled, 0).tolist()
    return z, y, x


def count_maps(plan: NetworkPlan, *, block: Literal["plain", "residual"], outputs: int) -> int:
    """Voxels of all feature maps of one patch, counted as nnU-Net does (`compute_conv_feature_map_size`)."""
    total = outputs * math.prod(plan.patch_size)
    inside = plan.stages[0].features
    for number, (stage, extent) in enumerate(zip(plan.stages, plan.list_maps(), strict=True)):
        maps = stage.blocks
        if block == "residual":
            shrinks = inside != stage.features or stage.stride != (1, 1, 1)
            maps = 2 * stage.blocks + shrinks + (number == 0)
        if number < len(plan.stages) - 1:
            maps += stage.decoder_blocks + 1
        total += maps * stage.features * math.prod(extent)
        inside = stage.features
    return total


def _fit_patch(
    median: tuple[float, float, float], target: VoxelSize, budget: Budget, *, outputs: int, flat: bool
) -> tuple[NetworkPlan, int]:
    """The largest patch with the median's proportions whose network stays within the budget, and its feature maps.

    The side that is longest beside the median case gives way, a step of the network at a time.
    """
    widths = Widths(
        max_features=FLAT_FEATURES if flat else Widths.max_features,
        blocks=RESIDUAL_BLOCKS if budget.block == "residual" else PLAIN_BLOCKS,
        decoder_blocks=1 if budget.block == "residual" else 2,
    )
    plan = _plan(_guess_patch(median, target, flat=flat), target, widths)
    maps = count_maps(plan, block=budget.block, outputs=outputs)
    while maps > _find_limit(budget, flat=flat):
        plan = _shrink(plan, median, target, widths)
        maps = count_maps(plan, block=budget.block, outputs=outputs)
    return plan, maps


def _find_limit(budget: Budget, *, flat: bool) -> float:
    """Voxels of one patch's maps; plain 2D networks may take more, for two patches are all they must hold."""
    if not flat:
        return budget.maps
    return budget.flat_maps * (budget.flat_batch / SMALLEST_BATCH if budget.block == "plain" else 1)


def _guess_patch(median: tuple[float, float, float], target: VoxelSize, *, flat: bool) -> tuple[float, float, float]:
    """A patch of equal sides in nm, of far more voxels than fit, where the median case has as many."""
    density = [1 / edge for edge in target]
    sides: list[float] = [1.0]
    if flat:
        factor = (FIRST_SQUARE / math.prod(density[1:])) ** (1 / 2)
        sides += [round(edge * factor) for edge in density[1:]]
    else:
        factor = (FIRST_CUBE / math.prod(density)) ** (1 / 3)
        sides = [round(edge * factor) for edge in density]
    z, y, x = (min(side, extent) for side, extent in zip(sides, median, strict=True))
    return z, y, x


def _plan(shape: Sequence[float], target: VoxelSize, widths: Widths) -> NetworkPlan:
    return plan_network(shape, voxel_size=target, max_poolings=ANY_DEPTH, widths=widths)


def _shrink(plan: NetworkPlan, median: tuple[float, float, float], target: VoxelSize, widths: Widths) -> NetworkPlan:
    """The plan for a patch that is a step shorter on the axis that is longest beside the median case.

    The step is that of the shorter patch: half of 64 voxels may be a valid step where 64 would skip a size.
    """
    sides = list(plan.patch_size)
    axis = max((axis for axis in range(3) if sides[axis] > 1), key=lambda axis: (sides[axis] / median[axis], axis))
    shorter = sides.copy()
    shorter[axis] -= plan.divisor[axis]
    sides[axis] -= _plan(shorter, target, widths).divisor[axis]
    return _plan(to_shape(sides), target, widths)


def _choose_batch(budget: Budget, maps: int, *, flat: bool, most: int) -> int:
    """Patches that fill the budget, at most a share of the data set, at least two."""
    reference, batch = (budget.flat_maps, budget.flat_batch) if flat else (budget.maps, budget.batch)
    return max(min(round(reference / maps * batch), most), SMALLEST_BATCH)
