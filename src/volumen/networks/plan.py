"""The geometry of a U-Net as plain numbers, and the table that shows it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from volumen.errors import ShapeError
from volumen.geometry import Shape, to_shape


@dataclass(frozen=True)
class Stage:
    """One resolution: the step down to it, the blocks that run there, and those of the decoder on the way back.

    Args:
        stride: voxels of the next finer map for one of this.
        kernel: of every convolution here.
        features: channels.
        blocks: of the encoder.
        decoder_blocks: of the decoder; the coarsest stage has none.
    """

    stride: Shape
    kernel: Shape
    features: int
    blocks: int
    decoder_blocks: int = 0


@dataclass(frozen=True)
class NetworkPlan:
    """The geometry of a U-Net, finest stage first; `str(plan)` is a table of it.

    Args:
        patch_size: what the network is trained on; a multiple of `divisor`.
        stages: one more than there are poolings.
        projects: whether one slice is made of all layers; sides along z need not divide then.
    """

    patch_size: Shape
    stages: tuple[Stage, ...]
    projects: bool = False

    @property
    def divisor(self) -> Shape:
        """What every side of an input must be a multiple of."""
        z, y, x = (math.prod(edges) for edges in zip(*(stage.stride for stage in self.stages), strict=True))
        return (1 if self.projects else z, y, x)

    def list_maps(self) -> list[Shape]:
        """Voxels of every stage's map, for a patch."""
        maps, extent = [], self.patch_size
        for stage in self.stages:
            extent = to_shape([math.ceil(edge / step) for edge, step in zip(extent, stage.stride, strict=True)])
            maps.append(extent)
        return maps

    def project(self, layers: int) -> "NetworkPlan":
        """The same for a network that makes one slice of its `layers`: no step along z once one is left of them."""
        stages, left = [], layers
        for stage in self.stages:
            stride = stage.stride if left > 1 else (1, *stage.stride[1:])
            left = math.ceil(left / stride[0])
            stages.append(replace(stage, stride=stride))
        return replace(self, patch_size=(layers, *self.patch_size[1:]), stages=tuple(stages), projects=True)

    def flatten(self) -> "NetworkPlan":
        """The same within slices: nothing along z."""
        stages = [replace(stage, stride=(1, *stage.stride[1:]), kernel=(1, *stage.kernel[1:])) for stage in self.stages]
        return replace(self, stages=tuple(stages))

    def fit_patch(self) -> "NetworkPlan":
        """The same stages for the smallest patch that holds this one and divides."""
        return replace(self, patch_size=round_up(self.patch_size, self.divisor))

    def __str__(self) -> str:
        return format_plan(self)


def round_up(shape: Sequence[float], divisor: Sequence[int]) -> Shape:
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
    """A table of a plan, a line a stage; blocks are those of encoder + decoder."""
    lines = [f"{'stage':<6}{'stride':<8}{'kernel':<8}{'features':<10}{'blocks':<8}map (z y x)"]
    for number, (stage, extent) in enumerate(zip(plan.stages, plan.list_maps(), strict=True)):
        stride, kernel = join_edges(stage.stride), join_edges(stage.kernel)
        blocks = f"{stage.blocks}+{stage.decoder_blocks}" if stage.decoder_blocks else str(stage.blocks)
        lines.append(f"{number:<6}{stride:<8}{kernel:<8}{stage.features:<10}{blocks:<8}{join_edges(extent)}")
    return "\n".join([*lines, f"patch {join_edges(plan.patch_size)}, divisor {join_edges(plan.divisor)}"])


def join_edges(numbers: Sequence[float]) -> str:
    """Numbers as a table shows them: 2×2×2."""
    return "×".join(f"{number:g}" for number in numbers)
